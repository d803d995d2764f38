// SPDX-License-Identifier: Apache-2.0

import Dispatch
public import FileIO
import GRDB

/// A catalog in one SQLite file, in WAL mode, that any number of processes may share.
///
/// Calls run on the database's own queues. A commit returns once its transaction is on disk
/// (`synchronous=FULL`). How blocks are laid out is told in `Docs/catalog.md`.
public final class SQLiteCatalog: Catalog {
    /// Where the catalog lies.
    public let path: String

    let options: SQLiteCatalogOptions
    let clock: WallClock
    let pool: DatabasePool
    let lookup: BlockLookup

    private init(
        path: String, options: SQLiteCatalogOptions, clock: WallClock, pool: DatabasePool,
        lookup: BlockLookup
    ) {
        self.path = path
        self.options = options
        self.clock = clock
        self.pool = pool
        self.lookup = lookup
    }

    /// Opens the catalog at `path`, or makes an empty one; its directory must exist.
    ///
    /// - Parameter clock: by which pins expire, and stat caches that nobody uses go.
    /// - Throws: ``CatalogError`` with ``CatalogError/Code/corrupt`` if the file is damaged or
    ///   something else, ``CatalogError/Code/newerSchema`` if a newer release wrote it,
    ///   ``CatalogError/Code/cannotOpen``, or ``CatalogError/Code/busy``.
    public static func open(
        at path: String, options: SQLiteCatalogOptions = SQLiteCatalogOptions(),
        clock: WallClock = .system
    ) async throws -> SQLiteCatalog {
        try await withCheckedThrowingContinuation { continuation in
            // Opening has no asynchronous form in GRDB and may wait for disk and other processes.
            DispatchQueue.global().async {
                continuation.resume(with: Result { try openBlocking(path, options, clock) })
            }
        }
    }

