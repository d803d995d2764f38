// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Lifecycle
import Multiformats
import Synchronization
import TestSupport
import UnixFS

/// Trees in memory, for one test, and how often their blocks are read.
struct TreeScene {
    /// How directories are laid out: of one block each, or as HAMTs of this fanout.
    enum Directories: Hashable, Sendable {
        case basic
        case sharded(fanout: Int)
    }

    let blocks = CountedBlocks()

    /// Stores a tree and returns its root.
    func store(
        _ tree: InputTree, _ directories: Directories = .basic, keepsMetadata: Bool = false,
        rawLeaves: Bool = true
    ) async throws -> CID {
        var options = DAGCase.Options()
        options.cidVersion = 1
        options.rawLeaves = rawLeaves
        options.chunker = "size-64"
        options.keepsMode = keepsMetadata
        options.keepsMtime = keepsMetadata
        switch directories {
        case .basic: options.hamtThreshold = nil
        case .sharded(let fanout):
            options.hamtThreshold = 1
            options.fanout = fanout
        }
        let made = Mutex<[Block]>([])
        let root = try TreeImporter(options) { block in made.withLock { $0.append(block) } }
            .importRoot(tree)
        try await blocks.put(made.withLock { $0 })
        return root.cid
    }

    /// Stores a node and returns its CID.
    func store(_ node: PBNode) async throws -> CID {
        let bytes = node.encode()
        let cid = try CIDBuilder().cid(codec: .dagPB, hashing: bytes.span)
        try await blocks.put([Block(cid: cid, bytes: bytes)])
        return cid
    }

    /// A snapshot of those roots that started so many seconds after 1970.
    func snapshot(
        _ roots: [(name: String, cid: CID)], at seconds: Int64, sources: [String] = ["/data"],
        host: String = "box"
    ) -> SnapshotRecord {
        SnapshotRecord(
            id: "s\(seconds)", startedAtMilliseconds: seconds * 1000,
            finishedAtMilliseconds: seconds * 1000, sources: sources,
            roots: roots.map { .init(name: $0.name, cid: $0.cid.bytes) }, host: host,
            recordCID: [])
    }
}

/// A store in memory that counts the reads of each block.
final class CountedBlocks: BlockStore {
    private let store = MemoryBlockStore()
    private let counts = Mutex<[CID: Int]>([:])
    private let missing = Mutex<Set<CID>>([])

    /// How often each block was read since the last time.
    func takeCounts() -> [CID: Int] {
        counts.withLock { counts in
            defer { counts = [:] }
            return counts
        }
    }

    /// Lets a block be missing from now on.
    func lose(_ cid: CID) { missing.withLock { _ = $0.insert(cid) } }

    func block(_ cid: CID) async throws -> Block {
        if missing.withLock({ $0.contains(cid) }) { throw BlockStoreError.notFound(cid) }
        counts.withLock { $0[cid, default: 0] += 1 }
        return try await store.block(cid)
    }

    func contains(_ cids: [CID]) async throws -> [Bool] { try await store.contains(cids) }

    func byteCounts(of cids: [CID]) async throws -> [Int?] {
        try await store.byteCounts(of: cids)
    }

    func put(_ blocks: [Block]) async throws { try await store.put(blocks) }
}

extension InputTree {
    /// A directory.
    static func folder(_ entries: [String: InputTree]) -> InputTree {
        InputTree(.directory(entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }

    /// All paths with what is there, in words that are equal exactly if the content is.
    func paths(below prefix: String = "") -> [String: String] {
        switch kind {
        case .file(let content): return [prefix: "file \(content.bytes())"]
        case .symlink(let target): return [prefix: "symlink \(target)"]
        case .directory(let entries):
            var paths = prefix.isEmpty ? [:] : [prefix: "directory"]
            for entry in entries {
                let path = prefix.isEmpty ? entry.name : prefix + "/" + entry.name
                paths.merge(entry.tree.paths(below: path)) { first, _ in first }
            }
            return paths
        }
    }

    /// A tree of up to `size` small entries, some of them directories.
    static func small(
        depth: Int = 0, size: Int, using generator: inout SeededGenerator
    ) -> InputTree {
        var entries: [String: InputTree] = [:]
        for _ in 0..<Int.random(in: 0...size, using: &generator) {
            let name = "n\(Int.random(in: 0..<size * 2, using: &generator))"
            switch Int.random(in: 0..<6, using: &generator) {
            case 0 where depth < 3:
                entries[name] = small(depth: depth + 1, size: size, using: &generator)
            case 1:
                entries[name] = InputTree(
                    .symlink(target: "t\(Int.random(in: 0..<3, using: &generator))"))
            default:
                let count = Int.random(in: 0...200, using: &generator)
                let seed = UInt64.random(in: 0..<4, using: &generator)
                entries[name] = InputTree(.file(.noise(seed: seed, count: count)))
            }
        }
        return folder(entries)
    }

    /// The same with a few changes.
    func changed(using generator: inout SeededGenerator) -> InputTree {
        guard case .directory(let entries) = kind else {
            return InputTree(.file(.noise(seed: generator.next(), count: 100)))
        }
        var changed: [String: InputTree] = [:]
        for entry in entries {
            switch Int.random(in: 0..<12, using: &generator) {
            case 0: break
            case 1: changed[entry.name] = entry.tree.changed(using: &generator)
            case 2: changed[entry.name] = .text("instead")
            default: changed[entry.name] = entry.tree
            }
        }
        if Bool.random(using: &generator) {
            changed["added"] = InputTree.small(depth: 2, size: 4, using: &generator)
        }
        return .folder(changed)
    }
}
