// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Reads a run in order, one chunk in memory at a time.
///
/// It asks for each chunk anew, so that chunks may be added and removed meanwhile.
struct RunReader {
    let run: Int64
    /// The block that it stands on; nil at the end.
    private(set) var place: Place?
    /// The key of that block.
    private(set) var key: [UInt8] = []
    /// The head of that key; all ones at the end.
    private(set) var head: UInt64 = 0
    /// Where the current chunk starts.
    private(set) var separator: [UInt8] = []
    private var body: [UInt8] = []
    private var layout: Chunk.Layout?
    private var index = 0

    /// Stands on the first block whose key lies beyond `lowerBound`.
    init(_ db: Database, run: Int64, after lowerBound: [UInt8]) throws {
        self.run = run
        try advance(db)
        while place != nil, !KeyOrder.precedes(lowerBound, key) { try advance(db) }
    }

    /// Whether it stands on a key below the other's; an end is above all keys.
    func precedes(_ other: RunReader) -> Bool {
        guard place != nil else { return false }
        guard other.place != nil else { return true }
        if head != other.head { return head < other.head }
        return KeyOrder.precedes(key, other.key)
    }

    /// Moves to the next block; allocates for each chunk, not for each block.
    mutating func advance(_ db: Database) throws {
        while true {
            if let layout, index < layout.count { return load(layout) }
            guard try nextChunk(db) else {
                place = nil
                head = .max
                return
            }
        }
    }

    private mutating func load(_ layout: Chunk.Layout) {
        let start = layout.firstRecord + index * layout.stride
        let end = start + layout.suffixByteCount
        key.removeLast(key.count - layout.prefixByteCount)
        key.append(contentsOf: body[start..<end])
        head = KeyOrder.head(key.span)
        place = Chunk.place(in: body.span, at: end)
        index += 1
    }

    private mutating func nextChunk(_ db: Database) throws -> Bool {
        let sql = """
            SELECT separator, body FROM chunks WHERE run = ? AND separator > ?
            ORDER BY separator LIMIT 1
            """
        let next: (separator: [UInt8], body: [UInt8])? = try db.withCursor(sql) { cursor in
            try cursor.bind(run, at: 1)
            try cursor.bind(separator, at: 2)
            return try cursor.step() ? (cursor.bytes(0), cursor.bytes(1)) : nil
        }
        guard let next else { return false }
        guard let layout = Chunk.Layout(next.body.span) else { throw DamagedContent() }
        separator = next.separator
        body = next.body
        self.layout = layout
        index = 0
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: body[Chunk.headerByteCount..<layout.firstRecord])
        return true
    }
}
