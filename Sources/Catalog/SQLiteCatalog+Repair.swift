// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``RepairStore/faults(limit:)``.
    public func faults(limit: Int) async throws -> [String] {
        do {
            return try await read { db in
                let other = try Schema.differences(db)
                guard other.isEmpty else { return Array(other.prefix(max(limit, 1))) }
                return try db.withCursor("PRAGMA integrity_check(\(max(limit, 1)))") { cursor in
                    var faults: [String] = []
                    while try cursor.step() { faults.append(cursor.text(0)) }
                    return faults == ["ok"] ? [] : faults
                }
            }
        } catch let error as CatalogError where error.code == .corrupt {
            return [error.message]
        }
    }

    /// As ``RepairStore/recommit(_:blocks:)``.
    public func recommit(_ pack: PackRecord, blocks: [NewBlock]) async throws {
        let blocks = try await Self.sorted(blocks)
        let recentLimit = options.recentLimit
        try await write { db in
            guard try Self.packNumber(db, pack.id) != nil else { throw Self.missing(pack.id) }
            try Self.deletePack(db, pack.id)
            let number = try Self.insertPack(db, pack)
            try BlockTables.insert(
                db, blocks, packNumber: number, isCached: pack.tier == .cache,
                recentLimit: recentLimit)
            try RunMerge.advance(db, blockCount: blocks.count)
        }
    }

    /// As ``RepairStore/setLostBlockCount(_:ofSnapshot:)``.
    public func setLostBlockCount(_ count: Int, ofSnapshot id: String) async throws {
        try await write { db in
            guard count > 0 else {
                return try db.withCursor("DELETE FROM snapshot_losses WHERE snapshot_id = ?") {
                    cursor in
                    try cursor.bind(id, at: 1)
                    try cursor.execute()
                }
            }
            let sql = """
                INSERT INTO snapshot_losses (snapshot_id, block_count)
                SELECT id, ? FROM snapshots WHERE id = ?
                ON CONFLICT (snapshot_id) DO UPDATE SET block_count = excluded.block_count
                """
            try db.withCursor(sql) { cursor in
                try cursor.bind(Int64(count), at: 1)
                try cursor.bind(id, at: 2)
                try cursor.execute()
            }
        }
    }

    /// As ``RepairStore/lostBlockCounts()``.
    public func lostBlockCounts() async throws -> [String: Int] {
        try await read { db in
            try db.withCursor("SELECT snapshot_id, block_count FROM snapshot_losses") { cursor in
                var counts: [String: Int] = [:]
                while try cursor.step() { counts[cursor.text(0)] = Int(cursor.integer(1)) }
                return counts
            }
        }
    }
}
