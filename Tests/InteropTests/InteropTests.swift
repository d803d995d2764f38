// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Cairn's command line beside Kubo's node and libipld's decoder, on random trees.
///
/// The seed is printed with each tree; `CAIRN_SEED` repeats a run.
@Suite(
    .serialized,
    .enabled("the peers cannot be installed here (see Scripts/peers)") {
        try await Peers.absence() == nil
    })
struct InteropTests {
    private static let treeCount: UInt64 = 6
    private static let seed = SeededGenerator.runSeed

    private let scratch: TemporaryDirectory
    private let cairn: Command

    init() throws {
        scratch = try TemporaryDirectory()
        cairn = try Command.cairn(repository: scratch.url.appending(path: "repository"))
    }

    @Test func `roots of random trees are those of Kubo`() async throws {
        let seeds = Self.seed..<Self.seed + Self.treeCount
        print("interop: seeds \(seeds)")
        let trees = try seeds.map { seed in
            try RandomTree(seed: seed, at: scratch.url.appending(path: "tree-\(seed)"))
        }
        let paths = trees.map(\.root.path)
        let theirs = try await Peers.run(["only-hash"] + paths)
        try #require(theirs.count == paths.count)
        for (path, root) in zip(paths, theirs) {
            let ours = try await ingest(["--only-hash", "--profile", "unixfs-v0-2015", path])
            #expect(ours == root, "\(path)")
        }
    }

    @Test(arguments: ["unixfs-v0-2015", "unixfs-v1-2025"])
    func `Kubo writes the tree that was ingested from the packs alone`(
        _ profile: String
    ) async throws {
        // Kubo knows symbolic links; this build of it writes them as files.
        let tree = try randomTree(includesLinks: false)
        let root = try await ingest(["--profile", profile, tree.path])
        let back = scratch.url.appending(path: "back")
        _ = try await Peers.run(["restore", root, back.path] + packs())
        try await expectEqual(tree, back)
    }

    @Test func `every block of a pack hashes to its CID by other decoders`() async throws {
        let tree = try randomTree()
        let root = try await ingest([tree.path])
        let packs = try packs()
        #expect(!packs.isEmpty)
        let inPacks = try await blockCount(["check"] + packs)

        let archive = try await cairn.run(["export", root])
        #expect(archive.status == 0, "\(archive.errors)")
        let inArchive = try await blockCount(["check", "-"], input: archive.output)
        #expect(inArchive > 0)
        // The packs also hold the snapshot's own record.
        #expect(inPacks > inArchive)
    }

    private func randomTree(includesLinks: Bool = true) throws -> URL {
        // A multiple of 12, so that the tree has all that the generator knows.
        let seed = Self.seed / 12 * 12
        print("interop: seed \(seed)")
        let root = scratch.url.appending(path: "tree")
        return try RandomTree(seed: seed, at: root, includesLinks: includesLinks).root
    }

    /// Runs `cairn ingest`, hidden entries included, and returns the root.
    private func ingest(_ arguments: [String]) async throws -> String {
        let outcome = try await cairn.run(["ingest", "--quiet", "--hidden"] + arguments)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return try #require(outcome.lines.last)
    }

    /// The paths of all packs of the repository.
    private func packs() throws -> [String] {
        let folder = scratch.url.appending(path: "repository/packs")
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return names.filter { $0.hasSuffix(".car.zst") }.map { folder.appending(path: $0).path }
    }

    private func blockCount(_ arguments: [String], input: Data = Data()) async throws -> Int {
        struct Report: Decodable { let blocks: Int }
        let line = try #require(try await Peers.run(arguments, input: input).last)
        return try JSONDecoder().decode(Report.self, from: Data(line.utf8)).blocks
    }

    private func expectEqual(_ one: URL, _ other: URL) async throws {
        let outcome = try await Command.named("diff")
            .run(["-r", "--no-dereference", one.path, other.path])
        let differences = outcome.lines.prefix(10).joined(separator: "\n")
        #expect(outcome.status == 0, "\(differences)")
    }
}
