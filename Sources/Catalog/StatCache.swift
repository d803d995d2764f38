// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// What is remembered of sources between runs, so that files that are unchanged need not be read.
///
/// Rows are bytes of the caller's own format. A cache may be behind the blocks that are stored,
/// never ahead: rows are staged only when all blocks that they name are committed. A loss of packs
/// makes all caches stale, in the same transaction; a collection only those that may name blocks
/// that it removes.
///
/// All calls throw ``CatalogError`` or `CancellationError`, as ``Catalog`` says.
public protocol StatCacheStore: Sendable {
    /// What is remembered under `key`; of a key that is unknown or stale, an empty cache.
    func statCache(for key: [UInt8]) async throws -> StatCache

    /// The rows of a cache from `first` on, in their order, until they have `byteLimit` bytes; at
    /// least one row if there is one.
    func statCacheRows(
        of cache: StatCache, from first: StatCacheRow.ID, byteLimit: Int
    ) async throws -> [StatCacheRow]

    /// Writes rows, replacing those of the same id, and removes directories, in one transaction.
    ///
    /// A row of segment 0 removes the segments beyond ``StatCacheRow/lastSegment``.
    ///
    /// - Returns: the cache with its version moved on; nil, and nothing is written, if it is stale
    ///   or another run has changed it since.
    func stage(
        _ rows: [StatCacheRow], removing directories: [UInt32], in cache: StatCache
    ) async throws -> StatCache?

    /// Records a finished run together with the caches of its sources.
    ///
    /// A cache that another run has changed since is left to that run.
    ///
    /// - Parameter session: the one in which the run was; the packs that it committed live by their
    ///   blocks from now on.
    /// - Returns: false, and nothing is recorded, if a cache was relied on that has become stale
    ///   since it was opened: what it named may be gone.
    /// - Throws: as ``Catalog/add(_:reusing:)``, and ``CatalogError/Code/sessionEnded``.
    func add(
        _ snapshot: SnapshotRecord, reusing reused: [PackID], caching caches: [StatCacheCommit],
        in session: String?
    ) async throws -> Bool

    /// Forgets what is remembered under `key`.
    func dropStatCache(for key: [UInt8]) async throws

    /// Removes some rows that no cache needs any more.
    ///
    /// - Returns: whether there may be more.
    func sweepStatCaches() async throws -> Bool
}

/// One source under one set of options, as it was when the cache was opened.
public struct StatCache: Hashable, Sendable {
    /// What it is known by.
    public var key: [UInt8]
    /// The small name under which its rows are kept; nil while it has none.
    public var number: Int64?
    /// Counts the runs that have changed it.
    public var version: Int64
    /// How often packs or blocks had been lost.
    public var generation: Int64
    /// How many collections had begun.
    public var collection: Int64
    /// The least directory number that was never given out.
    public var nextDirectory: UInt32
}

/// A part of a directory, or a whole one.
public struct StatCacheRow: Hashable, Sendable {
    /// Directory, then segment.
    public struct ID: Hashable, Comparable, Sendable {
        /// A directory's number within its cache.
        public var directory: UInt32
        /// 0 for the row that tells of the whole directory.
        public var segment: UInt16

        /// Pairs a directory with a segment.
        public init(directory: UInt32, segment: UInt16 = 0) {
            self.directory = directory
            self.segment = segment
        }

        /// Orders by directory, then segment.
        public static func < (left: ID, right: ID) -> Bool {
            (left.directory, left.segment) < (right.directory, right.segment)
        }
    }

    /// The highest directory number.
    public static let directoryLimit: UInt32 = 1 << 27 - 1
    /// The highest segment number.
    public static let segmentLimit: UInt16 = 1 << 15 - 1

    /// Where the row belongs.
    public var id: ID
    /// For segment 0: the highest segment that the directory has.
    public var lastSegment: UInt16
    /// The content.
    public var body: [UInt8]

    /// A row with each property given.
    public init(id: ID, lastSegment: UInt16 = 0, body: [UInt8]) {
        self.id = id
        self.lastSegment = lastSegment
        self.body = body
    }
}

/// What a finished run makes of one cache.
public struct StatCacheCommit: Hashable, Sendable {
    /// The cache as it was opened or staged last.
    public var cache: StatCache
    /// Whether the cache's rows are all of this run: they replace what was known under its key.
    public var replaces: Bool
    /// Whether the run took something for stored because the cache said so.
    public var isReliedOn: Bool

    /// A commit with each property given.
    public init(cache: StatCache, replaces: Bool, isReliedOn: Bool) {
        self.cache = cache
        self.replaces = replaces
        self.isReliedOn = isReliedOn
    }
}
