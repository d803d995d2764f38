// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A block that is bad here and sound at a peer: two nodes on loopback.
struct PeerHealingTests {
    /// Two repositories with the same content; the second one's source is gone.
    private struct Pair {
        let owner: Bench
        let reader: Bench
        let source: String
        let root: String
        /// The reader's packs, the largest first: leaves, then nodes.
        let packs: [String]

        init() async throws {
            owner = try Bench.online()
            reader = try Bench.online()
            let tree = InputTree(
                .directory([
                    ("a", InputTree(.file(.noise(seed: 3, count: 400_000)))), ("b", .text("b")),
                ]))
            source = try owner.write(tree)
            root = try await owner.ingest("--chunker", "size-65536", source)
            let copy = try reader.write(tree)
            #expect(try await reader.ingest("--chunker", "size-65536", copy) == root)
            try FileManager.default.removeItem(atPath: copy)
            packs = try reader.packs().sorted { try Self.bytes($0).count > Self.bytes($1).count }
            try #require(packs.count == 2)
        }

        private static func bytes(_ path: String) throws -> Data {
            try Data(contentsOf: URL(filePath: path))
        }

        /// Flips a bit near the beginning of a pack of the reader's.
        func damage(_ pack: String, at offset: Int) throws {
            var bytes = try Self.bytes(pack)
            bytes[offset] ^= 0x10
            try bytes.write(to: URL(filePath: pack))
        }

        /// Expects all of it here, without anybody's help, and nothing wrong.
        func expectHealed(_ name: String) async throws {
            try await reader.run("get", "--quiet", root, "--offline", "-o", reader.path(name))
            try await reader.expectEqual(source, reader.path(name))
        }
    }

    /// Runs `body` with options by which a command finds the owner: none if a node of the reader's
    /// runs, which is connected.
    private func withNodes(
        _ pair: Pair, throughNode: Bool, _ body: ([String]) async throws -> Void
    ) async throws {
        let owner = try await RunningNode(pair.owner)
        let host = ["--bootstrap", owner.address, "--allow-net", "127.0.0.0/8"]
        // On a machine that does much else, too.
        let patient = ["--timeout", "300"]
        if throughNode {
            let node = try await RunningNode(pair.reader, ["--bootstrap", owner.address])
            while try await pair.reader.run("swarm", "peers").lines.isEmpty { await Task.yield() }
            try await body(patient)
            #expect(await node.end() == 0)
        } else {
            try await body(host + patient)
        }
        #expect(await owner.end() == 0)
    }

    @Test(arguments: [true, false])
    func `a read gets a bad block from a peer, and stores it again`(
        _ throughNode: Bool
    ) async throws {
        let pair = try await Pair()
        try pair.damage(pair.packs[0], at: 5000)
        let alone = try await pair.reader.run(
            "get", "--quiet", pair.root, "--offline", "-o", pair.reader.path("none"), exits: 1)
        #expect(alone.errors.contains("cairn repair"), "\(alone.errors)")
        try await withNodes(pair, throughNode: throughNode) { host in
            let get = try await pair.reader.cairn.run(
                ["get", "--quiet", pair.root, "-o", pair.reader.path("back")] + host)
            #expect(get.status == 0, "\(get.errors)")
            try await pair.reader.expectEqual(pair.source, pair.reader.path("back"))
        }
        try await pair.expectHealed("again")
        // The bad copy is written anew, and nothing is missed.
        try await pair.reader.run("repair", "--yes", "--offline")
        try await pair.reader.run("verify", "--quiet")
        try await pair.expectHealed("repaired")
    }

    @Test(arguments: [true, false])
    func `repair gets leaves and nodes from a peer`(_ throughNode: Bool) async throws {
        let pair = try await Pair()
        try pair.damage(pair.packs[0], at: 5000)
        try pair.damage(pair.packs[1], at: 100)
        try await withNodes(pair, throughNode: throughNode) { host in
            let repair = try await pair.reader.cairn.run(["repair", "--yes", "--json"] + host)
            #expect(repair.status == 0, "\(repair.errors)")
            let summary = try #require(try repair.objects().last)
            #expect(summary["sound"] as? Bool == true)
            #expect((summary["healedFromPeers"] as? Int ?? 0) > 0)
            #expect(summary["lostBlocks"] as? Int == 0)
        }
        try await pair.reader.run("verify", "--quiet")
        try await pair.expectHealed("back")
    }

    @Test func `what only the cache holds is stored again by an ingest, and outlives the cache`()
        async throws
    {
        let owner = try Bench.online()
        let source = try owner.write(.random(seed: 21))
        let root = try await owner.ingest("--hidden", source)
        let node = try await RunningNode(owner)
        let reader = try Bench.online()
        try await reader.run("id")
        try await reader.run(
            "get", "--quiet", root, "-o", reader.path("back"), "--allow-net", "127.0.0.0/8",
            "--bootstrap", node.address)
        #expect(await node.end() == 0)
        #expect(try await packs(of: reader, in: "cache") > 0)
        // The same content under another name; again, so that the stat cache is asked as well.
        for _ in 0..<2 {
            #expect(try await reader.ingest("--hidden", reader.path("back")) == root)
        }
        let config = reader.repository.appending(path: "config.yaml")
        let text = try String(contentsOf: config, encoding: .utf8)
        try (text + "network: {cache-mib: 0}\n").write(
            to: config, atomically: true, encoding: .utf8)
        try await reader.run("gc", "--quiet")
        #expect(try await packs(of: reader, in: "cache") == 0)
        try FileManager.default.removeItem(atPath: reader.path("back"))
        try await reader.run("verify", "--quiet")
        try await reader.run("get", "--quiet", root, "--offline", "-o", reader.path("again"))
        try await reader.expectEqual(source, reader.path("again"))
    }

    private func packs(of bench: Bench, in tier: String) async throws -> Int {
        let tiers = try await bench.run("tier", "status", "--json").objects()
        return tiers.first { $0["tier"] as? String == tier }?["packs"] as? Int ?? 0
    }
}
