// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import Repository
import Synchronization

/// Walks the DAGs below roots and tells which packs hold their blocks.
///
/// DAG nodes are read, leaves only looked up. Each node is visited once per class of roots: a bit
/// for each block of the packs of nodes. The cost is a look-up per link, and the reading of all
/// nodes.
struct ReachWalk {
    /// Links that are looked up, and nodes that are read, at once.
    private static let batchCount = 512

    private let repository: Repository
    private let kinds: [PackID: PackRecord]
    private var visited: [PackID: [UInt64]] = [:]
    /// Links that lead nowhere, counted.
    private(set) var missingCount = 0

    /// A walk that has visited nothing.
    init(_ repository: Repository, packs: [PackRecord]) {
        self.repository = repository
        kinds = Dictionary(uniqueKeysWithValues: packs.map { ($0.id, $0) })
    }

    /// Calls `body` with each pack that holds a block of the DAG below `root` which was not visited
    /// before; packs come again and again.
    ///
    /// Blocks that are missing are passed over.
    mutating func walk(_ root: CID, _ body: (PackID) -> Void) async throws {
        var stack = [root]
        while !stack.isEmpty {
            try Task.checkCancellation()
            let batch = Array(stack.suffix(Self.batchCount))
            stack.removeLast(batch.count)
            let stored = batch.filter { $0.inlineBlock == nil }
            for cid in batch {
                if let block = cid.inlineBlock { stack.append(contentsOf: Self.links(of: block)) }
            }
            let places = try await repository.catalog.places(
                of: stored.map { Array($0.multihashBytes) })
            var nodes: [CID] = []
            for (cid, place) in zip(stored, places) {
                guard let place else {
                    missingCount += 1
                    continue
                }
                body(place.packID)
                if cid.codec == .raw || kinds[place.packID]?.kind == .leaves { continue }
                if visit(place) { nodes.append(cid) }
            }
            stack.append(contentsOf: try await links(of: nodes))
        }
    }

    private func links(of nodes: [CID]) async throws -> [CID] {
        if nodes.isEmpty { return [] }
        let found = Mutex<[CID]>([])
        try await repository.blocks.forEachBlock(nodes) { _, block in
            let links = Self.links(of: block)
            found.withLock { $0.append(contentsOf: links) }
        }
        return found.withLock { $0 }
    }

    /// The links of a block; none if it cannot be understood.
    private static func links(of block: Block) -> [CID] {
        // What no codec reads has no links that a reader could follow.
        (try? IPLDCodec.links(of: block)) ?? []
    }

    /// Whether a node is met for the first time.
    private mutating func visit(_ place: BlockPlace) -> Bool {
        let word = Int(place.ordinal) / 64
        let bit = UInt64(1) << UInt64(place.ordinal % 64)
        var bits = visited.removeValue(forKey: place.packID) ?? []
        if bits.count <= word {
            let wanted = ((kinds[place.packID]?.blockCount ?? 0) + 63) / 64
            bits.append(
                contentsOf: repeatElement(0, count: max(word + 1, wanted) - bits.count))
        }
        let isNew = bits[word] & bit == 0
        bits[word] |= bit
        visited[place.packID] = bits
        return isNew
    }
}
