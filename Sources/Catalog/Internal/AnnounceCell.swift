// SPDX-License-Identifier: Apache-2.0

import GRDB

/// A row of `announce_cells`: announcements that are neighbours in the key space, in no order.
///
/// An entry is one byte of length, the multihash, and the second of the last announcement in four
/// bytes, big-endian, 0 for never. Length 0 stands for a SHA-256 multihash, whose 32 bytes of
/// digest follow alone. So an entry takes 37 bytes as a rule. Its key is not stored: it follows
/// from the multihash.
struct AnnounceCell {
    /// Cells above this are split, so that a page holds several and SQLite balances them.
    static let maximumByteCount = 1_000
    private static let sha256Prefix: [UInt8] = [0x12, 0x20]

    struct Entry {
        var multihash: [UInt8]
        /// 0 for never.
        var providedAt: UInt32
    }

    /// The head of the lowest key that belongs here, without its last bit.
    var id: Int64
    var entries: [Entry]

    /// The cell number of a key: cells begin at such numbers.
    static func number(of key: AnnounceKey) -> Int64 { Int64(key.head >> 1) }

    var freshCount: Int { entries.reduce(0) { $0 + ($1.providedAt == 0 ? 1 : 0) } }

    init(id: Int64, entries: [Entry]) {
        self.id = id
        self.entries = entries
    }

    /// Decodes a row.
    ///
    /// - Throws: ``DamagedContent``.
    init(id: Int64, decoding body: Span<UInt8>) throws(DamagedContent) {
        self.id = id
        entries = []
        entries.reserveCapacity(body.count / 37 + 1)
        var cursor = 0
        while cursor < body.count {
            let length = Int(body[cursor])
            cursor += 1
            let stored = length == 0 ? 32 : length
            guard body.count - cursor >= stored + 4 else { throw DamagedContent() }
            var multihash: [UInt8] = []
            multihash.reserveCapacity(stored + 2)
            if length == 0 { multihash.append(contentsOf: Self.sha256Prefix) }
            for index in cursor..<cursor + stored { multihash.append(body[index]) }
            cursor += stored
            var time: UInt32 = 0
            for index in cursor..<cursor + 4 { time = time << 8 | UInt32(body[index]) }
            cursor += 4
            entries.append(Entry(multihash: multihash, providedAt: time))
        }
    }

    /// How many entries a row has.
    ///
    /// - Throws: ``DamagedContent``.
    static func entryCount(of body: Span<UInt8>) throws(DamagedContent) -> Int {
        var count = 0
        var cursor = 0
        while cursor < body.count {
            let length = Int(body[cursor])
            cursor += (length == 0 ? 32 : length) + 5
            count += 1
        }
        guard cursor == body.count else { throw DamagedContent() }
        return count
    }

    var body: [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(entries.count * 37)
        for entry in entries {
            if Self.isSHA256(entry.multihash) {
                body.append(0)
                body.append(contentsOf: entry.multihash[2...])
            } else {
                body.append(UInt8(entry.multihash.count))
                body.append(contentsOf: entry.multihash)
            }
            for shift in [24, 16, 8, 0] as [UInt32] {
                body.append(UInt8(truncatingIfNeeded: entry.providedAt >> shift))
            }
        }
        return body
    }

    private static func isSHA256(_ multihash: [UInt8]) -> Bool {
        multihash.count == 34 && multihash.starts(with: sha256Prefix)
    }

    private static func byteCount(of entry: Entry) -> Int {
        isSHA256(entry.multihash) ? 37 : entry.multihash.count + 5
    }

    /// The cell cut into cells that are not too large; itself if it is not.
    ///
    /// Keys of one number stay together, however many they are.
    func split() -> [AnnounceCell] {
        let byteCount = entries.reduce(0) { $0 + Self.byteCount(of: $1) }
        guard byteCount > Self.maximumByteCount else { return [self] }
        // Filled to three quarters, the parts of an even fill take some more before they split.
        let parts = byteCount * 4 / (Self.maximumByteCount * 3) + 1
        let target = byteCount / parts + 1
        var cells: [AnnounceCell] = []
        var current = AnnounceCell(id: id, entries: [])
        var currentByteCount = 0
        let sorted = entries.map {
            (number: Self.number(of: AnnounceKey(hashing: $0.multihash)), $0)
        }
        .sorted { $0.number < $1.number }
        var last = id
        for (number, entry) in sorted {
            if currentByteCount >= target, number > last {
                cells.append(current)
                current = AnnounceCell(id: number, entries: [])
                currentByteCount = 0
            }
            current.entries.append(entry)
            currentByteCount += Self.byteCount(of: entry)
            last = number
        }
        cells.append(current)
        return cells
    }
}

extension AnnounceCell {
    /// The cell that keys of `number` belong to, and the number at which the next cell begins.
    static func covering(
        _ db: Database, _ number: Int64
    ) throws -> (cell: AnnounceCell, end: Int64?) {
        let cell = try db.withCursor(
            "SELECT id, body FROM announce_cells WHERE id <= ? ORDER BY id DESC LIMIT 1"
        ) { cursor in
            try cursor.bind(number, at: 1)
            // The first cell begins at 0 and comes with the first announcement.
            guard try cursor.step() else { return AnnounceCell(id: 0, entries: []) }
            let id = cursor.integer(0)
            return try cursor.withBytes(1) { try AnnounceCell(id: id, decoding: $0) }
        }
        let end: Int64? = try db.withCursor(
            "SELECT id FROM announce_cells WHERE id > ? ORDER BY id LIMIT 1"
        ) { cursor in
            try cursor.bind(number, at: 1)
            return try cursor.step() ? cursor.integer(0) : nil
        }
        return (cell, end)
    }

    /// Writes the cell, in parts if it is too large; an empty one is removed.
    func save(_ db: Database) throws {
        if entries.isEmpty {
            return try db.withCursor("DELETE FROM announce_cells WHERE id = ?") { cursor in
                try cursor.bind(id, at: 1)
                try cursor.execute()
            }
        }
        let sql = """
            INSERT INTO announce_cells (id, fresh, body) VALUES (?1, ?2, ?3)
            ON CONFLICT (id) DO UPDATE SET fresh = ?2, body = ?3
            """
        try db.withCursor(sql) { cursor in
            for cell in split() {
                try cursor.bind(cell.id, at: 1)
                try cursor.bind(Int64(cell.freshCount), at: 2)
                try cursor.bind(cell.body, at: 3)
                try cursor.execute()
            }
        }
    }
}
