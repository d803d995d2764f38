// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``TierStore/copies()``.
    public func copies() async throws -> [PackCopy] {
        try await read { db in
            let sql = """
                SELECT packs.id, pack_copies.tier FROM pack_copies
                JOIN packs ON packs.number = pack_copies.pack ORDER BY packs.id, pack_copies.tier
                """
            return try db.withCursor(sql) { cursor in
                var copies: [PackCopy] = []
                while try cursor.step() {
                    let (id, tier) = try Self.place(cursor)
                    copies.append(PackCopy(id: id, tier: tier))
                }
                return copies
            }
        }
    }

    /// As ``TierStore/tiers(of:)``.
    public func tiers(of id: PackID) async throws -> [PackTier] {
        try await read { db in
            let sql = """
                SELECT tier, 0 FROM packs WHERE id = ?1 UNION ALL
                SELECT pack_copies.tier, 1 FROM packs
                JOIN pack_copies ON pack_copies.pack = packs.number WHERE packs.id = ?1
                ORDER BY 2, 1
                """
            return try db.withCursor(sql) { cursor in
                try cursor.bind(id.bytes, at: 1)
                var tiers: [PackTier] = []
                while try cursor.step() {
                    guard let tier = PackTier(cursor.text(0)) else { throw DamagedContent() }
                    tiers.append(tier)
                }
                return tiers
            }
        }
    }

    /// As ``TierStore/addCopy(of:in:)``.
    public func addCopy(of id: PackID, in tier: PackTier) async throws {
        try await write { db in
            guard let pack = try Self.packTier(db, id) else {
                throw CatalogError(.packMissing, "pack \(id) is not in the catalog")
            }
            if pack.tier != tier { try Self.insertCopy(db, pack.number, tier) }
            try Self.undoom(db, DoomedPack(id: id, tier: tier))
        }
    }

    /// As ``TierStore/dropCopy(of:in:)``.
    public func dropCopy(of id: PackID, in tier: PackTier) async throws -> Bool {
        try await write { db in
            guard let pack = try Self.packTier(db, id),
                try Self.deleteCopy(db, pack.number, tier)
            else { return false }
            try Self.doom(db, DoomedPack(id: id, tier: tier))
            return true
        }
    }

    /// As ``TierStore/move(_:from:to:atMilliseconds:)``.
    public func move(
        _ id: PackID, from source: PackTier, to destination: PackTier,
        atMilliseconds milliseconds: Int64
    ) async throws -> Bool {
        try await write { db in
            guard let pack = try Self.packTier(db, id), pack.tier == source else { return false }
            if source == destination { return true }
            _ = try Self.deleteCopy(db, pack.number, destination)
            try Self.setTier(db, pack.number, destination)
            try Self.doom(db, DoomedPack(id: id, tier: source))
            try Self.undoom(db, DoomedPack(id: id, tier: destination))
            if destination == .hot { try Self.noteRecall(db, pack.number, milliseconds) }
            return true
        }
    }

    /// As ``TierStore/prefer(_:in:)``.
    public func prefer(_ id: PackID, in tier: PackTier) async throws -> Bool {
        try await write { db in
            guard let pack = try Self.packTier(db, id) else { return false }
            if pack.tier == tier { return true }
            guard try Self.deleteCopy(db, pack.number, tier) else { return false }
            try Self.insertCopy(db, pack.number, pack.tier)
            try Self.setTier(db, pack.number, tier)
            return true
        }
    }

    /// As ``TierStore/accesses()``.
    public func accesses() async throws -> [PackID: PackAccess] {
        try await read { db in
            let sql = """
                SELECT packs.id, read_at, recalled_at FROM pack_accesses
                JOIN packs ON packs.number = pack_accesses.pack
                """
            return try db.withCursor(sql) { cursor in
                var accesses: [PackID: PackAccess] = [:]
                while try cursor.step() {
                    guard let id = PackID(cursor.bytes(0)) else { throw DamagedContent() }
                    accesses[id] = PackAccess(
                        readAtMilliseconds: cursor.optionalInteger(1),
                        recalledAtMilliseconds: cursor.optionalInteger(2))
                }
                return accesses
            }
        }
    }

    /// As ``TierStore/noteAccesses(_:)``.
    public func noteAccesses(_ times: [PackID: Int64]) async throws {
        if times.isEmpty { return }
        try await write { db in
            let sql = """
                INSERT INTO pack_accesses (pack, read_at)
                SELECT number, ?2 FROM packs WHERE id = ?1
                ON CONFLICT (pack) DO UPDATE SET read_at = MAX(IFNULL(read_at, 0), excluded.read_at)
                """
            try db.withCursor(sql) { cursor in
                for (id, time) in times {
                    try cursor.bind(id.bytes, at: 1)
                    try cursor.bind(time, at: 2)
                    try cursor.execute()
                }
            }
        }
    }

    /// As ``TierStore/commitCached(_:blocks:replacing:)``.
    public func commitCached(
        _ pack: PackRecord, blocks: [NewBlock], replacing replaced: [PackID]
    ) async throws {
        let blocks = try await Self.sorted(blocks)
        try await write { db in
            try Self.withoutLoss(db) {
                let cached = try replaced.filter { try Self.tier(db, of: $0) == .cache }
                for id in cached { try Self.doom(db, DoomedPack(id: id, tier: .cache)) }
                try insert(db, pack, blocks, replacing: cached)
            }
        }
    }

    /// When any of these packs was used last.
    static func latestAccess(_ db: Database, _ packs: [PackID]) throws -> PackAccess {
        let sql = """
            SELECT read_at, recalled_at FROM pack_accesses
            JOIN packs ON packs.number = pack_accesses.pack WHERE packs.id = ?
            """
        var latest = PackAccess()
        try db.withCursor(sql) { cursor in
            for id in packs {
                try cursor.bind(id.bytes, at: 1)
                defer { cursor.reset() }
                guard try cursor.step() else { continue }
                latest.join(
                    PackAccess(
                        readAtMilliseconds: cursor.optionalInteger(0),
                        recalledAtMilliseconds: cursor.optionalInteger(1)))
            }
        }
        return latest
    }

    /// Notes when a pack was used, as of those that it took the place of.
    static func note(_ db: Database, _ access: PackAccess, of pack: PackID) throws {
        if access == PackAccess() { return }
        let sql = """
            INSERT OR REPLACE INTO pack_accesses (pack, read_at, recalled_at)
            SELECT number, ?2, ?3 FROM packs WHERE id = ?1
            """
        try db.withCursor(sql) { cursor in
            try cursor.bind(pack.bytes, at: 1)
            try cursor.bind(access.readAtMilliseconds, at: 2)
            try cursor.bind(access.recalledAtMilliseconds, at: 3)
            try cursor.execute()
        }
    }

    private static func noteRecall(
        _ db: Database, _ pack: Int64, _ milliseconds: Int64
    ) throws {
        let sql = """
            INSERT INTO pack_accesses (pack, recalled_at) VALUES (?, ?)
            ON CONFLICT (pack) DO UPDATE SET recalled_at = excluded.recalled_at
            """
        try db.withCursor(sql) { cursor in
            try cursor.bind(pack, at: 1)
            try cursor.bind(milliseconds, at: 2)
            try cursor.execute()
        }
    }
}

