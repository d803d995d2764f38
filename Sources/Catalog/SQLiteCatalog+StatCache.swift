// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import FileIO
import GRDB

extension SQLiteCatalog {
    /// As ``StatCacheStore/statCache(for:)``.
    public func statCache(for key: [UInt8]) async throws -> StatCache {
        try await read { db in
            let empty = StatCache(
                key: key, number: nil, version: 0, generation: try Self.generation(db),
                collection: try Self.collection(db), nextDirectory: 1)
            // A catalog that is being rebuilt may miss packs that it had.
            return try Self.isRebuilding(db) ? empty : Self.cache(db, filling: empty) ?? empty
        }
    }

    /// As ``StatCacheStore/statCacheRows(of:from:byteLimit:)``.
    public func statCacheRows(
        of cache: StatCache, from first: StatCacheRow.ID, byteLimit: Int
    ) async throws -> [StatCacheRow] {
        guard let number = cache.number else { return [] }
        return try await read { db in
            let sql = """
                SELECT id, body FROM stat_rows WHERE id BETWEEN ? AND ? ORDER BY id
                """
            return try db.withCursor(sql) { cursor in
                try cursor.bind(RowKey(number, first).rawValue, at: 1)
                try cursor.bind(RowKey.last(of: number), at: 2)
                var rows: [StatCacheRow] = []
                var byteCount = 0
                while byteCount < byteLimit, try cursor.step() {
                    let id = RowKey(rawValue: cursor.integer(0)).id
                    rows.append(StatCacheRow(id: id, body: cursor.bytes(1)))
                    byteCount += rows[rows.count - 1].body.count
                }
                return rows
            }
        }
    }

    /// As ``StatCacheStore/stage(_:removing:in:)``.
    public func stage(
        _ rows: [StatCacheRow], removing directories: [UInt32], in cache: StatCache
    ) async throws -> StatCache? {
        let now = clock.milliseconds
        return try await write { db in
            guard try Self.isCurrent(db, cache) else { return nil }
            var staged = cache
            let number = try cache.number ?? Self.insertCache(db, cache, now)
            guard number < Self.numberLimit else { return nil }
            staged.number = number
            staged.version += 1
            for row in rows { try Self.write(db, row, number) }
            for directory in directories {
                let rows = RowKey.rows(of: directory, number, from: 0)
                try Self.removeRows(db, rows)
            }
            try Self.update(db, staged, isLive: nil, now)
            return staged
        }
    }

    /// As ``StatCacheStore/add(_:reusing:caching:)``.
    public func add(
        _ snapshot: SnapshotRecord, reusing reused: [PackID], caching caches: [StatCacheCommit],
        in session: String?
    ) async throws -> Bool {
        let now = clock.milliseconds
        return try await write { db in
            for commit in caches where commit.isReliedOn {
                guard try Self.version(db, of: commit.cache) != nil else { return false }
            }
            try Self.add(db, snapshot, reusing: reused, in: session)
            for commit in caches where try Self.isCurrent(db, commit.cache) {
                guard commit.cache.number != nil else { continue }
                if commit.replaces { try Self.retire(db, key: commit.cache.key) }
                var cache = commit.cache
                cache.version += 1
                try Self.update(db, cache, isLive: true, now)
            }
            try Self.retireUnused(db, now)
            return true
        }
    }

    /// As ``StatCacheStore/dropStatCache(for:)``.
    public func dropStatCache(for key: [UInt8]) async throws {
        try await write { db in try Self.retire(db, key: key) }
    }

    /// As ``StatCacheStore/sweepStatCaches()``.
    public func sweepStatCaches() async throws -> Bool {
        let sql = """
            SELECT number FROM stat_caches WHERE key IS NULL AND used_at < ? LIMIT 1
            """
        let last = clock.milliseconds - Self.stagingMilliseconds
        let find = { @Sendable (db: Database) throws -> Int64? in
            try db.withCursor(sql) { cursor in
                try cursor.bind(last, at: 1)
                return try cursor.step() ? cursor.integer(0) : nil
            }
        }
        guard try await read(find) != nil else { return false }
        return try await write { db in
            guard let number = try find(db) else { return false }
            let rows = RowKey(number, StatCacheRow.ID(directory: 0)).rawValue
            try db.withCursor(
                """
                DELETE FROM stat_rows WHERE id IN (
                    SELECT id FROM stat_rows WHERE id BETWEEN ? AND ? LIMIT ?)
                """
            ) { cursor in
                try cursor.bind(rows, at: 1)
                try cursor.bind(RowKey.last(of: number), at: 2)
                try cursor.bind(Self.sweepCount, at: 3)
                try cursor.execute()
            }
            if db.changesCount == 0 {
                try db.withCursor("DELETE FROM stat_caches WHERE number = ?") { cursor in
                    try cursor.bind(number, at: 1)
                    try cursor.execute()
                }
            }
            return true
        }
    }
}

extension SQLiteCatalog {
    /// For how long a cache that is not live may still be one that a run is writing.
    private static let stagingMilliseconds: Int64 = 86_400_000
    /// Caches that no run has used for so long are forgotten: 100 days, so that a quarterly run
    /// still finds its own.
    private static let unusedMilliseconds: Int64 = 100 * 86_400_000
    /// Rows removed in one transaction of a sweep.
    private static let sweepCount: Int64 = 2_000
    /// What a row's key has room for; past it nothing is remembered any more.
    private static let numberLimit: Int64 = 1 << 21

