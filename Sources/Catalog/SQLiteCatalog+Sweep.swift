// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``ReclamationStore/sweep(_:ifRootGeneration:)``.
    public func sweep(
        _ packs: [PackID], ifRootGeneration generation: Int64
    ) async throws -> Bool {
        try await write { db in
            guard try Self.rootGeneration(db) == generation else { return false }
            for id in packs {
                guard let left = try Self.livingCount(db, id, besides: [.condemned]), left > 0
                else { continue }
                throw CatalogError(
                    .notCondemned, "\(left) blocks of pack \(id) are not condemned; it stays")
            }
            try Self.withoutLoss(db) { for id in packs { try Self.remove(db, id) } }
            return true
        }
    }

    /// As ``ReclamationStore/commitRewrite(_:blocks:replacing:ifRootGeneration:)``.
    public func commitRewrite(
        _ pack: PackRecord, blocks: [NewBlock], replacing replaced: [PackID],
        ifRootGeneration generation: Int64
    ) async throws -> Bool {
        let sorted = try await Self.sorted(blocks)
        return try await write { db in
            guard try Self.rootGeneration(db) == generation else { return false }
            try Self.checkSession(db, pack.sessionID)
            var living = 0
            for id in replaced {
                living +=
                    try Self.livingCount(db, id, besides: [.condemned, .quarantined]) ?? 0
            }
            guard blocks.count >= living else {
                throw CatalogError(
                    .notCondemned,
                    "\(blocks.count) blocks cannot stand for \(living) that are neither condemned nor quarantined; their packs stay"
                )
            }
            try Self.withoutLoss(db) {
                let access = try Self.latestAccess(db, replaced)
                for id in replaced where id != pack.id { try Self.doom(db, id) }
                try self.insert(db, pack, sorted, replacing: replaced)
                try Self.note(db, access, of: pack.id)
            }
            return true
        }
    }

    /// As ``ReclamationStore/evict(_:)``.
    public func evict(_ packs: [PackID]) async throws -> [PackID] {
        try await write { db in
            try Self.withoutLoss(db) {
                try packs.filter { id in
                    guard try Self.tier(db, of: id) == .cache else { return false }
                    try Self.remove(db, id)
                    return true
                }
            }
        }
    }

    /// As ``ReclamationStore/doomedPacks()``.
    public func doomedPacks() async throws -> [DoomedPack] {
        try await read { db in
            try db.withCursor("SELECT id, tier FROM doomed_packs ORDER BY id, tier") { cursor in
                var packs: [DoomedPack] = []
                while try cursor.step() {
                    guard let id = PackID(cursor.bytes(0)), let tier = PackTier(cursor.text(1))
                    else { throw DamagedContent() }
                    packs.append(DoomedPack(id: id, tier: tier))
                }
                return packs
            }
        }
    }

    /// As ``ReclamationStore/undoom(_:)``.
    public func undoom(_ packs: [DoomedPack]) async throws {
        if packs.isEmpty { return }
        try await write { db in for pack in packs { try Self.undoom(db, pack) } }
    }
}

extension SQLiteCatalog {
    /// Removes packs of whose blocks nothing relies on, or whose blocks lie elsewhere: caches that
    /// are not suspect stay current, and so does what runs have counted as present.
    static func withoutLoss<Value>(
        _ db: Database, _ body: () throws -> Value
    ) throws -> Value {
        let generation = try generation(db)
        let value = try body()
        let name = "stat_generation"
        try db.withCursor("UPDATE state SET value = ? WHERE name = '\(name)'") { cursor in
            try cursor.bind(generation, at: 1)
            try cursor.execute()
        }
        // No count is ever negative, so these are of none.
        try db.execute(sql: "UPDATE stat_caches SET generation = -1 WHERE suspect")
        return value
    }

    /// How many blocks of a pack have none of the marks; nil if the pack is gone.
    private static func livingCount(
        _ db: Database, _ id: PackID, besides marks: [BlockMark]
    ) throws -> Int? {
        guard let (number, count) = try BlockMarks.pack(db, id) else { return nil }
        var marked = BlockBitmap(count: count)
        for mark in marks {
            let blocks = try BlockMarks.read(db, mark, pack: number, count: count)
            if let blocks { marked.formUnion(blocks) }
        }
        return count - marked.population
    }

    private static func remove(_ db: Database, _ id: PackID) throws {
        try doom(db, id)
        try deletePack(db, id)
    }

    /// Dooms the file of a pack that is about to be removed.
    private static func doom(_ db: Database, _ id: PackID) throws {
        guard let tier = try tier(db, of: id) else { return }
        try doom(db, DoomedPack(id: id, tier: tier))
    }

    static func doom(_ db: Database, _ pack: DoomedPack) throws {
        let sql = "INSERT OR IGNORE INTO doomed_packs (id, tier) VALUES (?, ?)"
        try db.withCursor(sql) { cursor in try execute(cursor, pack) }
    }

    static func undoom(_ db: Database, _ pack: DoomedPack) throws {
        let sql = "DELETE FROM doomed_packs WHERE id = ? AND tier = ?"
        try db.withCursor(sql) { cursor in try execute(cursor, pack) }
    }

    private static func execute(_ cursor: borrowing SQLCursor, _ pack: DoomedPack) throws {
        try cursor.bind(pack.id.bytes, at: 1)
        try cursor.bind(pack.tier.name, at: 2)
        try cursor.execute()
    }

    static func isDoomed(_ db: Database, _ id: PackID, in tier: PackTier) throws -> Bool {
        let sql = "SELECT 1 FROM doomed_packs WHERE id = ? AND tier = ?"
        return try db.withCursor(sql) { cursor in
            try cursor.bind(id.bytes, at: 1)
            try cursor.bind(tier.name, at: 2)
            return try cursor.step()
        }
    }

    /// The tier of a pack; nil if it is gone.
    static func tier(_ db: Database, of id: PackID) throws -> PackTier? {
        try db.withCursor("SELECT tier FROM packs WHERE id = ?") { cursor in
            try cursor.bind(id.bytes, at: 1)
            guard try cursor.step() else { return nil }
            guard let tier = PackTier(cursor.text(0)) else { throw DamagedContent() }
            return tier
        }
    }
}
