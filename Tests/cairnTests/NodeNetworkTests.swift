// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Nodes with each other, on loopback: how they meet, announce and answer.
@Suite(.timeLimit(.minutes(5)))
struct NodeNetworkTests {
    private let bench: Bench
    private let other: Bench
    private let third: Bench

    init() throws {
        bench = try Bench.online()
        other = try Bench.online()
        third = try Bench.online()
    }

    /// Returns once the node of `bench` is connected to `peer`.
    private func untilConnected(_ bench: Bench, to peer: String) async throws {
        while try await !bench.run("swarm", "peers").text.contains(peer) { await Task.yield() }
    }

    @Test func `two nodes meet at a rendezvous point`() async throws {
        // Nobody answers for a DHT, in which they could hear of each other as well.
        let apart = ["--wan", "--dht", "client"]
        let point = try await RunningNode(third, apart + ["--rendezvous-server"])
        for bench in [bench, other] {
            try await bench.run("id")
            try Data("format: 1\nnetwork: {rendezvous: [\(point.address)]}\n".utf8)
                .write(to: bench.repository.appending(path: "config.yaml"))
        }
        let node = try await RunningNode(bench, apart)
        let second = try await RunningNode(other, apart)
        try await untilConnected(bench, to: second.id)
        try await untilConnected(other, to: node.id)
        for node in [node, second, point] { #expect(await node.end() == 0) }
    }

    @Test(arguments: [["dht", "provide"], ["provide", "now"]])
    func `who announces a block by a command is found by another node`(
        _ command: [String]
    ) async throws {
        let root = try await bench.ingest("--hidden", try bench.write(.random(seed: 31)))
        let second = try await RunningNode(other)
        // Of itself the node announces nothing.
        let node = try await RunningNode(
            bench, ["--bootstrap", second.address, "--announce", "none"])
        // It has found out that the other one answers for the DHT.
        while try await bench.cairn.run(["dht", "query", root]).lines.isEmpty {
            await Task.yield()
        }
        try await other.run("dht", "findprovs", root, exits: 1)
        let announced = try await bench.cairn.run(command + [root])
        #expect(announced.status == 0, "\(announced.errors)")
        #expect(announced.lines == ["announced \(root): 1 record at 1 peer"])
        let found = try await other.run("dht", "findprovs", root)
        #expect(found.lines.count == 1 && found.text.contains(node.id), "\(found.text)")
        for node in [node, second] { #expect(await node.end() == 0) }
    }

    @Test(arguments: [true, false])
    func `a peer that does not answer is pinged for so long, and no longer`(
        _ throughNode: Bool
    ) async throws {
        let silent = try await RunningNode(other)
        var node: RunningNode?
        if throughNode {
            node = try await RunningNode(bench, ["--bootstrap", silent.address])
            try await untilConnected(bench, to: silent.id)
        }
        // The system still takes connections for it.
        silent.process.signal(SIGSTOP)
        let ping = [
            "ping", silent.address, "--count", "1", "--allow-net", "127.0.0.0/8", "--bootstrap",
            "none",
        ]
        let unanswered = try await bench.cairn.run(ping + ["--timeout", "1"])
        #expect(unanswered.status == 1)
        // Limits of the host's own say something else.
        let reason = "\(silent.id): the peer has not answered in 1.0 seconds"
        #expect(unanswered.errors.contains(reason), "\(unanswered.errors)")
        silent.process.signal(SIGCONT)
        let answered = try await bench.cairn.run(ping)
        #expect(answered.status == 0, "\(answered.errors)")
        if let node { #expect(await node.end() == 0) }
        #expect(await silent.end() == 0)
    }
}
