// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Cairn's node and py-libp2p's, on both DHTs.
@Suite(
    .serialized,
    .enabled("py-libp2p cannot be installed here (see Scripts/peers)") {
        try await Peers.absence(of: "py-libp2p") == nil
    })
struct PyLibp2pTests {
    private let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    @Test(arguments: ["lan", "wan"])
    func `both connect, announce to each other, and exchange blocks`(
        _ network: String
    ) async throws {
        let bench = try CairnBench(scratch.path("cairn"))
        let node = try await bench.node("--\(network)")
        let python = try await PeerNode.pyLibp2p("--kad", network)

        try await python.call("connect", ["addr": node.address])
        let identity = try await python.call("identify", ["peer": node.id])
        #expect(identity["agent"] as? String == "cairn/0.1.0")
        #expect((identity["record"] as? Int ?? 0) > 0)
        let times = try await python.call("ping", ["peer": node.id])["seconds"] as? [Double]
        #expect(times?.count == 3)
        try await python.call("disconnect", ["peer": node.id])
        while try await !bench.run("swarm", "peers").isEmpty {}
        try await bench.run("swarm", "connect", python.address)
        #expect(try await bench.json("ping", python.id, "--count", "1").count == 1)
        // Its own table takes a peer only when it is told to.
        try await python.call("connect", ["addr": node.address])

        try await exchange(bench, node, python)
        await python.quit()
        #expect(await node.interrupt() == 0)
    }

    private func exchange(
        _ bench: CairnBench, _ node: PeerNode, _ python: PeerNode
    ) async throws {
        let source = scratch.path("source")
        var generator = SeededGenerator(seed: SeededGenerator.runSeed)
        let words = (0..<(3 << 17)).map { _ in generator.next() }
        try words.withUnsafeBytes { Data($0) }.write(to: URL(filePath: source))
        let root = try #require(try await bench.run("ingest", "--quiet", source).last)
        try await bench.untilAnnounced()
        let providers = try #require(
            try await python.call("findprovs", ["cid": root])["providers"] as? [[String: Any]])
        #expect(providers.map { $0["id"] as? String } == [node.id])
        try await python.call("get", ["cid": root, "dest": scratch.path("back")])
        try await expectSameTree(source, scratch.path("back"))

        let block = Data("a block of py-libp2p".utf8)
        let cid = try #require(
            try await python.call("put", ["base64": block.base64EncodedString()])["cid"]
                as? String)
        try await python.call("provide", ["cid": cid])
        #expect(
            try await bench.json("dht", "findprovs", cid).map { $0["id"] as? String }
                == [python.id])
        #expect(try await bench.output("block", "get", cid) == block)
        let found = try await bench.json("dht", "query", cid)
        #expect(found.map { $0["peer"] as? String } == [python.id])
    }

    @Test func `blocks that come back on the stream of the want are read`() async throws {
        let bench = try CairnBench(scratch.path("cairn"))
        let node = try await bench.node()
        let python = try await PeerNode.pyLibp2p("--replies", "inline")
        try await bench.run("swarm", "connect", python.address)
        let block = Data("on the same stream".utf8)
        let cid = try #require(
            try await python.call("put", ["base64": block.base64EncodedString()])["cid"]
                as? String)
        #expect(try await bench.output("block", "get", cid) == block)
        await python.quit()
        #expect(await node.interrupt() == 0)
    }
}
