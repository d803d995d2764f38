// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Mistakes in what the network commands are told, and their exit codes.
struct NodeUsageTests {
    private let bench: Bench

    init() throws { bench = try Bench.online() }

    @Test(arguments: [
        ["--listen", "127.0.0.1:4001"], ["--listen", "/ip4/127.0.0.1/tcp/70000"],
        ["--bootstrap", "/ip4/127.0.0.1/tcp/4001"], ["--allow-net", "127.0.0.0/33"],
        ["--announce", "everything"], ["--security", "none"], ["--dht", "maybe"],
        ["--static-peer", "/ip4/127.0.0.1/tcp/4001"], ["--announce-address", "127.0.0.1"],
        ["--allow-peer", "nobody"], ["--deny-peer", "nobody"], ["--name-server", "a.example"],
    ])
    func `options that make no sense are named`(_ options: [String]) async throws {
        let outcome = try await bench.cairn.run(["node"] + options)
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains(options[0]))
        #expect(!outcome.errors.contains("Usage:"))
    }

    @Test(arguments: [
        ("listn: []", "unknown key listn"), ("listen: /ip4/127.0.0.1/tcp/1", "a list"),
        ("mdns: perhaps", "true or false"), ("announce-hours: 49", "1 to 48"),
        ("scope: moon", "both, wan, lan"), ("listen: [nonsense]", "no multiaddr"),
        ("low-water: 100\n  high-water: 50", "above"), ("swarm-key: here", "absolute path"),
        ("static-peer: [/ip4/127.0.0.1/tcp/1]", "names no peer"),
        ("deny-peer: [nobody]", "no peer ID"),
    ])
    func `a wrong line of the configuration is named`(
        _ line: String, _ reason: String
    ) async throws {
        try await bench.run("id")
        let path = bench.repository.appending(path: "config.yaml")
        try Data("format: 1\nnetwork:\n  \(line)\n".utf8).write(to: path)
        let outcome = try await bench.cairn.run(["node", "--bootstrap", "none"])
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains(reason), "\(outcome.errors)")
        #expect(
            outcome.errors.contains("config.yaml:3") || outcome.errors.contains("config.yaml:4"),
            "\(outcome.errors)")
    }

    @Test func `the configuration says what options do not`() async throws {
        try await bench.run("id")
        let path = bench.repository.appending(path: "config.yaml")
        try Data(
            """
            format: 1
            network:
              listen: [/ip4/127.0.0.1/tcp/0]
              bootstrap: none
              allow-net: [127.0.0.0/8]
              mdns: false
              scope: lan
              announce: none

            """.utf8
        ).write(to: path)
        let process = try RunningCommand(bench.cairn, ["node", "--json"])
        let line = try #require(await process.line(), "\(process.errors)")
        let ready = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let protocols = try #require(ready["protocols"] as? [String])
        #expect(protocols.contains("/ipfs/lan/kad/1.0.0"))
        #expect(!protocols.contains("/ipfs/kad/1.0.0"))
        process.signal(SIGINT)
        #expect(await process.end() == 0)
    }

    @Test func `a damaged or readable key is refused, and not replaced`() async throws {
        try await bench.run("id")
        let key = bench.repository.appending(path: "identity.key")
        let sound = try Data(contentsOf: key)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key.path)
        #expect(try await bench.run("id", exits: 1).errors.contains("chmod 600"))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key.path)
        for damaged in [sound.dropLast(), Data(), Data("no key".utf8)] {
            try damaged.write(to: key)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: key.path)
            #expect(try await bench.run("id", exits: 1).errors.contains("damaged"))
            #expect(try Data(contentsOf: key) == damaged)
        }
    }

    @Test func `a command about the running node says that none runs`() async throws {
        try await bench.run("id")
        let outcome = try await bench.run("swarm", "disconnect", "x", exits: 1)
        #expect(outcome.errors.contains("start one with `cairn node`"))
    }

    @Test(arguments: ["peers", "addrs"])
    func `without a node, a host of the command's own lists the peers that it finds`(
        _ command: String
    ) async throws {
        let node = try await RunningNode(bench)
        let reader = try Bench.online()
        let found = try await reader.run(
            "swarm", command, "--allow-net", "127.0.0.0/8", "--bootstrap", node.address)
        #expect(found.lines.first?.hasPrefix(node.id) == true, "\(found.text)")
        let nobody = try await reader.run(
            "swarm", command, "--allow-net", "127.0.0.0/8", "--bootstrap", "none")
        #expect(nobody.lines.isEmpty)
        #expect(await node.end() == 0)
    }

    @Test func `what is announced is told by the node, or without one by the catalog`()
        async throws
    {
        _ = try await bench.ingest("--hidden", try bench.write(.random(seed: 5)))
        let node = try await RunningNode(bench)
        var total = 0
        while total == 0 {
            // Exits with 1: nobody is there who would take a record.
            let outcome = try await bench.cairn.run(["provide", "status", "--json"])
            let status = try #require(try outcome.objects().first, "\(outcome.errors)")
            #expect(status["running"] as? Bool == true)
            total = status["total"] as? Int ?? 0
        }
        let all = try await bench.run("provide", "now", "--all")
        #expect(all.text.contains("`cairn provide status`"))
        #expect(await node.end() == 0)
        let status = try #require(
            try await bench.run("provide", "status", "--json").objects().first)
        #expect(status["running"] as? Bool == false)
        #expect(status["strategy"] as? String == "all")
        #expect((status["total"] as? Int ?? 0) >= total)
        #expect(try await bench.run("provide", "status").text.contains("no node is running"))
    }

    @Test func `whoever cannot be found is an error`() async throws {
        let node = try await RunningNode(bench)
        let stranger = "12D3KooWGZr8ED86LdMbqBBSQcUeEFbzDXnEcXKgvuLMJ5pMXvvM"
        try await bench.run("ping", stranger, exits: 1)
        try await bench.run("ping", "nobody", exits: 1)
        try await bench.run("dht", "findpeer", stranger, exits: 1)
        try await bench.run("swarm", "connect", "/ip4/127.0.0.1/tcp/1/p2p/\(stranger)", exits: 1)
        // Outside of the networks that are allowed.
        let denied = try await bench.run(
            "swarm", "connect", "/ip4/192.0.2.1/tcp/1/p2p/\(stranger)", exits: 1)
        #expect(denied.errors.contains(stranger))
        try await bench.run("provide", "now", exits: 2)
        #expect(await node.end() == 0)
    }
}
