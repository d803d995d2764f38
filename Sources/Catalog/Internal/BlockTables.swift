// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

/// Blocks in the catalog: a small table of recent ones, and sorted runs of all others.
enum BlockTables {
    /// Adds the blocks of a new pack.
    ///
    /// - Parameter blocks: sorted by key, then ordinal.
    static func insert(
        _ db: Database, _ blocks: [NewBlock], packNumber: Int64, recentLimit: Int
    ) throws {
        guard !blocks.isEmpty else { return }
        let recentCount = Int(try db.integer(recentCountSQL) ?? 0)
        guard recentCount + blocks.count < recentLimit else {
            try cutRun(db, blocks, packNumber: packNumber)
            return try setRecentCount(db, 0)
        }
        // Rows of packs that are gone may still lie here; a living place is never overwritten.
        let sql = """
            INSERT INTO blocks_recent (multihash, place) VALUES (?, ?)
            ON CONFLICT (multihash) DO UPDATE SET place = excluded.place
            WHERE NOT EXISTS (SELECT 1 FROM packs WHERE number = blocks_recent.place >> 24)
            """
        try db.withCursor(sql) { cursor in
            for block in blocks {
                try cursor.bind(block.multihash, at: 1)
                let place = Place(packNumber: packNumber, ordinal: block.ordinal)
                try cursor.bind(place.rawValue, at: 2)
                try cursor.execute()
            }
        }
        try setRecentCount(db, recentCount + blocks.count)
    }

    /// Looks keys up in the recent table and in every run; the oldest living place wins.
    static func places(_ db: Database, of multihashes: [[UInt8]]) throws -> [BlockPlace?] {
        let runs = try Run.all(db)
        var packs: [Int64: PackID?] = [:]
        var places = [BlockPlace?](repeating: nil, count: multihashes.count)
        func resolve(_ place: Place) throws -> BlockPlace? {
            let id: PackID?
            if let known = packs[place.packNumber] {
                id = known
            } else {
                id = try packID(db, number: place.packNumber)
                packs[place.packNumber] = .some(id)
            }
            return id.map { BlockPlace(packID: $0, ordinal: place.ordinal) }
        }
        try db.withCursor(chunkSQL) { chunk in
            try db.withCursor("SELECT place FROM blocks_recent WHERE multihash = ?") { recent in
                // In the order of keys, neighbours share pages.
                for index in order(of: multihashes) {
                    let key = multihashes[index]
                    for run in runs {
                        guard let place = try find(key, in: run, chunk) else { continue }
                        places[index] = try resolve(place)
                        if places[index] != nil { break }
                    }
                    guard places[index] == nil else { continue }
                    try recent.bind(key, at: 1)
                    if try recent.step() {
                        places[index] = try resolve(Place(rawValue: recent.integer(0)))
                    }
                    recent.reset()
                }
            }
        }
        return places
    }

    private static let recentCountSQL = "SELECT value FROM state WHERE name = 'recent_count'"

    private static let chunkSQL = """
        SELECT body FROM chunks WHERE run = ? AND separator <= ?
        ORDER BY separator DESC LIMIT 1
        """

    private static func find(
        _ key: [UInt8], in run: Run, _ chunk: borrowing SQLCursor
    ) throws -> Place? {
        try chunk.bind(run.number, at: 1)
        try chunk.bind(key, at: 2)
        defer { chunk.reset() }
        guard try chunk.step() else { return nil }
        return try chunk.withBytes(0) { body in try Chunk.find(key.span, in: body) }
    }

    /// The indices of keys, sorted by key.
    private static func order(of keys: [[UInt8]]) -> [Int] {
        guard keys.count > 1 else { return Array(keys.indices) }
        return keys.indices.sorted { KeyOrder.precedes(keys[$0], keys[$1]) }
    }

    private static func packID(_ db: Database, number: Int64) throws -> PackID? {
        try db.withCursor("SELECT id FROM packs WHERE number = ?") { cursor in
            try cursor.bind(number, at: 1)
            guard try cursor.step() else { return nil }
            guard let id = PackID(cursor.bytes(0)) else { throw DamagedContent() }
            return id
        }
    }

    /// Empties the recent table into a new run, together with the blocks of a new pack.
    private static func cutRun(_ db: Database, _ blocks: [NewBlock], packNumber: Int64) throws {
        var live = LivePacks()
        var recent: [BlockRow] = []
        try db.withCursor("SELECT multihash, place FROM blocks_recent ORDER BY multihash") {
            cursor in
            while try cursor.step() {
                let place = Place(rawValue: cursor.integer(1))
                guard try live.contains(db, place) else { continue }
                recent.append(BlockRow(multihash: cursor.bytes(0), place: place))
            }
        }
        var writer = RunWriter(run: try RunWriter.newRun(db, tier: 0, sealed: true))
        var rest = recent[...]
        for block in blocks {
            while let row = rest.first, !KeyOrder.precedes(block.multihash, row.multihash) {
                try writer.append(db, row.multihash, row.place)
                rest.removeFirst()
            }
            // Recent before, or twice in the pack: the older place, or the lower ordinal, stays.
            guard block.multihash != writer.last else { continue }
            let place = Place(packNumber: packNumber, ordinal: block.ordinal)
            try writer.append(db, block.multihash, place)
        }
        for row in rest { try writer.append(db, row.multihash, row.place) }
        try writer.flush(db)
        try db.execute(sql: "DELETE FROM blocks_recent")
    }

    private static func setRecentCount(_ db: Database, _ count: Int) throws {
        try db.withCursor("UPDATE state SET value = ? WHERE name = 'recent_count'") { cursor in
            try cursor.bind(Int64(count), at: 1)
            try cursor.execute()
        }
    }
}
