// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Appends sorted blocks to a run, chunk by chunk, and the filters over its chunks.
struct RunWriter {
    let run: Int64
    /// The last key of the chunk before the one being built; empty at the start of a run.
    private var lastWritten: [UInt8]
    private var builder = ChunkBuilder()
    /// Nil for a run that an earlier release began without filters.
    private var filter: FilterBuilder?

    /// Starts or goes on with a run.
    ///
    /// - Parameter lastWritten: the run's last key so far; empty if it has none.
    init(_ run: Run, after lastWritten: [UInt8] = []) {
        self.run = run.number
        self.lastWritten = lastWritten
        filter = run.hasFilters ? FilterBuilder(tier: run.tier) : nil
    }

    /// Adds an empty run to the catalog.
    static func newRun(_ db: Database, tier: Int64, sealed: Bool) throws -> Run {
        let sql = "INSERT INTO runs (tier, sealed, has_filters) VALUES (?, ?, 1)"
        try db.withCursor(sql) { cursor in
            try cursor.bind(tier, at: 1)
            try cursor.bind(sealed ? 1 : 0, at: 2)
            try cursor.execute()
        }
        return Run(
            number: db.lastInsertedRowID, tier: tier, target: nil, isSealed: sealed,
            mergedThrough: [], hasFilters: true)
    }

    /// Whether a block of that key goes into the chunk being gathered.
    func fits(_ key: [UInt8]) -> Bool { builder.fits(key) }

    /// Appends a block whose key lies beyond all others.
    mutating func append(_ db: Database, _ key: [UInt8], _ place: Place) throws {
        if builder.append(key, place) { return }
        try flushChunk(db)
        // An empty chunk takes any key.
        _ = builder.append(key, place)
    }

    /// Writes out what has been gathered.
    mutating func flush(_ db: Database) throws {
        try flushChunk(db)
        try flushFilter(db)
    }

    private mutating func flushChunk(_ db: Database) throws {
        guard builder.count > 0 else { return }
        // The shortest key that tells this chunk from the one before keeps the index small.
        let first = builder.first
        let shared = KeyOrder.commonPrefix(lastWritten.span, first.span)
        let separator = Array(first[..<min(shared + 1, first.count)])
        lastWritten = builder.last
        if filter?.fits(builder.count) == false { try flushFilter(db) }
        filter?.append(builder.hashes, separator: separator)
        let body = builder.take()
        try db.withCursor("INSERT INTO chunks (run, separator, body) VALUES (?, ?, ?)") { cursor in
            try cursor.bind(run, at: 1)
            try cursor.bind(separator, at: 2)
            try cursor.bind(body, at: 3)
            try cursor.execute()
        }
    }

    private mutating func flushFilter(_ db: Database) throws {
        guard let separator = filter?.separator, filter?.isEmpty == false,
            let body = filter?.take()
        else { return }
        try db.withCursor("INSERT INTO filters (run, separator, body) VALUES (?, ?, ?)") { cursor in
            try cursor.bind(run, at: 1)
            try cursor.bind(separator, at: 2)
            try cursor.bind(body, at: 3)
            try cursor.execute()
        }
    }
}
