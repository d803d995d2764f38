// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `cairn node` as it is run: alone on its repository, beside other commands, and to its end.
struct NodeCommandTests {
    private let bench: Bench

    init() throws { bench = try Bench.online() }

    @Test func `the first line tells who and where it is, and the socket is its owner's alone`()
        async throws
    {
        let node = try await RunningNode(bench)
        #expect(node.ready["event"] as? String == "ready")
        #expect(node.address.hasPrefix("/ip4/127.0.0.1/tcp/"))
        #expect(!node.address.hasPrefix("/ip4/127.0.0.1/tcp/0/"))
        #expect(node.address.hasSuffix("/p2p/\(node.id)"))
        #expect(try bench.permissions("identity.key") == 0o600)
        #expect(try bench.permissions("node.sock") == 0o600)
        let answer = try #require(try await bench.run("id", "--json").objects().first)
        #expect(answer["id"] as? String == node.id)
        #expect(answer["running"] as? Bool == true)
        #expect(await node.end() == 0)
        #expect(!bench.has("node.sock"))
        let later = try #require(try await bench.run("id", "--json").objects().first)
        #expect(later["id"] as? String == node.id)
        #expect(later["running"] as? Bool == false)
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `signals end it in good order`(_ signal: Int32) async throws {
        let node = try await RunningNode(bench)
        #expect(await node.end(by: signal) == 0)
        #expect(!bench.has("node.sock"))
    }

    @Test func `a second node on the repository is refused, and says which one runs`()
        async throws
    {
        let node = try await RunningNode(bench)
        let refused = try await bench.run(
            "node", "--listen", "/ip4/127.0.0.1/tcp/0", "--bootstrap", "none", exits: 1)
        let process = try #require(node.ready["processID"] as? Int)
        #expect(refused.errors.contains("already (process \(process))"))
        #expect(try await bench.run("id").lines.first == node.id)
        #expect(await node.end() == 0)
    }

    @Test func `a node that was killed leaves nothing that keeps the next one from starting`()
        async throws
    {
        let first = try await RunningNode(bench)
        #expect(await first.end(by: SIGKILL) == 128 + SIGKILL)
        #expect(bench.has("node.sock"))
        // Nobody answers there: commands go on as if there were none.
        let answer = try #require(try await bench.run("id", "--json").objects().first)
        #expect(answer["running"] as? Bool == false)
        let second = try await RunningNode(bench)
        #expect(second.id == first.id)
        #expect(await second.end() == 0)
    }

    @Test func `a repository with a long path has a socket all the same`() async throws {
        var bench = bench
        let path = bench.path(String(repeating: "long", count: 40))
        bench.cairn.environment["CAIRN_REPO"] = path
        let node = try await RunningNode(bench)
        #expect(try await bench.run("id").lines.first == node.id)
        #expect(await node.end() == 0)
    }

    @Test func `store commands work beside it, and it serves what they commit`() async throws {
        let node = try await RunningNode(bench)
        let reader = try Bench.online()
        let other = try await RunningNode(reader, ["--bootstrap", node.address])
        let source = try bench.write(.random(seed: 11))
        let root = try await bench.ingest("--hidden", source)
        try await bench.run("verify")
        try await bench.run("snapshots")
        try await reader.run("get", root, "-o", reader.path("back"))
        try await bench.expectEqual(source, reader.path("back"))
        // Kept: the node is gone, and the same comes from the cache.
        #expect(await node.end() == 0)
        #expect(await other.end() == 0)
        try await reader.run("get", root, "--offline", "-o", reader.path("again"))
        try await bench.expectEqual(source, reader.path("again"))
        try await reader.run("verify")
        try await reader.run("reindex")
        try await reader.run("get", root, "--offline", "-o", reader.path("rebuilt"))
    }

    @Test func `a command fetches by a host of its own where no node runs`() async throws {
        let node = try await RunningNode(bench)
        let source = try bench.write(.random(seed: 12))
        let root = try await bench.ingest("--hidden", source)
        let reader = try Bench.online()
        // Who may ask peers needs no repository beforehand.
        let offline = try await reader.run("ls", root, "--offline", exits: 1)
        #expect(offline.errors.contains("there is no repository at"))
        try await reader.run(
            "get", root, "-o", reader.path("back"), "--allow-net", "127.0.0.0/8", "--bootstrap",
            node.address)
        try await bench.expectEqual(source, reader.path("back"))
        try await reader.run("get", root, "--offline", "-o", reader.path("again"))
        #expect(await node.end() == 0)
    }

    // Without the program nothing tells the limit of a process that runs.
    @Test(.enabled("no prlimit here") { (try? Command.named("prlimit")) != nil })
    func `a node may have more descriptors than it was started with`() async throws {
        var limited = try Command.named("prlimit")
        limited.environment = bench.cairn.environment
        let node = try await RunningNode(
            limited, ["--nofile=256:3000", bench.cairn.executable.path])
        let process = try #require(node.ready["processID"] as? Int)
        let outcome = try await Command.named("prlimit")
            .run(["--pid", "\(process)", "--nofile", "--output", "SOFT", "--noheadings"])
        // All that it may have at all.
        #expect(outcome.lines.map { $0.trimmingCharacters(in: .whitespaces) } == ["3000"])
        #expect(await node.end() == 0)
    }

    @Test func `what nobody has is missed after a while, and at once when offline`() async throws {
        let reader = try Bench.online()
        let node = try await RunningNode(reader)
        let missing = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
        let offline = try await reader.run("cat", missing, "--offline", exits: 1)
        #expect(offline.errors.contains("not in the store"))
        let online = try await reader.run("cat", missing, "--timeout", "1", exits: 1)
        #expect(online.errors.contains(missing))
        #expect(await node.end() == 0)
    }
}
