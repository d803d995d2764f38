// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Where the filters of one run lie, and those of them that are in memory.
///
/// A filter covers the keys from its separator to the next one's; the last one covers the rest, and
/// below the first one the run has no blocks. Numbers of runs and filters are never used again, so
/// what is remembered of a filter stays true; it may only be gone.
struct RunFilters {
    /// The filters by separator: the heads first, as most searches need no more.
    private var heads: [UInt64] = []
    private var separators: [[UInt8]] = []
    private var ids: [Int64] = []
    private var bodies: [[UInt8]?] = []
    /// Bytes of the filters in memory.
    private(set) var loadedByteCount = 0
    /// Where the search for a filter to forget goes on.
    private var hand = 0

    /// One filter of a run.
    struct Reference {
        var id: Int64
        fileprivate var index: Int
    }

    /// What the filters say of a key.
    enum Answer {
        /// The run does not have it.
        case absent
        /// The run may have it.
        case possible
        /// The filter is not in memory.
        case unknown(Reference)
    }

    /// What the run's filters say of a key and its hash.
    ///
    /// - Complexity: O(log filters), no allocation.
    func test(_ key: [UInt8], hash: UInt64) -> Answer {
        guard let index = self.index(of: key) else { return .absent }
        guard let body = bodies[index] else {
            return .unknown(Reference(id: ids[index], index: index))
        }
        return BlockFilter.mayContain(hash, in: body.span) ? .possible : .absent
    }

    /// The last filter whose separator is not above the key.
    private func index(of key: [UInt8]) -> Int? {
        let head = KeyOrder.head(key.span)
        var low = 0
        var high = heads.count
        while low < high {
            let middle = (low + high) / 2
            if heads[middle] <= head { low = middle + 1 } else { high = middle }
        }
        while low > 0, heads[low - 1] == head,
            KeyOrder.compare(separators[low - 1], key) > 0
        {
            low -= 1
        }
        return low > 0 ? low - 1 : nil
    }

    /// Keeps a filter that was read, unless the filters have moved on meanwhile.
    mutating func keep(_ body: [UInt8], _ reference: Reference) {
        guard reference.index < ids.count, ids[reference.index] == reference.id,
            bodies[reference.index] == nil
        else { return }
        bodies[reference.index] = body
        loadedByteCount += body.count
    }

    /// Forgets filters, round and round, until so many bytes are free or none is in memory.
    mutating func release(_ byteCount: Int) {
        let goal = max(0, loadedByteCount - byteCount)
        while loadedByteCount > goal {
            hand = hand + 1 < bodies.count ? hand + 1 : 0
            loadedByteCount -= bodies[hand]?.count ?? 0
            bodies[hand] = nil
        }
    }

    /// Takes up what commits have done to a run: filters are added at its end while it is built,
    /// and taken from its start while it is being merged.
    ///
    /// - Complexity: O(log filters) and the filters that are new or gone; reads no filter.
    mutating func refresh(_ db: Database, _ run: Run) throws {
        if run.target != nil {
            let first = try db.withCursor(
                "SELECT id FROM filters WHERE run = ? ORDER BY separator LIMIT 1"
            ) { cursor in
                try cursor.bind(run.number, at: 1)
                return try cursor.step() ? cursor.optionalInteger(0) : nil
            }
            removeFirst(first.map { id in ids.firstIndex { $0 >= id } ?? ids.count } ?? ids.count)
        }
        let sql =
            "SELECT separator, id FROM filters WHERE run = ? AND separator > ? ORDER BY separator"
        try db.withCursor(sql) { cursor in
            try cursor.bind(run.number, at: 1)
            try cursor.bind(separators.last ?? [], at: 2)
            while try cursor.step() {
                let separator = cursor.bytes(0)
                heads.append(KeyOrder.head(separator.span))
                separators.append(separator)
                ids.append(cursor.integer(1))
                bodies.append(nil)
            }
        }
    }

    private mutating func removeFirst(_ count: Int) {
        for body in bodies.prefix(count) { loadedByteCount -= body?.count ?? 0 }
        heads.removeFirst(count)
        separators.removeFirst(count)
        ids.removeFirst(count)
        bodies.removeFirst(count)
    }
}
