// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``Catalog/totals()``.
    public func totals() async throws -> CatalogTotals {
        try await read { db in
            let sql = """
                SELECT kind, tier, COUNT(*), SUM(block_count), SUM(byte_count),
                    SUM(stored_byte_count)
                FROM packs GROUP BY tier, kind ORDER BY tier, kind
                """
            let groups = try db.withCursor(sql) { cursor in
                var groups: [CatalogTotals.Group] = []
                while try cursor.step() {
                    guard let kind = PackKind(rawValue: cursor.text(0)),
                        let tier = PackTier(cursor.text(1))
                    else { throw DamagedContent() }
                    groups.append(
                        CatalogTotals.Group(
                            kind: kind, tier: tier, packCount: Int(cursor.integer(2)),
                            blockCount: Int(cursor.integer(3)), byteCount: cursor.integer(4),
                            storedByteCount: cursor.integer(5)))
                }
                return groups
            }
            let snapshotCount = try db.integer("SELECT COUNT(*) FROM snapshots") ?? 0
            let pageCount = try db.integer("PRAGMA page_count") ?? 0
            let pageByteCount = try db.integer("PRAGMA page_size") ?? 0
            return CatalogTotals(
                groups: groups, snapshotCount: Int(snapshotCount),
                catalogByteCount: pageCount * pageByteCount)
        }
    }

    /// As ``Catalog/isEmpty()``.
    public func isEmpty() async throws -> Bool {
        try await read { db in
            try Self.hasNoPacks(db) && db.integer("SELECT 1 FROM snapshots LIMIT 1") == nil
        }
    }
}
