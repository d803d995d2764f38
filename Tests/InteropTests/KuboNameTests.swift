// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A name of Kubo's, kept by Cairn's DHT server and read by py-libp2p.
///
/// Kubo's library can neither publish nor resolve, but publishes again what it did before: a minute
/// after its start, and not sooner.
@Suite(
    .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["CAIRN_FULL"] != nil),
    .enabled("the peers cannot be installed here (see Scripts/peers)") {
        try await Peers.absence(of: "py-libp2p") == nil
    })
struct KuboNameTests {
    private let scratch: TemporaryDirectory

    init() throws { scratch = try TemporaryDirectory() }

    @Test func `Cairn serves what Kubo's name points at after Kubo is gone`() async throws {
        let bench = try CairnBench(scratch.path("cairn"))
        let node = try await bench.node()
        let path = "/ipfs/bafkqaddwgevxmmraojswg33smq"
        let kubo = try await PeerNode.kubo(scratch.path("kubo"), "--publish", path)
        try await kubo.call("connect", ["addr": node.address])
        let python = try await PeerNode.pyLibp2p()
        try await python.call("connect", ["addr": node.address])

        let end = ContinuousClock.now + .seconds(120)
        while try await resolve(kubo.id, python, at: node) == nil {
            try #require(ContinuousClock.now < end, "Kubo publishes nothing")
            // Nothing tells when Kubo has published.
            try await Task.sleep(for: .seconds(1))
        }
        await kubo.quit()
        while try await bench.run("swarm", "peers").contains(where: { $0.hasPrefix(kubo.id) }) {}
        #expect(try await resolve(kubo.id, python, at: node) == path)
        await python.quit()
        #expect(await node.interrupt() == 0)
    }

    /// What the server says that a name points at, if the record is sound in py-libp2p's eyes.
    private func resolve(
        _ name: String, _ python: PeerNode, at server: PeerNode
    ) async throws -> String? {
        try await python.call("resolve", ["name": name, "peer": server.id])["value"] as? String
    }
}
