// SPDX-License-Identifier: Apache-2.0

import GRDB

/// A sorted run of blocks, held as chunks.
///
/// Life: *building* (not sealed; grows by merging, already looked up) → *sealed* → *merging* (has
/// a target; shrinks from its low end) → removed. A run that is cut from the recent blocks starts
/// sealed.
struct Run {
    var number: Int64
    /// How many merges its blocks have been through; the blocks of a higher tier are older.
    var tier: Int64
    /// The run that this one is being merged into.
    var target: Int64?
    var isSealed: Bool
    /// While building: all keys up to this one have been taken from the merging runs.
    var mergedThrough: [UInt8]
    /// Whether filters cover all of its blocks; those that the first release began have none.
    var hasFilters: Bool

    /// All runs, those with older blocks first.
    static func all(_ db: Database) throws -> [Run] {
        let sql = """
            SELECT number, tier, target, sealed, merged_through, has_filters FROM runs
            ORDER BY tier DESC, number
            """
        return try db.withCursor(sql) { cursor in
            var runs: [Run] = []
            while try cursor.step() {
                runs.append(
                    Run(
                        number: cursor.integer(0), tier: cursor.integer(1),
                        target: cursor.optionalInteger(2), isSealed: cursor.integer(3) != 0,
                        mergedThrough: cursor.bytes(4), hasFilters: cursor.integer(5) != 0))
            }
            return runs
        }
    }
}
