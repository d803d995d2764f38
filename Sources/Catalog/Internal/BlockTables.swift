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
        try raiseVersion(db)
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

    private static let recentCountSQL = "SELECT value FROM state WHERE name = 'recent_count'"

    /// Tells every process's memory of the blocks that it is out of date.
    static func raiseVersion(_ db: Database) throws {
        try db.withCursor("UPDATE state SET value = value + 1 WHERE name = 'block_version'") {
            cursor in try cursor.execute()
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
        var writer = RunWriter(try RunWriter.newRun(db, tier: 0, sealed: true))
        var last: [UInt8] = []
        var rest = recent[...]
        for block in blocks {
            while let row = rest.first, !KeyOrder.precedes(block.multihash, row.multihash) {
                try writer.append(db, row.multihash, row.place)
                last = row.multihash
                rest.removeFirst()
            }
            // Recent before, or twice in the pack: the older place, or the lower ordinal, stays.
            guard block.multihash != last else { continue }
            last = block.multihash
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
