// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

/// Blocks in the catalog: a small table of recent ones, and sorted runs of all others.
enum BlockTables {
    /// Adds the blocks of a new pack.
    ///
    /// - Parameters:
    ///   - blocks: sorted by key, then ordinal.
    ///   - isCached: whether the pack lies in the `cache` tier.
    static func insert(
        _ db: Database, _ blocks: [NewBlock], packNumber: Int64, isCached: Bool, recentLimit: Int
    ) throws {
        guard !blocks.isEmpty else { return }
        try raiseVersion(db)
        let recentCount = Int(try db.integer(recentCountSQL) ?? 0)
        guard recentCount + blocks.count < recentLimit else {
            try cutRun(db, blocks, packNumber: packNumber, isCached: isCached)
            return try setRecentCount(db, 0)
        }
        let hasMarks = try BlockMarks.exist(db)
        try db.withCursor(isCached ? insertCachedSQL : insertSQL) { cursor in
            for block in blocks {
                try cursor.bind(block.multihash, at: 1)
                let place = Place(packNumber: packNumber, ordinal: block.ordinal)
                try cursor.bind(place.rawValue, at: 2)
                try cursor.execute()
            }
        }
        if hasMarks, !isCached { try replaceMarked(db, blocks, packNumber: packNumber) }
        try setRecentCount(db, recentCount + blocks.count)
    }

    /// For packs outside the cache tier, whose places overwrite those in it.
    ///
    /// Rows of packs that are gone may lie here, too.
    private static let insertSQL = """
        INSERT INTO blocks_recent (multihash, place) VALUES (?, ?)
        ON CONFLICT (multihash) DO UPDATE SET place = excluded.place
        WHERE NOT EXISTS (
            SELECT 1 FROM packs WHERE number = blocks_recent.place >> 24 AND tier <> 'cache')
        """
    private static let insertCachedSQL = """
        INSERT INTO blocks_recent (multihash, place) VALUES (?, ?)
        ON CONFLICT (multihash) DO UPDATE SET place = excluded.place
        WHERE NOT EXISTS (SELECT 1 FROM packs WHERE number = blocks_recent.place >> 24)
        """

    /// Overwrites places that are marked by those in a new pack, of which none is.
    private static func replaceMarked(
        _ db: Database, _ blocks: [NewBlock], packNumber: Int64
    ) throws {
        var standings = try PackStandings(db)
        var better: [NewBlock] = []
        try db.withCursor("SELECT place FROM blocks_recent WHERE multihash = ?") { cursor in
            for block in blocks {
                try cursor.bind(block.multihash, at: 1)
                defer { cursor.reset() }
                guard try cursor.step() else { continue }
                let place = Place(rawValue: cursor.integer(0))
                guard place.packNumber != packNumber,
                    try standings.standing(db, place) != .durable
                else { continue }
                better.append(block)
            }
        }
        try db.withCursor("UPDATE blocks_recent SET place = ? WHERE multihash = ?") { cursor in
            for block in better {
                let place = Place(packNumber: packNumber, ordinal: block.ordinal)
                try cursor.bind(place.rawValue, at: 1)
                try cursor.bind(block.multihash, at: 2)
                try cursor.execute()
            }
        }
    }

    private static let recentCountSQL = "SELECT value FROM state WHERE name = 'recent_count'"

    /// Tells every process's memory of the blocks that it is out of date.
    static func raiseVersion(_ db: Database) throws {
        try db.withCursor("UPDATE state SET value = value + 1 WHERE name = 'block_version'") {
            cursor in try cursor.execute()
        }
    }

    /// Empties the recent table into a new run, together with the blocks of a new pack.
    private static func cutRun(
        _ db: Database, _ blocks: [NewBlock], packNumber: Int64, isCached: Bool
    ) throws {
        let standing: PlaceStanding = isCached ? .cached : .durable
        var writer = RunWriter(try RunWriter.newRun(db, tier: 0, sealed: true))
        var last: [UInt8] = []
        var rest = try recentRows(db)[...]
        for block in blocks {
            while let row = rest.first, KeyOrder.precedes(row.multihash, block.multihash) {
                try writer.append(db, row.multihash, row.place)
                rest.removeFirst()
            }
            // Twice in the pack: the lower ordinal stays.
            guard block.multihash != last else { continue }
            last = block.multihash
            var place = Place(packNumber: packNumber, ordinal: block.ordinal)
            if let row = rest.first, row.multihash == block.multihash {
                // Recent before: the older place stays, unless it is worth less.
                if row.standing <= standing { place = row.place }
                rest.removeFirst()
            }
            try writer.append(db, block.multihash, place)
        }
        for row in rest { try writer.append(db, row.multihash, row.place) }
        try writer.flush(db)
        try db.execute(sql: "DELETE FROM blocks_recent")
    }

    /// The recent blocks whose packs are there, sorted by key.
    private static func recentRows(_ db: Database) throws -> [BlockRow] {
        var standings = try PackStandings(db)
        var rows: [BlockRow] = []
        try db.withCursor("SELECT multihash, place FROM blocks_recent ORDER BY multihash") {
            cursor in
            while try cursor.step() {
                let place = Place(rawValue: cursor.integer(1))
                guard let standing = try standings.standing(db, place) else { continue }
                rows.append(
                    BlockRow(multihash: cursor.bytes(0), place: place, standing: standing))
            }
        }
        return rows
    }

    private static func setRecentCount(_ db: Database, _ count: Int) throws {
        try db.withCursor("UPDATE state SET value = ? WHERE name = 'recent_count'") { cursor in
            try cursor.bind(Int64(count), at: 1)
            try cursor.execute()
        }
    }
}
