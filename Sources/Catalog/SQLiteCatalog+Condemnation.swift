// SPDX-License-Identifier: Apache-2.0

import GRDB

extension SQLiteCatalog {
    /// As ``ReclamationStore/condemn(_:liveCaches:)``.
    public func condemn(
        _ packs: [PackBlocks], liveCaches: [RememberedSource]
    ) async throws -> [Session] {
        try await write { db in
            guard try !Self.isRebuilding(db) else {
                throw CatalogError(
                    .rebuilding,
                    "the catalog is being rebuilt and may miss snapshots; let `cairn reindex` end first"
                )
            }
            try BlockMarks.removeAll(db, .condemned)
            try BlockMarks.add(db, .condemned, packs)
            try db.execute(
                sql: """
                    UPDATE state SET value = value + 1 WHERE name = 'collection';
                    UPDATE state SET value = 1 WHERE name = 'condemning';
                    UPDATE stat_caches SET suspect = 1;
                    """)
            try Self.trust(db, liveCaches)
            return try Self.sessions(db)
        }
    }

    /// As ``ReclamationStore/condemned()``.
    public func condemned() async throws -> [PackBlocks] {
        try await read { db in try BlockMarks.all(db, .condemned) }
    }

    /// As ``ReclamationStore/spare(_:liveCaches:)``.
    public func spare(
        _ packs: [PackBlocks], liveCaches: [RememberedSource]
    ) async throws {
        try await write { db in
            try BlockMarks.remove(db, .condemned, packs)
            try Self.trust(db, liveCaches)
        }
    }

    /// As ``ReclamationStore/releaseCondemned()``.
    public func releaseCondemned() async throws {
        try await write { db in
            try BlockMarks.removeAll(db, .condemned)
            // Those of which blocks were swept are stale by now; all others are whole.
            try db.execute(
                sql: """
                    UPDATE state SET value = 0 WHERE name = 'condemning';
                    UPDATE stat_caches SET suspect = 0;
                    """)
        }
    }

    /// As ``ReclamationStore/quarantine(_:)``.
    public func quarantine(_ packs: [PackBlocks]) async throws {
        try await write { db in
            guard try BlockMarks.add(db, .quarantined, packs) else { return }
            // A run that does not open a file because it is unchanged would never store it again.
            try db.execute(
                sql: "UPDATE state SET value = value + 1 WHERE name = 'stat_generation'")
        }
    }

    /// As ``ReclamationStore/quarantined()``.
    public func quarantined() async throws -> [PackBlocks] {
        try await read { db in try BlockMarks.all(db, .quarantined) }
    }

    /// As ``ReclamationStore/release(quarantined:)``.
    public func release(quarantined packs: [PackBlocks]) async throws {
        try await write { db in try BlockMarks.remove(db, .quarantined, packs) }
    }

    /// As ``ReclamationStore/statCaches()``.
    public func statCaches() async throws -> [RememberedSource] {
        try await read { db in
            // Rows that a run staged without recording a snapshot name blocks of no root.
            let sql = """
                SELECT number, version, key FROM stat_caches
                WHERE key NOTNULL AND NOT staged AND generation = ? ORDER BY number
                """
            var caches = try db.withCursor(sql) { cursor in
                try cursor.bind(try Self.generation(db), at: 1)
                var caches: [RememberedSource] = []
                while try cursor.step() {
                    caches.append(
                        RememberedSource(
                            number: cursor.integer(0), version: cursor.integer(1),
                            key: cursor.bytes(2), row: []))
                }
                return caches
            }
            try db.withCursor("SELECT body FROM stat_rows WHERE id = ?") { cursor in
                for index in caches.indices {
                    let id = RowKey(caches[index].number, StatCacheRow.ID(directory: 0))
                    try cursor.bind(id.rawValue, at: 1)
                    if try cursor.step() { caches[index].row = cursor.bytes(0) }
                    cursor.reset()
                }
            }
            return caches
        }
    }

    /// How many collections have begun.
    static func collection(_ db: Database) throws -> Int64 {
        try db.integer("SELECT value FROM state WHERE name = 'collection'") ?? 0
    }

    /// Whether a collection has condemned blocks and not ended.
    static func isCondemning(_ db: Database) throws -> Bool {
        try db.integer("SELECT value FROM state WHERE name = 'condemning'") != 0
    }

    /// Lets runs have caches that name nothing condemned, unless they have changed since.
    private static func trust(_ db: Database, _ caches: [RememberedSource]) throws {
        let sql = """
            UPDATE stat_caches SET suspect = 0 WHERE number = ? AND version = ? AND NOT staged
            """
        try db.withCursor(sql) { cursor in
            for cache in caches {
                try cursor.bind(cache.number, at: 1)
                try cursor.bind(cache.version, at: 2)
                try cursor.execute()
            }
        }
    }
}