    /// How often packs have been lost.
    static func generation(_ db: Database) throws -> Int64 {
        try db.integer("SELECT value FROM state WHERE name = 'stat_generation'") ?? 0
    }

    private static func cache(_ db: Database, filling empty: StatCache) throws -> StatCache? {
        let sql = """
            SELECT number, version, next_directory FROM stat_caches
            WHERE key = ? AND generation = ? AND NOT suspect
            """
        return try db.withCursor(sql) { cursor in
            try cursor.bind(empty.key, at: 1)
            try cursor.bind(empty.generation, at: 2)
            guard try cursor.step() else { return nil }
            guard let next = UInt32(exactly: cursor.integer(2)) else { throw DamagedContent() }
            return StatCache(
                key: empty.key, number: cursor.integer(0), version: cursor.integer(1),
                generation: empty.generation, collection: empty.collection, nextDirectory: next)
        }
    }

    /// The version of a cache that was opened as `cache`; nil if what it named then may be gone.
    ///
    /// The row tells, as a collection makes some caches stale and others not. A row that is gone
    /// may have been one of those.
    private static func version(_ db: Database, of cache: StatCache) throws -> Int64? {
        guard try generation(db) == cache.generation else { return nil }
        guard let number = cache.number else { return cache.version }
        let sql = "SELECT version, generation FROM stat_caches WHERE number = ?"
        return try db.withCursor(sql) { cursor in
            try cursor.bind(number, at: 1)
            guard try cursor.step(), cursor.integer(1) == cache.generation else { return nil }
            return cursor.integer(0)
        }
    }

    /// Whether a cache is not stale and no other run has written since `cache` was read.
    private static func isCurrent(_ db: Database, _ cache: StatCache) throws -> Bool {
        try version(db, of: cache) == cache.version
    }

    private static func insertCache(
        _ db: Database, _ cache: StatCache, _ now: Int64
    ) throws -> Int64 {
        let sql = """
            INSERT INTO stat_caches (key, version, generation, next_directory, used_at)
            VALUES (NULL, ?, ?, ?, ?)
            """
        try db.withCursor(sql) { cursor in
            try cursor.bind(cache.version, at: 1)
            try cursor.bind(cache.generation, at: 2)
            try cursor.bind(Int64(cache.nextDirectory), at: 3)
            try cursor.bind(now, at: 4)
            try cursor.execute()
        }
        return db.lastInsertedRowID
    }

    /// Writes what is known of a cache; `isLive` gives it its key, nil leaves that as it is and
    /// says that rows were staged.
    private static func update(
        _ db: Database, _ cache: StatCache, isLive: Bool?, _ now: Int64
    ) throws {
        let sql = """
            UPDATE stat_caches SET version = ?1, next_directory = ?2, used_at = ?3,
                key = CASE WHEN ?4 THEN ?5 ELSE key END, staged = NOT ?4,
                suspect = suspect OR ?6
            WHERE number = ?7
            """
        // A run that began before the collection may have counted as present what is condemned.
        let isSuspect = try isCondemning(db) && cache.collection != collection(db)
        try db.withCursor(sql) { cursor in
            try cursor.bind(cache.version, at: 1)
            try cursor.bind(Int64(cache.nextDirectory), at: 2)
            try cursor.bind(now, at: 3)
            try cursor.bind(isLive == true ? 1 : 0, at: 4)
            try cursor.bind(cache.key, at: 5)
            try cursor.bind(isSuspect ? 1 : 0, at: 6)
            try cursor.bind(cache.number, at: 7)
            try cursor.execute()
        }
    }

    private static func write(_ db: Database, _ row: StatCacheRow, _ number: Int64) throws {
        if row.id.segment == 0, row.lastSegment < StatCacheRow.segmentLimit {
            let beyond = RowKey.rows(of: row.id.directory, number, from: row.lastSegment + 1)
            try removeRows(db, beyond)
        }
        try db.withCursor("INSERT OR REPLACE INTO stat_rows (id, body) VALUES (?, ?)") { cursor in
            try cursor.bind(RowKey(number, row.id).rawValue, at: 1)
            try cursor.bind(row.body, at: 2)
            try cursor.execute()
        }
    }

    private static func removeRows(_ db: Database, _ rows: ClosedRange<Int64>) throws {
        try db.withCursor("DELETE FROM stat_rows WHERE id BETWEEN ? AND ?") { cursor in
            try cursor.bind(rows.lowerBound, at: 1)
            try cursor.bind(rows.upperBound, at: 2)
            try cursor.execute()
        }
    }

    /// Takes the key of a cache away; a sweep removes its rows.
    private static func retire(_ db: Database, key: [UInt8]) throws {
        let sql = "UPDATE stat_caches SET key = NULL, used_at = 0 WHERE key = ?"
        try db.withCursor(sql) { cursor in
            try cursor.bind(key, at: 1)
            try cursor.execute()
        }
    }

    private static func retireUnused(_ db: Database, _ now: Int64) throws {
        let sql = "UPDATE stat_caches SET key = NULL, used_at = 0 WHERE used_at < ? AND key NOTNULL"
        try db.withCursor(sql) { cursor in
            try cursor.bind(now - unusedMilliseconds, at: 1)
            try cursor.execute()
        }
    }
}
