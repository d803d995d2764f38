// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``Catalog/commit(_:blocks:replacing:reusing:)``.
    public func commit(
        _ pack: PackRecord, blocks: [NewBlock], replacing replaced: [PackID],
        reusing reused: [PackID]
    ) async throws {
        let blocks = try await Self.sorted(blocks)
        let recentLimit = options.recentLimit
        try await write { db in
            try Self.bumpVersions(db, reused)
            let isNew = try Self.packNumber(db, pack.id) == nil
            for id in replaced where id != pack.id { try Self.deletePack(db, id) }
            guard isNew else { return }
            let number = try Self.insertPack(db, pack)
            try BlockTables.insert(
                db, blocks, packNumber: number, recentLimit: recentLimit)
            try RunMerge.advance(db, budget: blocks.count * RunMerge.effort)
        }
    }

    /// As ``Catalog/places(of:)``.
    public func places(of multihashes: [[UInt8]]) async throws -> [BlockPlace?] {
        try await read { db in
            guard try !Self.hasNoPacks(db) else {
                return [BlockPlace?](repeating: nil, count: multihashes.count)
            }
            return try BlockTables.places(db, of: multihashes)
        }
    }

    /// As ``Catalog/contains(_:)``.
    public func contains(_ multihashes: [[UInt8]]) async throws -> [Bool] {
        try await places(of: multihashes).map { $0 != nil }
    }

    /// Checks blocks and sorts them by key, so that an insert walks each table once.
    @concurrent private static func sorted(_ blocks: [NewBlock]) async throws -> [NewBlock] {
        for block in blocks {
            let isKey = 1...NewBlock.maximumMultihashByteCount ~= block.multihash.count
            guard isKey, block.ordinal < BlockPlace.ordinalLimit else {
                throw CatalogError(
                    .invalid,
                    """
                    a block has \(block.multihash.count) bytes of multihash and ordinal \
                    \(block.ordinal)
                    """
                )
            }
        }
        return blocks.sorted { left, right in
            if left.multihash == right.multihash { return left.ordinal < right.ordinal }
            return KeyOrder.precedes(left.multihash, right.multihash)
        }
    }
}
