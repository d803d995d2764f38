// SPDX-License-Identifier: Apache-2.0

import Foundation
import Ingest
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Roots of whole runs over files on disk (promise P1).
struct RootTests {
    /// Inputs over this are left to the tests of UnixFS, which build them in memory.
    private static let largestByteCount = 200_000

    static func cases(_ file: String) throws -> [DAGCase] {
        try DAGCase.load(file).filter { $0.input.byteCount <= largestByteCount }
    }

    @Test(arguments: try ["kubo.jsonl", "layouts.jsonl", "published.jsonl"].flatMap(cases))
    func `roots are those that other implementations give`(_ dagCase: DAGCase) async throws {
        var scene = try Scene()
        let options = dagCase.options
        scene.selection = try Selection(
            includesHidden: options.includesHidden, excluding: options.ignored)
        scene.change = {
            $0.wrap = options.wrapName != nil
            $0.followsSymbolicLinks = options.followsSymlinks
        }
        let name = options.wrapName ?? "source"
        try scene.write(dagCase.input, as: name)
        let root = try await scene.hash(name, profile: .v0_2015, overrides: options.overrides)
        #expect("\(root)" == dagCase.cid)
    }

    @Test(arguments: [
        (1, 1, 1, 64), (1, 8, 1, 64), (8, 1, 1, 64), (2, 2, 8, 256), (8, 8, 8, 64), (3, 5, 2, 1024),
    ])
    func `widths and memory do not change the root`(
        _ read: Int, _ hash: Int, _ compress: Int, _ mebibytes: Int
    ) async throws {
        var scene = try Scene()
        try scene.write(.random(seed: 12))
        let expected = try await scene.hash()
        scene.change = {
            $0.widths = StageWidths(read: read, hash: hash, compress: compress)
            $0.memory = MemoryPlan(byteCount: mebibytes << 20)
        }
        #expect(try await scene.hash() == expected)
        #expect(try await scene.ingest().roots.map(\.cid) == [expected])
    }

    @Test(arguments: 0..<12)
    func `random trees have the root that a plain importer gives`(_ offset: UInt64) async throws {
        let seed = SeededGenerator.runSeed + offset
        print("ingest: seed \(seed) (CAIRN_SEED=\(SeededGenerator.runSeed))")
        let tree = InputTree.random(seed: seed)
        let scene = try Scene()
        try scene.write(tree)
        var options = DAGCase.Options()
        var generator = SeededGenerator(seed: seed)
        options.chunker =
            ["size-262144", "size-1000", "buzhash", "rabin-256-1024-4096"][
                Int.random(in: 0..<4, using: &generator)]
        options.layout = ["balanced", "trickle"][Int.random(in: 0..<2, using: &generator)]
        options.rawLeaves = Bool.random(using: &generator)
        options.cidVersion = Int.random(in: 0...1, using: &generator)
        let expected = try TreeImporter(options) { _ in }.importRoot(tree)
        let result = try await scene.ingest(profile: .v0_2015, overrides: options.overrides)
        let root = try #require(result.roots.first)
        #expect(root.cid == expected.cid)
        #expect(root.tsize == expected.tsize)
        #expect(root.name == Array("source".utf8))
    }

    @Test(arguments: [
        "size-262144", "size-1000", "size-1048577", "buzhash", "rabin-65536-131072-262144",
        "fastcdc-65536-131072-262144", "rabin-100000-500000-1500000",
    ])
    func `files around the size of a slab are cut as in memory`(_ chunker: String) async throws {
        let edges = [1 << 20, 2 << 20, 1_048_576 / 1000 * 1000]
        let sizes = edges.flatMap { [$0 - 1, $0, $0 + 1] } + [0, 1, 0, 400_000]
        let tree = InputTree(
            .directory(
                sizes.enumerated().map { index, size in
                    ("\(index)", InputTree(.file(.noise(seed: UInt64(index), count: size))))
                }))
        let scene = try Scene()
        try scene.write(tree)
        for layout in ["balanced", "trickle"] {
            var options = DAGCase.Options()
            options.chunker = chunker
            options.layout = layout
            let expected = try TreeImporter(options) { _ in }.importRoot(tree)
            let root = try await scene.hash(profile: .v0_2015, overrides: options.overrides)
            #expect(root == expected.cid, "\(layout)")
        }
    }

    @Test func `chunks of one byte overflow a batch and are still in order`() async throws {
        let tree = InputTree(
            .directory([
                ("a", InputTree(.file(.chacha(seed: "tiny", count: 10_000)))),
                ("b", InputTree(.file(.chacha(seed: "tinier", count: 4096)))),
                ("c", InputTree(.file(.chacha(seed: "tiniest", count: 4097)))),
            ]))
        let scene = try Scene()
        try scene.write(tree)
        var options = DAGCase.Options()
        options.chunker = "size-1"
        let expected = try TreeImporter(options) { _ in }.importRoot(tree)
        let root = try await scene.ingest(profile: .v0_2015, overrides: options.overrides)
        #expect(root.roots.map(\.cid) == [expected.cid])
    }

    @Test func `more readers than batches may be in flight come to an end`() async throws {
        var scene = try Scene()
        try scene.write(.numbered(name: "n%d", text: "%d", first: 1, count: 2000))
        let expected = try await scene.hash()
        scene.change = { $0.widths = StageWidths(read: 200, hash: 2, compress: 2) }
        #expect(try await scene.hash() == expected)
    }

    @Test(.timeLimit(.minutes(15)))
    func `as many readers as slabs do not wait for each other`() async throws {
        var scene = try Scene()
        let tree = InputTree(
            .directory(
                (0..<24).map {
                    ("\($0)", InputTree(.file(.noise(seed: UInt64($0), count: 2_500_000))))
                }))
        try scene.write(tree)
        scene.change = {
            $0.widths = StageWidths(read: 16, hash: 2, compress: 2)
            $0.memory = MemoryPlan(byteCount: MemoryPlan.minimum)
        }
        var overrides = DAGOverrides()
        overrides.chunker = .buzhash
        let root = try await scene.hash(overrides: overrides)
        scene.change = { $0.widths = StageWidths(read: 1, hash: 1, compress: 1) }
        #expect(try await scene.hash(overrides: overrides) == root)
    }
}

extension StageWidths {
    init(read: Int, hash: Int, compress: Int) {
        self.init()
        self.read = read
        self.hash = hash
        self.compress = compress
    }
}
