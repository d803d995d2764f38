// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Appends sorted blocks to a run, chunk by chunk.
struct RunWriter {
    let run: Int64
    /// The last key of the chunk before the one being built; empty at the start of a run.
    private var lastWritten: [UInt8]
    private var builder = ChunkBuilder()

    /// Starts or goes on with a run.
    ///
    /// - Parameter lastWritten: the run's last key so far; empty if it has none.
    init(run: Int64, after lastWritten: [UInt8] = []) {
        self.run = run
        self.lastWritten = lastWritten
    }

    /// Adds a run to the catalog.
    static func newRun(_ db: Database, tier: Int64, sealed: Bool) throws -> Int64 {
        try db.withCursor("INSERT INTO runs (tier, sealed) VALUES (?, ?)") { cursor in
            try cursor.bind(tier, at: 1)
            try cursor.bind(sealed ? 1 : 0, at: 2)
            try cursor.execute()
        }
        return db.lastInsertedRowID
    }

    /// The last key written or gathered; empty if there is none.
    var last: [UInt8] { builder.count > 0 ? builder.last : lastWritten }

    /// Whether a block of that key goes into the chunk being gathered.
    func fits(_ key: [UInt8]) -> Bool { builder.fits(key) }

    /// Appends a block whose key lies beyond ``last``.
    mutating func append(_ db: Database, _ key: [UInt8], _ place: Place) throws {
        if !builder.fits(key) { try flush(db) }
        builder.append(key, place)
    }

    /// Writes out what has been gathered.
    mutating func flush(_ db: Database) throws {
        guard builder.count > 0 else { return }
        // The shortest key that tells this chunk from the one before keeps the index small.
        let first = builder.first
        let shared = KeyOrder.commonPrefix(lastWritten.span, first.span)
        let separator = Array(first[..<min(shared + 1, first.count)])
        lastWritten = builder.last
        let body = builder.take()
        try db.withCursor("INSERT INTO chunks (run, separator, body) VALUES (?, ?, ?)") { cursor in
            try cursor.bind(run, at: 1)
            try cursor.bind(separator, at: 2)
            try cursor.bind(body, at: 3)
            try cursor.execute()
        }
    }
}
