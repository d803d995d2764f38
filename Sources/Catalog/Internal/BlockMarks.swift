// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

/// Why blocks that lie in a pack do not count as present.
enum BlockMark: Int64, CaseIterable {
    /// A collection means to remove them.
    case condemned = 0
    /// Their bytes are bad.
    case quarantined = 1
}

/// The marks of blocks in the catalog: a bitmap per pack and mark, none for a pack without.
///
/// Each change raises the version of the blocks, so that no process goes on with what it remembers.
enum BlockMarks {
    /// Whether any pack has marks.
    static func exist(_ db: Database) throws -> Bool {
        try db.integer("SELECT 1 FROM block_marks LIMIT 1") != nil
    }

    /// The marked blocks of a pack of `count` blocks; nil if there are none.
    static func read(
        _ db: Database, _ mark: BlockMark, pack number: Int64, count: Int
    ) throws -> BlockBitmap? {
        let sql = "SELECT ordinals FROM block_marks WHERE pack = ? AND mark = ?"
        return try db.withCursor(sql) { cursor in
            try cursor.bind(number, at: 1)
            try cursor.bind(mark.rawValue, at: 2)
            guard try cursor.step() else { return nil }
            guard let blocks = BlockBitmap(cursor.bytes(0), count: count) else {
                throw DamagedContent()
            }
            return blocks
        }
    }

    /// Marks blocks of packs, beside those that are marked already.
    ///
    /// - Returns: whether there were blocks that were not.
    @discardableResult
    static func add(_ db: Database, _ mark: BlockMark, _ packs: [PackBlocks]) throws -> Bool {
        try change(db, mark, packs) { $0.formUnion($1) }
    }

    /// Takes marks away.
    static func remove(_ db: Database, _ mark: BlockMark, _ packs: [PackBlocks]) throws {
        _ = try change(db, mark, packs) { $0.subtract($1) }
    }

    /// Takes all marks of a kind away.
    static func removeAll(_ db: Database, _ mark: BlockMark) throws {
        try db.withCursor("DELETE FROM block_marks WHERE mark = ?") { cursor in
            try cursor.bind(mark.rawValue, at: 1)
            try cursor.execute()
        }
        try BlockTables.raiseVersion(db)
    }

    /// All marks of a kind, oldest pack first.
    static func all(_ db: Database, _ mark: BlockMark) throws -> [PackBlocks] {
        let sql = """
            SELECT id, ordinals, block_count FROM block_marks JOIN packs ON number = pack
            WHERE mark = ? ORDER BY id
            """
        return try db.withCursor(sql) { cursor in
            try cursor.bind(mark.rawValue, at: 1)
            var packs: [PackBlocks] = []
            while try cursor.step() {
                guard let id = PackID(cursor.bytes(0)),
                    let blocks = BlockBitmap(cursor.bytes(1), count: Int(cursor.integer(2)))
                else { throw DamagedContent() }
                packs.append(PackBlocks(id: id, blocks: blocks))
            }
            return packs
        }
    }

    private static func change(
        _ db: Database, _ mark: BlockMark, _ packs: [PackBlocks],
        _ body: (inout BlockBitmap, BlockBitmap) -> Void
    ) throws -> Bool {
        var hasChanged = false
        for pack in packs {
            // A pack that is gone, or was committed again with other blocks, has no use for marks.
            guard let (number, count) = try self.pack(db, pack.id), count == pack.blocks.count
            else { continue }
            let old = try read(db, mark, pack: number, count: count) ?? BlockBitmap(count: count)
            var blocks = old
            body(&blocks, pack.blocks)
            guard blocks != old else { continue }
            hasChanged = true
            try write(db, mark, number, blocks)
        }
        if hasChanged { try BlockTables.raiseVersion(db) }
        return hasChanged
    }

    private static func write(
        _ db: Database, _ mark: BlockMark, _ number: Int64, _ blocks: BlockBitmap
    ) throws {
        guard !blocks.isEmpty else {
            return try db.withCursor("DELETE FROM block_marks WHERE pack = ? AND mark = ?") {
                cursor in
                try cursor.bind(number, at: 1)
                try cursor.bind(mark.rawValue, at: 2)
                try cursor.execute()
            }
        }
        let sql = "INSERT OR REPLACE INTO block_marks (pack, mark, ordinals) VALUES (?, ?, ?)"
        try db.withCursor(sql) { cursor in
            try cursor.bind(number, at: 1)
            try cursor.bind(mark.rawValue, at: 2)
            try cursor.bind(blocks.bytes, at: 3)
            try cursor.execute()
        }
    }

    /// The number and the count of blocks of a pack; nil if it is gone.
    static func pack(_ db: Database, _ id: PackID) throws -> (number: Int64, count: Int)? {
        try db.withCursor("SELECT number, block_count FROM packs WHERE id = ?") { cursor in
            try cursor.bind(id.bytes, at: 1)
            guard try cursor.step() else { return nil }
            return (cursor.integer(0), Int(cursor.integer(1)))
        }
    }
}
