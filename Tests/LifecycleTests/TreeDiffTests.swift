// SPDX-License-Identifier: Apache-2.0

import IPLD
import Lifecycle
import Multiformats
import TestSupport
import Testing
import UnixFS

/// What `cairn diff` tells, on trees in memory.
struct TreeDiffTests {
    private let scene = TreeScene()

    private func diff(
        _ old: TreeRoot?, _ new: TreeRoot?
    ) async throws -> (
        entries: [String: TreeDiff<CountedBlocks>.Entry], totals: TreeDiff<CountedBlocks>.Totals
    ) {
        var entries: [String: TreeDiff<CountedBlocks>.Entry] = [:]
        let totals = try await TreeDiff(scene.blocks).run(from: old, to: new) { entry in
            let path = entry.path.map { String(decoding: $0, as: UTF8.self) }
                .joined(separator: "/")
            #expect(entries.updateValue(entry, forKey: path) == nil, "\(path) comes twice")
        }
        return (entries, totals)
    }

    private func changes(_ old: TreeRoot?, _ new: TreeRoot?) async throws -> [String: String] {
        try await diff(old, new).entries.mapValues(\.change.rawValue)
    }

    static let layouts: [TreeScene.Directories] = [
        .basic, .sharded(fanout: 8), .sharded(fanout: 16), .sharded(fanout: 256),
    ]

