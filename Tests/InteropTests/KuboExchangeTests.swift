// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Directories that one implementation has and the other one gets, found by provider records alone.
///
/// In a network this small everybody is soon connected to everybody, and finds blocks by asking
/// around. So the provider is stopped once a third node has its records, the reader connects to
/// that one only, and the provider comes back with the same key and port, knowing nobody.
@Suite(
    .serialized,
    .enabled("the peers cannot be installed here (see Scripts/peers)") {
        try await Peers.absence() == nil
    })
struct KuboExchangeTests {
    private let scratch: TemporaryDirectory
    private let tree: String
    private let seed = SeededGenerator.runSeed

    init() throws {
        scratch = try TemporaryDirectory()
        tree = scratch.path("tree")
        print("interop: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        try FileManager.default.createDirectory(
            atPath: tree + "/wide", withIntermediateDirectories: true)
        // A file of two levels, some small ones, and a directory for a HAMT. None is empty: Kubo
        // never gets the raw block of no bytes, not from its like either.
        let isFull = ProcessInfo.processInfo.environment["CAIRN_FULL"] != nil
        try Self.write((isFull ? 320 : 12) << 20, to: tree + "/large", &generator)
        try Self.write(262_145, to: tree + "/two chunks", &generator)
        for index in 0..<150 {
            try Self.write(1 + index % 50, to: tree + "/wide/entry \(index)", &generator)
        }
    }

    private static func write(
        _ count: Int, to path: String, _ generator: inout SeededGenerator
    ) throws {
        let words = (0..<(count + 7) / 8).map { _ in generator.next() }
        try words.withUnsafeBytes { Data($0.prefix(count)) }.write(to: URL(filePath: path))
    }

    @Test func `Kubo gets what Cairn ingested, found by Cairn's provider record`() async throws {
        let third = try await PeerNode.kubo(scratch.path("third"))
        let bench = try CairnBench(scratch.path("cairn"))
        var node = try await bench.node("--bootstrap", third.address)
        var roots: [String] = []
        for options in [
            ["--profile", "unixfs-v0-2015"], ["--profile", "unixfs-v1-2025"],
            ["--profile", "unixfs-v1-2025", "--hamt-threshold", "1000"],
        ] {
            roots += try await ingest(options, bench)
        }
        #expect(Set(roots).count == 3)
        // The node sees what another process commits, without being told.
        try await bench.untilAnnounced()
        let port = node.port
        #expect(await node.interrupt() == 0)

        let reader = try await PeerNode.kubo(scratch.path("reader"))
        try await reader.call("connect", ["addr": third.address])
        try bench.forgetPeers()
        node = try await bench.node(port: port)
        #expect(try await bench.run("swarm", "peers").isEmpty)
        // Kubo may have dialled while nobody listened. It would not again for 6 s, and then look for
        // other providers for a minute.
        try await Task.sleep(for: .seconds(7))
        #expect(try await !reader.peers().contains(node.id))
        for (index, root) in roots.enumerated() {
            let destination = scratch.path("back-\(index)")
            try await reader.call("get", ["cid": root, "dest": destination])
            try await expectSameTree(tree, destination)
        }
        #expect(try await reader.peers().contains(node.id))
        await reader.quit()
        await third.quit()
        #expect(await node.interrupt() == 0)
    }

    @Test func `Cairn gets what Kubo added, found by Kubo's provider record`() async throws {
        let third = try await PeerNode.kubo(scratch.path("third"))
        var kubo = try await PeerNode.kubo(scratch.path("kubo"))
        try await kubo.call("connect", ["addr": third.address])
        // An empty routing table makes Kubo's publishing fail silently.
        while try await kubo.call("findpeer", ["peer": third.id])["addrs"] as? [String] == [] {}
        let root = try #require(
            try await kubo.call("add", ["path": tree])["cid"] as? String)

        let bench = try CairnBench(scratch.path("cairn"))
        let node = try await bench.node("--bootstrap", third.address)
        try await untilProvided(root, by: kubo.id, bench)
        let port = kubo.port
        await kubo.quit()
        kubo = try await PeerNode.kubo(scratch.path("kubo"), "--port", port)
        #expect(try await kubo.peers().isEmpty)
        let destination = scratch.path("back")
        try await bench.run("get", root, "-o", destination)
        try await expectSameTree(tree, destination)
        #expect(try await bench.run("swarm", "peers").contains { $0.hasPrefix(kubo.id) })

        #expect(await node.interrupt() == 0)
        // What was fetched is in the cache now.
        try await bench.run("get", root, "--offline", "-o", scratch.path("again"))
        try await expectSameTree(tree, scratch.path("again"))
        let status = try #require(try await bench.json("status").first)
        let groups = try #require(status["groups"] as? [[String: Any]])
        #expect(Set(groups.compactMap { $0["tier"] as? String }) == ["cache"])

        // Without a running node the command has a host of its own.
        let other = try CairnBench(scratch.path("other"))
        try await other.run(
            "get", root, "-o", scratch.path("visit"), "--allow-net", "127.0.0.0/8", "--bootstrap",
            third.address)
        try await expectSameTree(tree, scratch.path("visit"))
        try await other.run("ls", root + "/wide", "--offline")
        await kubo.quit()
        await third.quit()
    }

    private func ingest(_ options: [String], _ bench: CairnBench) async throws -> [String] {
        var command = try Command.cairn(repository: URL(filePath: bench.repository))
        command.environment["CAIRN_OFFLINE"] = nil
        let outcome = try await command.run(["ingest", "--quiet"] + options + [tree])
        #expect(outcome.status == 0, "\(outcome.errors)")
        return outcome.lines
    }

    /// Waits until the third node names `peer` as a provider.
    private func untilProvided(_ cid: String, by peer: String, _ bench: CairnBench) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            let outcome = try await Command.cairn(repository: URL(filePath: bench.repository))
                .run(["dht", "findprovs", cid])
            if outcome.lines.contains(where: { $0.hasPrefix(peer) }) { return }
        }
        Issue.record("no record of \(cid) in 30 s")
    }
}
