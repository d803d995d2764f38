// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import FileIO
import GRDB

extension SQLiteCatalog {
    /// As ``Catalog/commit(_:blocks:replacing:reusing:)``.
    public func commit(
        _ pack: PackRecord, blocks: [NewBlock], replacing replaced: [PackID],
        reusing reused: [PackID]
    ) async throws {
        try await commit(pack, blocks: blocks, replacing: replaced, reusing: reused) { _ in }
    }

    /// As the public form; `changes` go into the same transaction.
    func commit(
        _ pack: PackRecord, blocks: [NewBlock], replacing replaced: [PackID],
        reusing reused: [PackID], with changes: @Sendable (Database) throws -> Void
    ) async throws {
        let blocks = try await Self.sorted(blocks)
        try await write { db in
            try changes(db)
            try Self.checkSession(db, pack.sessionID)
            try Self.bumpVersions(db, reused, in: pack.sessionID)
            try self.insert(db, pack, blocks, replacing: replaced)
        }
    }

    /// Adds a pack whose blocks are sorted, and removes those that it replaces.
    func insert(
        _ db: Database, _ pack: PackRecord, _ blocks: [NewBlock], replacing replaced: [PackID]
    ) throws {
        if try Self.packNumber(db, pack.id) != nil {
            if replaced.allSatisfy({ $0 == pack.id }) { return }
            // Taken in by another process, as what a crash had left. Merges may have dropped its
            // places as copies of those in the packs that now go, so it starts anew.
            try Self.deletePack(db, pack.id)
        }
        for id in replaced where id != pack.id { try Self.deletePack(db, id) }
        guard try !Self.isDoomed(db, pack.id, in: pack.tier) else {
            throw CatalogError(.packDoomed, "pack \(pack.id) is about to be deleted")
        }
        let number = try Self.insertPack(db, pack)
        try BlockTables.insert(
            db, blocks, packNumber: number, isCached: pack.tier == .cache,
            recentLimit: options.recentLimit)
        try RunMerge.advance(db, blockCount: blocks.count)
    }

    /// As ``Catalog/places(of:)``.
    ///
    /// Keys that memory can tell to be absent cost no hop to another thread, which would be most of
    /// the time of a small call.
    public func places(of multihashes: [[UInt8]]) async throws -> [BlockPlace?] {
        try await places(of: multihashes, durableOnly: false)
    }

    /// As ``Catalog/durablePlaces(of:)``; costs what ``places(of:)`` does.
    public func durablePlaces(of multihashes: [[UInt8]]) async throws -> [BlockPlace?] {
        try await places(of: multihashes, durableOnly: true)
    }

    private func places(
        of multihashes: [[UInt8]], durableOnly: Bool
    ) async throws -> [BlockPlace?] {
        try Task.checkCancellation()
        var places = [BlockPlace?](repeating: nil, count: multihashes.count)
        if multihashes.isEmpty { return places }
        guard let asked = try sift(multihashes) else {
            return try await find(multihashes, durableOnly)
        }
        if asked.isEmpty { return places }
        let found = try await find(asked.map { multihashes[$0] }, durableOnly)
        for (index, place) in zip(asked, found) { places[index] = place }
        return places
    }

    private func sift(_ multihashes: [[UInt8]]) throws -> [Int]? {
        do { return try lookup.sift(multihashes) } catch {
            throw CatalogError.wrap(error, path: path)
        }
    }

    /// Threads for look-ups, as many as there are readers unless told, for all catalogs together.
    ///
    /// What is read stays in memory, in the allocator's arenas of the threads that read it: with
    /// the sixteen threads of the process's pool these grew to several times what they held.
    private static let threads = BlockingPool(width: 2)

    /// Looks keys up on a thread that may wait for the disk.
    private func find(
        _ multihashes: [[UInt8]], _ durableOnly: Bool
    ) async throws -> [BlockPlace?] {
        try await Self.threads.run { [self] in
            do {
                return try pool.read { db in
                    try lookup.places(db, of: multihashes, durableOnly: durableOnly)
                }
            } catch {
                throw CatalogError.wrap(error, path: path)
            }
        }
    }

    /// As ``Catalog/contains(_:)``.
    public func contains(_ multihashes: [[UInt8]]) async throws -> [Bool] {
        try await places(of: multihashes).map { $0 != nil }
    }

    /// Checks blocks and sorts them by key, so that an insert walks each table once.
    @concurrent static func sorted(_ blocks: [NewBlock]) async throws -> [NewBlock] {
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
        return KeyOrder.order(of: blocks.map(\.multihash)).map { blocks[$0] }
    }
}
