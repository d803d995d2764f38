// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import GRDB
public import Logging
import Multiformats

extension SQLiteProviderStore {
    /// Opens the store at `path`, or makes an empty one; its directory must exist.
    ///
    /// `batchCount` records are written at once; more of them are faster, and take 150 bytes each.
    /// A file that is damaged is renamed, `.damaged` added to its name, in the place of an earlier
    /// one; `logger` is told, and the store begins anew.
    ///
    /// - Throws: ``ProviderStoreError`` with `newerSchema` or `inputOutput`.
    public static func open(
        at path: String, limits: ProviderStoreLimits = ProviderStoreLimits(),
        batchCount: Int = 16_384, logger: Logger = Logger(label: "dht.store")
    ) async throws -> SQLiteProviderStore {
        precondition(batchCount > 0, "batches of \(batchCount)")
        return try await withCheckedThrowingContinuation { continuation in
            // Opening has no asynchronous form in GRDB and waits for the disk.
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        do { return try openOrReplace(path, limits, batchCount, logger) } catch {
                            throw ProviderStoreError.wrap(error)
                        }
                    })
            }
        }
    }

    private static func openOrReplace(
        _ path: String, _ limits: ProviderStoreLimits, _ batchCount: Int, _ logger: Logger
    ) throws -> SQLiteProviderStore {
        do { return try openBlocking(path, limits, batchCount) } catch let error as DatabaseError
            where error.isDamage
        {
            logger.warning(
                "the file of provider records is damaged; a new one begins",
                metadata: ["path": "\(path)", "error": "\(error)"])
            try moveAside(path)
            return try openBlocking(path, limits, batchCount)
        }
    }

    /// Renames a database that nobody has open, after what SQLite keeps beside it: no new database
    /// may meet the log of an old one.
    private static func moveAside(_ path: String) throws {
        let files = FileManager.default
        for suffix in ["-wal", "-shm", ""] {
            let target = path + ".damaged" + suffix
            if files.fileExists(atPath: target) { try files.removeItem(atPath: target) }
            guard files.fileExists(atPath: path + suffix) else { continue }
            try files.moveItem(atPath: path + suffix, toPath: target)
        }
    }

    private static func openBlocking(
        _ path: String, _ limits: ProviderStoreLimits, _ batchCount: Int
    ) throws -> SQLiteProviderStore {
        var configuration = Configuration()
        configuration.label = "providers"
        configuration.maximumReaderCount = 2
        configuration.busyMode = .timeout(10)
        configuration.prepareDatabase { db in
            // 8 MiB for the writer and each reader, and no more: a mapping would count as memory.
            try db.execute(sql: "PRAGMA cache_size = -8192; PRAGMA mmap_size = 0")
        }
        // GRDB turns WAL on with `synchronous=NORMAL`: a power cut may undo the last commits, but
        // damages nothing, which is right for soft state.
        let pool = try DatabasePool(path: path, configuration: configuration)
        guard try !pool.read(migrator.hasBeenSuperseded) else {
            throw ProviderStoreError(
                .newerSchema, "the provider records were written by a newer release")
        }
        try migrator.migrate(pool)
        // Older releases left rows of providers none of whose records had been kept.
        try pool.write { try $0.execute(sql: "DELETE FROM providers WHERE record_count <= 0") }
        let state = try pool.read { db in
            var state = State()
            let rows = try Row.fetchCursor(
                db, sql: "SELECT number, peer, record_count, ip_group FROM providers")
            while let row = try rows.next() {
                guard let bytes: Data = row[1], let peer = PeerID(stored: bytes) else { continue }
                let count: Int = row[2]
                let group: Int64? = row[3]
                state.providers[peer] = Provider(
                    number: row[0], recordCount: count,
                    group: group.flatMap { IPGroup(stored: $0) })
                state.storedCount += count
            }
            state.shares = GroupShares(of: state.providers.values)
            return state
        }
        return SQLiteProviderStore(
            path: path, limits: limits, batchCount: batchCount, pool: pool, state: state)
    }

    /// All migrations, oldest first; a released one is never edited.
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            // The key comes first, so that a batch sorted by key goes to few pages. There is no
            // index by expiry: it would double the writes, and a sweep reads all rows in seconds.
            try db.execute(
                sql: """
                    CREATE TABLE providers (
                        number INTEGER PRIMARY KEY AUTOINCREMENT,
                        peer BLOB NOT NULL UNIQUE,
                        addresses BLOB NOT NULL,
                        addresses_expire_at INTEGER NOT NULL,
                        record_count INTEGER NOT NULL
                    ) STRICT;
                    CREATE TABLE records (
                        multihash BLOB NOT NULL,
                        provider INTEGER NOT NULL,
                        expires_at INTEGER NOT NULL,
                        PRIMARY KEY (multihash, provider)
                    ) STRICT, WITHOUT ROWID;
                    """)
        }
        migrator.registerMigration("v2") { db in
            // By provider: a group's sums are those of its rows, and records stay as small.
            try db.execute(sql: "ALTER TABLE providers ADD COLUMN ip_group INTEGER")
        }
        return migrator
    }
}

extension ProviderStoreError {
    /// The store has been closed.
    static let closed = ProviderStoreError(.closed, "the provider store has been closed")

    /// Gives an error of SQLite its meaning; cancellations and own errors pass untouched.
    static func wrap(_ error: any Error) -> any Error {
        switch error {
        case is CancellationError, is ProviderStoreError: return error
        case let error as DatabaseError where error.isDamage:
            return ProviderStoreError(
                .corrupt, "the file of provider records is damaged; it can be deleted",
                cause: error)
        default:
            return ProviderStoreError(.inputOutput, "provider records: \(error)", cause: error)
        }
    }
}

extension DatabaseError {
    /// Whether the file is damaged, or no database at all.
    fileprivate var isDamage: Bool {
        resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB
    }
}

extension IPGroup {
    /// What the database holds: the bits of the group, and for IPv6 one before its 32.
    var stored: Int64 {
        switch self {
        case .ip4(let bits): Int64(bits)
        case .ip6(let bits): 1 << 32 | Int64(bits)
        }
    }

    /// Reads what the database holds; nil if it is no group.
    init?(stored number: Int64) {
        if let bits = UInt16(exactly: number) {
            self = .ip4(bits)
        } else if let bits = UInt32(exactly: number ^ 1 << 32) {
            self = .ip6(bits)
        } else {
            return nil
        }
    }
}

extension PeerID {
    /// Reads what the database holds; nil if it is no peer ID.
    init?(stored bytes: Data) {
        // The file may be damaged; such a row is left out.
        guard let peer = try? PeerID([UInt8](bytes)) else { return nil }
        self = peer
    }
}
