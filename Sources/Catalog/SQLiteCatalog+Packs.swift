// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``Catalog/packs()``.
    public func packs() async throws -> [PackRecord] {
        try await read { db in
            try db.withCursor("SELECT \(Self.packColumns) FROM packs ORDER BY id") { cursor in
                var packs: [PackRecord] = []
                while try cursor.step() { packs.append(try Self.packRecord(cursor)) }
                return packs
            }
        }
    }

    /// As ``Catalog/pack(_:)``.
    public func pack(_ id: PackID) async throws -> PackRecord? {
        try await read { db in
            try db.withCursor("SELECT \(Self.packColumns) FROM packs WHERE id = ?") { cursor in
                try cursor.bind(id.bytes, at: 1)
                return try cursor.step() ? try Self.packRecord(cursor) : nil
            }
        }
    }

    /// As ``Catalog/removePack(_:ifVersion:)``.
    public func removePack(_ id: PackID, ifVersion version: Int) async throws -> Bool {
        try await write { db in
            try db.withCursor("DELETE FROM packs WHERE id = ? AND version = ?") { cursor in
                try cursor.bind(id.bytes, at: 1)
                try cursor.bind(Int64(version), at: 2)
                try cursor.execute()
            }
            try BlockTables.raiseVersion(db)
            return try Self.packNumber(db, id) == nil
        }
    }

    /// As ``Catalog/forget(packs:)``.
    public func forget(packs: [PackID]) async throws {
        try await write { db in
            for id in packs {
                // Files of copies stay: who finds one takes the pack in again.
                if let number = try Self.packNumber(db, id) {
                    try db.execute(
                        sql: "DELETE FROM pack_copies WHERE pack = ?", arguments: [number])
                }
                try Self.deletePack(db, id)
            }
        }
    }

    /// As ``Catalog/setVerified(_:atMilliseconds:)``.
    public func setVerified(_ id: PackID, atMilliseconds milliseconds: Int64) async throws {
        try await write { db in
            try db.withCursor("UPDATE packs SET verified_at = ? WHERE id = ?") { cursor in
                try cursor.bind(milliseconds, at: 1)
                try cursor.bind(id.bytes, at: 2)
                try cursor.execute()
            }
            guard db.changesCount > 0 else { throw Self.missing(id) }
        }
    }

    /// As ``Catalog/setTier(_:to:)``.
    public func setTier(_ id: PackID, to tier: PackTier) async throws {
        try await write { db in
            guard let former = try Self.tier(db, of: id) else { throw Self.missing(id) }
            guard former != tier else { return }
            try db.withCursor("UPDATE packs SET tier = ? WHERE id = ?") { cursor in
                try cursor.bind(tier.name, at: 1)
                try cursor.bind(id.bytes, at: 2)
                try cursor.execute()
            }
            try Self.undoom(db, DoomedPack(id: id, tier: tier))
            try Self.doom(db, DoomedPack(id: id, tier: former))
            // What lies in the cache tier does not count as present.
            if former == .cache || tier == .cache { try BlockTables.raiseVersion(db) }
        }
    }

    /// Adds a pack that the catalog does not have yet.
    ///
    /// - Returns: its number, never used before.
    static func insertPack(_ db: Database, _ pack: PackRecord) throws -> Int64 {
        let sql = "INSERT INTO packs (\(packColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        try db.withCursor(sql) { cursor in
            try cursor.bind(pack.id.bytes, at: 1)
            try cursor.bind(pack.kind.rawValue, at: 2)
            try cursor.bind(pack.tier.name, at: 3)
            try cursor.bind(Int64(pack.blockCount), at: 4)
            try cursor.bind(pack.byteCount, at: 5)
            try cursor.bind(pack.storedByteCount, at: 6)
            try cursor.bind(pack.createdAtMilliseconds, at: 7)
            try cursor.bind(pack.verifiedAtMilliseconds, at: 8)
            try cursor.bind(Int64(pack.version), at: 9)
            try cursor.bind(pack.sessionID, at: 10)
            try cursor.execute()
        }
        return db.lastInsertedRowID
    }

    /// Removes a pack; its blocks' rows mean nothing from then on and go as runs are merged.
    static func deletePack(_ db: Database, _ id: PackID) throws {
        try db.withCursor("DELETE FROM packs WHERE id = ?") { cursor in
            try cursor.bind(id.bytes, at: 1)
            try cursor.execute()
        }
        try BlockTables.raiseVersion(db)
    }

    /// Raises the versions of packs that a commit relies on.
    ///
    /// In a session a pack may be gone, as its blocks then lie in another one, unless packs were
    /// lost since the session began.
    ///
    /// - Throws: ``CatalogError/Code/packMissing``.
    static func bumpVersions(_ db: Database, _ ids: [PackID], in session: String?) throws {
        if ids.isEmpty { return }
        let isLossless = try session.map { try generation(db, atBeginOf: $0) == generation(db) }
        try db.withCursor("UPDATE packs SET version = version + 1 WHERE id = ?") { cursor in
            for id in ids {
                try cursor.bind(id.bytes, at: 1)
                try cursor.execute()
                guard db.changesCount > 0 || isLossless == true else { throw missing(id) }
            }
        }
    }

    static func packNumber(_ db: Database, _ id: PackID) throws -> Int64? {
        try db.withCursor("SELECT number FROM packs WHERE id = ?") { cursor in
            try cursor.bind(id.bytes, at: 1)
            return try cursor.step() ? cursor.integer(0) : nil
        }
    }

    static func hasNoPacks(_ db: Database) throws -> Bool {
        try db.integer("SELECT 1 FROM packs LIMIT 1") == nil
    }

    static let packColumns = """
        id, kind, tier, block_count, byte_count, stored_byte_count, created_at, verified_at, version,
        session
        """
    static let packColumnCount: Int32 = 10

    static func missing(_ id: PackID) -> CatalogError {
        CatalogError(.packMissing, "pack \(id) is not in the catalog")
    }

    static func packRecord(_ cursor: borrowing SQLCursor) throws -> PackRecord {
        guard let id = PackID(cursor.bytes(0)), let kind = PackKind(rawValue: cursor.text(1)),
            let tier = PackTier(cursor.text(2))
        else { throw DamagedContent() }
        return PackRecord(
            id: id, kind: kind, tier: tier, blockCount: Int(cursor.integer(3)),
            byteCount: cursor.integer(4), storedByteCount: cursor.integer(5),
            createdAtMilliseconds: cursor.integer(6),
            verifiedAtMilliseconds: cursor.optionalInteger(7), version: Int(cursor.integer(8)),
            sessionID: cursor.optionalText(9))
    }
}