    /// Closes the file; later calls throw.
    ///
    /// Without it the file is closed when the last reference goes.
    ///
    /// - Throws: ``CatalogError``.
    public func close() async throws {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            DispatchQueue.global().async { [self] in
                continuation.resume(
                    with: Result {
                        // Readers first: only a writer that closes last moves the write-ahead log
                        // into the file and removes it, and `DatabasePool.close` closes it first.
                        pool.releaseMemory()
                        do {
                            try lookup.close()
                            try pool.close()
                        } catch { throw CatalogError.wrap(error, path: path) }
                    })
            }
        }
    }

    private static func openBlocking(
        _ path: String, _ options: SQLiteCatalogOptions, _ clock: WallClock
    ) throws -> SQLiteCatalog {
        do {
            try finishReplacement(at: path)
            let pool = try openPool(path, options)
            try migrate(pool, path: path)
            // It has been read, so its log may go with it.
            pool.writeWithoutTransaction { db in WriteAheadLog.stays(false, db) }
            let lookup = BlockLookup(
                versions: try openVersions(path, options),
                filterByteCount: options.filterByteCount)
            return SQLiteCatalog(
                path: path, options: options, clock: clock, pool: pool, lookup: lookup)
        } catch {
            throw CatalogError.wrap(error, path: path)
        }
    }

    private static func openPool(
        _ path: String, _ options: SQLiteCatalogOptions
    ) throws -> DatabasePool {
        let readerCount = max(options.readerCount, 1)
        let cacheKibibytes = max(options.cacheByteCount, 1 << 20) / 1024
        let readerKibibytes = cacheKibibytes / 2 / readerCount
        let writerKibibytes = cacheKibibytes / 2
        let busySeconds = options.busyTimeout / .seconds(1)

        var configuration = Configuration()
        configuration.label = "catalog"
        configuration.foreignKeysEnabled = false
        configuration.maximumReaderCount = readerCount
        configuration.busyMode = .timeout(busySeconds)
        configuration.prepareDatabase { db in
            WriteAheadLog.stays(true, db)
            // A single temporary tree never grows large here, and must not land on a full /tmp.
            try db.execute(sql: "PRAGMA temp_store = MEMORY")
            // The page caches are bounded; a mapping would count as resident memory without bound.
            try db.execute(sql: "PRAGMA mmap_size = 0")
            try db.execute(sql: "PRAGMA cache_size = -\(readerKibibytes)")
            try db.execute(sql: "PRAGMA cell_size_check = ON")
        }
        let deadline = ContinuousClock.now + options.busyTimeout
        while true {
            do {
                let pool = try DatabasePool(path: path, configuration: configuration)
                try pool.writeWithoutTransaction { db in
                    // GRDB sets NORMAL when it turns WAL on, with which a power cut can undo the
                    // last commits.
                    try db.execute(sql: "PRAGMA synchronous = FULL")
                    try db.execute(sql: "PRAGMA cache_size = -\(writerKibibytes)")
                    // 16 MiB between checkpoints; a file that a large commit grew is cut back.
                    try db.execute(sql: "PRAGMA wal_autocheckpoint = 4096")
                    try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
                }
                return pool
            } catch let error as DatabaseError
                where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < deadline
            {
                // Two processes that turn WAL on at once are refused by SQLite without a wait. This
                // thread is Dispatch's, not the cooperative pool's, so it may sleep.
                _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(20))
            }
        }
    }

    /// Opens the connection that reads one number, for which a few pages of cache are enough.
    private static func openVersions(
        _ path: String, _ options: SQLiteCatalogOptions
    ) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.label = "catalog.versions"
        configuration.readonly = true
        configuration.busyMode = .timeout(options.busyTimeout / .seconds(1))
        configuration.prepareDatabase { db in
            WriteAheadLog.stays(true, db)
            try db.execute(sql: "PRAGMA mmap_size = 0")
            try db.execute(sql: "PRAGMA cache_size = -64")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        // Once open it must not wait: its callers may be on the cooperative pool.
        try queue.unsafeRead { db in try db.execute(sql: "PRAGMA busy_timeout = 0") }
        return queue
    }

    private static func migrate(_ pool: DatabasePool, path: String) throws {
        let migrator = Schema.migrator
        let (isNewer, isCurrent) = try pool.read { db in
            (try migrator.hasBeenSuperseded(db), try migrator.hasCompletedMigrations(db))
        }
        // A newer release's catalog has all that this one's has.
        guard !isNewer || isCurrent else { throw DamagedContent() }
        guard !isNewer else {
            throw CatalogError(
                .newerSchema,
                "the catalog was written by a newer release; use that release, or move the file"
                    + " away and run: cairn reindex")
        }
        guard !isCurrent else { return }
        var applied = try pool.read(migrator.appliedIdentifiers)
        while true {
            do { return try migrator.migrate(pool) } catch {
                // Another process may be running the same migrations, one by one, beside this one:
                // as long as they get on, those that are left are tried again.
                let now = try pool.read(migrator.appliedIdentifiers)
                guard now != applied else { throw error }
                applied = now
                if try pool.read(migrator.hasCompletedMigrations) { return }
            }
        }
    }

    /// Runs `body` in a read transaction on one of GRDB's reader queues.
    func read<Value: Sendable>(
        _ body: @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do { return try await pool.read(body) } catch { throw CatalogError.wrap(error, path: path) }
    }

    /// Runs `body` in an immediate transaction on GRDB's writer queue; durable on return.
    func write<Value: Sendable>(
        _ body: @Sendable (Database) throws -> Value
    ) async throws -> Value {
        do { return try await pool.write(body) } catch {
            throw CatalogError.wrap(error, path: path)
        }
    }
}

extension SQLiteCatalog {
    /// The writer's `synchronous` setting: 2 is FULL.
    package func synchronousLevel() async throws -> Int64? {
        try await write { db in try db.integer("PRAGMA synchronous") }
    }

    /// Bytes of filters over stored blocks that are in memory now.
    package var filterByteCountInMemory: Int { lookup.loadedByteCount }
}
