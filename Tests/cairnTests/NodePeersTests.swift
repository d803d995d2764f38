// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// With whom a node has to do, as its options say.
@Suite(.timeLimit(.minutes(5)))
struct NodePeersTests {
    private let bench: Bench
    private let other: Bench

    init() throws {
        bench = try Bench.online()
        other = try Bench.online()
    }

    @Test func `static peers are connected, and peers are told announced addresses`()
        async throws
    {
        let announced = "/ip4/127.0.0.1/tcp/9"
        let node = try await RunningNode(bench)
        let named = try await RunningNode(
            other, ["--static-peer", node.address, "--announce-address", announced])
        #expect(named.address == "\(announced)/p2p/\(named.id)")
        let own = try await other.run("id").lines
        #expect(own == [named.id, named.address])
        // The other one is connected, and then says where it is.
        var lines: [String] = []
        while lines != ["\(named.id) \(announced)"] {
            lines = try await bench.run("swarm", "peers").lines
        }
        #expect(await named.end() == 0)
        #expect(await node.end() == 0)
    }

    @Test func `who is denied, or not allowed, is not connected to`() async throws {
        let node = try await RunningNode(bench)
        let stranger = "12D3KooWGZr8ED86LdMbqBBSQcUeEFbzDXnEcXKgvuLMJ5pMXvvM"
        for filter in [["--deny-peer", node.id], ["--allow-peer", stranger]] {
            let refused = try await other.cairn.run(connect(to: node) + filter)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("filter"), "\(refused.errors)")
        }
        let allowed = try await other.cairn.run(connect(to: node) + ["--allow-peer", node.id])
        #expect(allowed.status == 0, "\(allowed.errors)")
        #expect(await node.end() == 0)
    }

    @Test func `whoever has the key of a private network can talk to its nodes`() async throws {
        let key = bench.path("swarm.key")
        let digits = String(repeating: "0123456789abcdef", count: 4)
        try Data("/key/swarm/psk/1.0.0/\n/base16/\n\(digits)\n".utf8)
            .write(to: URL(filePath: key))
        let node = try await RunningNode(bench, ["--swarm-key", key])
        let inside = try await other.cairn.run(connect(to: node) + ["--swarm-key", key])
        #expect(inside.status == 0, "\(inside.errors)")
        #expect(try await other.cairn.run(connect(to: node)).status == 1)
        let config = other.repository.appending(path: "config.yaml")
        try Data("format: 1\nnetwork:\n  swarm-key: \(key)\n".utf8).write(to: config)
        let configured = try await other.cairn.run(connect(to: node))
        #expect(configured.status == 0, "\(configured.errors)")
        #expect(await node.end() == 0)
    }

    @Test func `a file that holds no key of a private network is named`() async throws {
        let key = bench.path("swarm.key")
        try Data("secret\n".utf8).write(to: URL(filePath: key))
        let wrong = try await bench.run("node", "--swarm-key", key, exits: 2)
        #expect(wrong.errors.contains(key), "\(wrong.errors)")
        let missing = try await bench.run("node", "--swarm-key", bench.path("none"), exits: 1)
        #expect(missing.errors.contains(bench.path("none")), "\(missing.errors)")
    }

    /// Connects by a host of the command's own.
    private func connect(to node: RunningNode) -> [String] {
        [
            "swarm", "connect", node.address, "--allow-net", "127.0.0.0/8", "--bootstrap", "none",
        ]
    }
}