extension SQLiteCatalog {
    private static func packTier(
        _ db: Database, _ id: PackID
    ) throws -> (number: Int64, tier: PackTier)? {
        try db.withCursor("SELECT number, tier FROM packs WHERE id = ?") { cursor in
            try cursor.bind(id.bytes, at: 1)
            guard try cursor.step() else { return nil }
            guard let tier = PackTier(cursor.text(1)) else { throw DamagedContent() }
            return (cursor.integer(0), tier)
        }
    }

    private static func setTier(_ db: Database, _ pack: Int64, _ tier: PackTier) throws {
        try db.withCursor("UPDATE packs SET tier = ? WHERE number = ?") { cursor in
            try cursor.bind(tier.name, at: 1)
            try cursor.bind(pack, at: 2)
            try cursor.execute()
        }
        // Whether it lies in the cache tier decides on what its blocks count for.
        try BlockTables.raiseVersion(db)
    }

    private static func insertCopy(_ db: Database, _ pack: Int64, _ tier: PackTier) throws {
        try db.withCursor("INSERT OR IGNORE INTO pack_copies (pack, tier) VALUES (?, ?)") {
            cursor in
            try cursor.bind(pack, at: 1)
            try cursor.bind(tier.name, at: 2)
            try cursor.execute()
        }
    }

    /// - Returns: whether there was one.
    private static func deleteCopy(
        _ db: Database, _ pack: Int64, _ tier: PackTier
    ) throws -> Bool {
        try db.withCursor("DELETE FROM pack_copies WHERE pack = ? AND tier = ?") { cursor in
            try cursor.bind(pack, at: 1)
            try cursor.bind(tier.name, at: 2)
            try cursor.execute()
        }
        return db.changesCount > 0
    }

    /// Pack and tier from the first two columns.
    private static func place(_ cursor: borrowing SQLCursor) throws -> (PackID, PackTier) {
        guard let id = PackID(cursor.bytes(0)), let tier = PackTier(cursor.text(1)) else {
            throw DamagedContent()
        }
        return (id, tier)
    }
}
