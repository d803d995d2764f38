// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import Repository
import Synchronization

/// Goes through a DAG that is to be kept, and sees to it that each block is durable here.
///
/// Blocks are looked up, only those that may have links are read. What only the cache has, or is
/// about to be removed, is stored again. Memory: a bit per block of the packs that it meets, and
/// the links of the nodes that are still to be read.
struct PinWalk {
    /// Nodes read together.
    private static let nodeCount = 32
    /// Leaves looked up together.
    private static let leafCount = 4096
    /// Bytes of blocks that are stored again together.
    private static let storedByteCount = 8 << 20
    /// Missing blocks that are named.
    private static let namedCount = 20

    private let repository: Repository
    private var visited = PlaceSet()
    private var nodes: [CID] = []
    private var leaves: [CID] = []
    private var missing: [CID] = []
    private var missingCount = 0
    /// Blocks found.
    private(set) var blockCount = 0
    /// Blocks that had to be stored again.
    private(set) var storedAgainCount = 0

    init(_ repository: Repository) { self.repository = repository }

    /// Goes through the DAG of `root`, or looks at its block alone.
    ///
    /// - Throws: ``SnapshotError`` with `missingBlocks`, `BlockStoreError`, `CatalogError`.
    mutating func run(
        _ root: CID, isRecursive: Bool, onProgress: (Int) -> Void
    ) async throws {
        nodes = [root]
        while !nodes.isEmpty {
            try Task.checkCancellation()
            let batch = Array(nodes.suffix(Self.nodeCount))
            nodes.removeLast(batch.count)
            let found = try await secure(batch.filter { $0.inlineBlock == nil })
            guard isRecursive else { break }
            let links = try await links(of: batch.filter { $0.inlineBlock != nil } + found)
            for link in links {
                if link.codec == .raw { leaves.append(link) } else { nodes.append(link) }
            }
            if leaves.count >= Self.leafCount { try await secureLeaves() }
            onProgress(blockCount)
        }
        try await secureLeaves()
        onProgress(blockCount)
        guard missingCount == 0 else { throw missingBlocks(root) }
    }

    private mutating func secureLeaves() async throws {
        let batch = leaves
        leaves = []
        for start in stride(from: 0, to: batch.count, by: Self.leafCount) {
            let part = batch[start..<min(start + Self.leafCount, batch.count)]
            _ = try await secure(part.filter { $0.inlineBlock == nil })
        }
    }

    /// Makes blocks durable; returns those that are here and were not met before.
    private mutating func secure(_ cids: [CID]) async throws -> [CID] {
        let keys = cids.map { Array($0.multihashBytes) }
        let durable = try await repository.catalog.durablePlaces(of: keys)
        var found: [CID] = []
        var volatile: [CID] = []
        for (cid, place) in zip(cids, durable) {
            guard let place else {
                volatile.append(cid)
                continue
            }
            guard !visited.contains(place) else { continue }
            visited.insert(place)
            found.append(cid)
        }
        blockCount += found.count
        guard !volatile.isEmpty else { return found }
        let stored = try await storeAgain(volatile)
        return found + stored
    }

    /// Stores blocks again that are here for now only; notes those that are not.
    private mutating func storeAgain(_ cids: [CID]) async throws -> [CID] {
        var stored: [CID] = []
        var blocks: [Block] = []
        var byteCount = 0
        for cid in cids {
            let block: Block
            do { block = try await repository.blocks.block(cid) } catch let error
                as BlockStoreError where error.code == .notFound || error.code == .corrupt
            {
                missingCount += 1
                if missing.count < Self.namedCount { missing.append(cid) }
                continue
            }
            blocks.append(block)
            byteCount += block.bytes.count
            stored.append(cid)
            guard byteCount >= Self.storedByteCount else { continue }
            try await repository.blocks.put(blocks)
            (blocks, byteCount) = ([], 0)
        }
        if !blocks.isEmpty { try await repository.blocks.put(blocks) }
        guard !stored.isEmpty else { return [] }
        let keys = stored.map { Array($0.multihashBytes) }
        var new: [CID] = []
        for (cid, place) in zip(stored, try await repository.catalog.durablePlaces(of: keys)) {
            guard let place else {
                throw BlockStoreError(
                    .failed, cid: cid, message: "was stored and is gone again; try again")
            }
            guard !visited.contains(place) else { continue }
            visited.insert(place)
            new.append(cid)
        }
        blockCount += new.count
        storedAgainCount += new.count
        return new
    }

    /// What the blocks link to.
    private func links(of cids: [CID]) async throws -> [CID] {
        let links = Mutex<[CID]>([])
        try await repository.blocks.forEachBlock(cids.filter { $0.codec != .raw }) { _, block in
            // A block of an unknown codec has links that nobody here can follow.
            let found = (try? IPLDCodec.links(of: block)) ?? []
            links.withLock { $0 += found }
        }
        return links.withLock { $0 }
    }

    private func missingBlocks(_ root: CID) -> SnapshotError {
        let names = missing.map { "\($0)" }.joined(separator: ", ")
        let others =
            missingCount > missing.count ? " and \(missingCount - missing.count) more" : ""
        return SnapshotError(
            .missingBlocks,
            "\(root) is not whole here: \(names)\(others) missing; fetch it with `cairn get \(root)`, then pin it again"
        )
    }
}