    /// Against a comparison of all paths, for each pair of layouts.
    @Test(arguments: layouts, layouts)
    func `every change is told once, however directories are laid out`(
        _ old: TreeScene.Directories, _ new: TreeScene.Directories
    ) async throws {
        for seed in 0..<12 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let before = InputTree.small(size: seed * 4, using: &generator)
            let after = before.changed(using: &generator)
            let (one, other) = (before.paths(), after.paths())
            var expected: [String: String] = [:]
            for path in Set(one.keys).union(other.keys) where one[path] != other[path] {
                switch (one[path], other[path]) {
                case (nil, _): expected[path] = "added"
                case (_, nil): expected[path] = "removed"
                case (let was?, let now?):
                    let isSameKind = was.prefix(4) == now.prefix(4)
                    expected[path] = isSameKind ? "modified" : "type"
                }
            }
            let found = try await diff(
                .entry(scene.store(before, old)), .entry(scene.store(after, new)))
            #expect(found.entries.mapValues(\.change.rawValue) == expected, "seed \(seed)")
            let count =
                found.totals.files.values.reduce(0, +)
                + found.totals.directories.values.reduce(0, +)
            #expect(count == expected.count)
            let bytes = found.entries.values.reduce(UInt64(0)) { $0 + ($1.new?.byteCount ?? 0) }
            #expect(found.totals.newByteCount == bytes)
        }
    }

    @Test(arguments: layouts)
    func `a tree that is compared with itself in the same layout is not read`(
        _ layout: TreeScene.Directories
    ) async throws {
        let root = try await scene.store(.random(seed: 1), layout)
        let found = try await diff(.entry(root), .entry(root))
        #expect(found.totals.isEmpty)
        #expect(scene.blocks.takeCounts().isEmpty)
    }

    @Test func `of a huge directory only the shards on the way to the change are read`()
        async throws
    {
        var entries: [String: InputTree] = [:]
        for number in 0..<5_000 { entries["file \(number)"] = .text("\(number)") }
        let old = try await scene.store(.folder(entries), .sharded(fanout: 16))
        entries["file 77"] = .text("other")
        let new = try await scene.store(.folder(entries), .sharded(fanout: 16))
        _ = scene.blocks.takeCounts()
        #expect(try await changes(.entry(old), .entry(new)) == ["file 77": "modified"])
        // 5,000 names are four levels of sixteen buckets deep; two versions, the root twice.
        let counts = scene.blocks.takeCounts()
        #expect(counts.values.reduce(0, +) <= 12, "\(counts.count) blocks")
    }

    @Test func `a directory that grows out of one block is compared with its shards`() async throws
    {
        var entries: [String: InputTree] = [:]
        for number in 0..<300 { entries["\(number)"] = .text("\(number)") }
        let old = try await scene.store(.folder(entries), .basic)
        entries["new"] = .text("new")
        entries["17"] = nil
        let new = try await scene.store(.folder(entries), .sharded(fanout: 256))
        #expect(
            try await changes(.entry(old), .entry(new)) == ["new": "added", "17": "removed"])
    }

    @Test func `other metadata alone are told as such, for files of one leaf and of many`()
        async throws
    {
        func tree(_ mode: UInt32, _ text: String) -> InputTree {
            InputTree(
                .directory([
                    ("large", InputTree(.file(.noise(seed: 1, count: 1000)), mode: mode)),
                    ("link", InputTree(.symlink(target: "x"), mtime: (Int64(mode), 0))),
                    ("other", InputTree(.file(.bytes(Array(text.utf8))), mode: mode)),
                    ("small", InputTree(.file(.bytes([1])), mode: mode)),
                ]), mode: mode)
        }
        func changes(rawLeaves: Bool) async throws -> [String: String] {
            let old = try await scene.store(
                tree(0o644, "a"), keepsMetadata: true, rawLeaves: rawLeaves)
            let new = try await scene.store(
                tree(0o600, "b"), keepsMetadata: true, rawLeaves: rawLeaves)
            return try await self.changes(.entry(old), .entry(new))
        }
        // A file that is one raw leaf has no room for metadata.
        var expected = [
            "": "metadata", "large": "metadata", "link": "metadata", "other": "modified",
        ]
        #expect(try await changes(rawLeaves: true) == expected)
        expected["small"] = "metadata"
        #expect(try await changes(rawLeaves: false) == expected)
    }

    @Test func `a leaf that is wrapped for its metadata is the same file`() async throws {
        let bare = try await scene.store(.folder(["x": .text("same")]))
        let leaf = try await scene.store(.text("same"))
        let message = UnixFSData(
            kind: .file, filesize: 4, blocksizes: [4], metadata: UnixFSMetadata(mode: 0o600))
        let file = try await scene.store(
            PBNode(links: [PBLink(hash: leaf, tsize: 4)], data: message.encode()))
        let wrapped = try await scene.store(
            PBNode(
                links: [PBLink(hash: file, name: Array("x".utf8), tsize: 60)],
                data: UnixFSData(kind: .directory).encode()))
        #expect(try await changes(.entry(bare), .entry(wrapped)) == ["x": "metadata"])
        #expect(try await changes(.entry(wrapped), .entry(bare)) == ["x": "metadata"])
    }

    @Test func `a file that becomes a directory is told with what is in it now`() async throws {
        let old = try await scene.store(.folder(["x": .text("file")]))
        let new = try await scene.store(.folder(["x": .folder(["in": .text("a")])]))
        #expect(
            try await changes(.entry(old), .entry(new)) == ["x": "type", "x/in": "added"])
        #expect(
            try await changes(.entry(new), .entry(old)) == ["x": "type", "x/in": "removed"])
    }

    @Test func `several roots are compared by their names, a side that is missing is all new`()
        async throws
    {
        let a = try await scene.store(.folder(["f": .text("1")]))
        let b = try await scene.store(.folder(["f": .text("2")]))
        func roots(_ cids: [String: CID]) -> TreeRoot {
            .roots(cids.map { DirectoryEntry(name: Array($0.key.utf8), cid: $0.value, tsize: 0) })
        }
        #expect(
            try await changes(roots(["x": a, "y": a]), roots(["x": b, "z": a])) == [
                "x/f": "modified", "y": "removed", "y/f": "removed", "z": "added",
                "z/f": "added",
            ])
        #expect(try await changes(nil, .entry(a)) == ["": "added", "f": "added"])
        #expect(try await changes(.entry(a), nil) == ["": "removed", "f": "removed"])
        #expect(try await changes(nil, roots(["x": a])) == ["x": "added", "x/f": "added"])
        let wrapped = try await scene.store(.folder(["x": .folder(["f": .text("1")])]))
        #expect(try await changes(.entry(wrapped), roots(["x": b])) == ["x/f": "modified"])
    }

    @Test func `a shard that stands in the wrong place is an error, not a loop`() async throws {
        var entries: [String: InputTree] = [:]
        for number in 0..<200 { entries["\(number)"] = .text("\(number)") }
        let root = try await scene.store(.folder(entries), .sharded(fanout: 8))
        let block = try await scene.blocks.block(root)
        var node = try PBNode(decoding: block.bytes.span)
        let shard = try #require(node.links.first { ($0.name ?? []).count == 1 })
        for index in node.links.indices where (node.links[index].name ?? []).count == 1 {
            node.links[index].hash = shard.hash
        }
        let hostile = try await scene.store(node)
        await #expect(throws: UnixFSReadError.self) {
            try await changes(.entry(root), .entry(hostile))
        }
    }
}
