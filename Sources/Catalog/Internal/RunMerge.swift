// SPDX-License-Identifier: Apache-2.0

import GRDB

/// Keeps the number of runs small by merging them, a slice at a time.
///
/// Eight sealed runs of one tier become one of the next. A merge is spread over many commits: each
/// moves a slice of the key space, low keys first, from the inputs to the end of the output, in the
/// commit's own transaction. So no commit waits for a whole merge, a crash loses none of it, and
/// the pages that the inputs give up are at once used by the output: the file never holds both
/// copies.
enum RunMerge {
    /// How many runs of one tier are merged at once: more make writes cheaper and look-ups dearer.
    ///
    /// With eight, a block has moved three times when the catalog has 50 million, with four it has
    /// moved five times; filters keep look-ups from paying for the runs that this adds.
    static let fanIn = 8

    /// Moves blocks for a commit of so many, in each tier whose runs are being merged.
    ///
    /// A merge of a tier ends before the next is due if it moves as many blocks as are new; a quarter
    /// more keeps ahead of it. Spread so thinly, the merge of 33 million old blocks, which have to be
    /// read from the disk, costs the commits that it goes along with as little as can be.
    static func advance(_ db: Database, blockCount: Int) throws {
        guard let highest = try Run.all(db).map(\.tier).max() else { return }
        for tier in 0...highest {
            var remaining = blockCount + (blockCount + 3) / 4
            while remaining > 0, let (inputs, output) = try merge(db, ofTier: tier) {
                remaining -= try slice(db, from: inputs, to: output, budget: remaining)
            }
        }
    }

    /// The merge of a tier that is under way or due.
    private static func merge(
        _ db: Database, ofTier tier: Int64
    ) throws -> (inputs: [Run], output: Run)? {
        let runs = try Run.all(db)
        let members = runs.filter { $0.tier == tier && $0.isSealed }
        let merging = members.filter { $0.target != nil }
        if let target = merging.first?.target,
            let output = runs.first(where: { $0.number == target })
        {
            return (merging, output)
        }
        guard members.count >= fanIn else { return nil }
        let inputs = Array(members.prefix(fanIn))
        let output = try RunWriter.newRun(db, tier: tier + 1, sealed: false)
        for input in inputs {
            try db.withCursor("UPDATE runs SET target = ? WHERE number = ?") { cursor in
                try cursor.bind(output.number, at: 1)
                try cursor.bind(input.number, at: 2)
                try cursor.execute()
            }
        }
        return (inputs, output)
    }

    /// Moves blocks until the budget is spent and a chunk is full, or the inputs end.
    ///
    /// - Returns: how many blocks were moved or dropped, at least one.
    private static func slice(
        _ db: Database, from inputs: [Run], to output: Run, budget: Int
    ) throws -> Int {
        var readers: [RunReader] = []
        for input in inputs {
            readers.append(try RunReader(db, run: input.number, after: output.mergedThrough))
        }
        var writer = RunWriter(output, after: output.mergedThrough)
        var choice = PlaceChoice(try PackStandings(db))
        var moved = 0
        // The last key taken; copies of it in later inputs are dropped, but for one that is worth
        // more. It is copied into one buffer: an array shared with a reader would be allocated anew
        // for each block.
        var through = output.mergedThrough
        var heads = readers.map(\.head)
        while let index = smallest(readers, heads), let place = readers[index].place {
            let isCopy = moved > 0 && readers[index].key == through
            if !isCopy {
                // Nothing better came for the key before.
                if let left = choice.takeLeft() { try writer.append(db, through, left) }
                if moved >= budget, !writer.fits(readers[index].key) { break }
                through.removeAll(keepingCapacity: true)
                through.append(contentsOf: readers[index].key)
            }
            if let durable = try choice.offer(db, place) {
                try writer.append(db, through, durable)
            }
            moved += 1
            try readers[index].advance(db)
            heads[index] = readers[index].head
        }
        if let left = choice.takeLeft() { try writer.append(db, through, left) }
        try writer.flush(db)
        try trim(db, readers, output: output.number, through: through)
        return max(moved, 1)
    }

    /// The reader with the smallest key, the oldest one among equals; nil if all are at their end.
    ///
    /// - Parameter heads: of the readers. Nearly all comparisons need nothing else, and a list of
    ///   words is walked without touching the readers' buffers.
    private static func smallest(_ readers: [RunReader], _ heads: [UInt64]) -> Int? {
        var best = 0
        for index in heads.indices.dropFirst() {
            if heads[index] > heads[best] { continue }
            if heads[index] < heads[best] || readers[index].precedes(readers[best]) { best = index }
        }
        return readers[best].place == nil ? nil : best
    }

    /// Removes what was moved from the inputs, and the inputs themselves once they are empty.
    private static func trim(
        _ db: Database, _ readers: [RunReader], output: Int64, through: [UInt8]
    ) throws {
        let isDone = readers.allSatisfy { $0.place == nil }
        for reader in readers {
            // The chunk that the reader stands in keeps some moved blocks, at the same places; so
            // does the filter that covers it.
            try remove(
                db, "DELETE FROM chunks WHERE run = ?1 AND separator < ?2",
                all: "DELETE FROM chunks WHERE run = ?1", reader)
            try remove(
                db,
                """
                DELETE FROM filters WHERE run = ?1 AND separator < (
                    SELECT MAX(separator) FROM filters WHERE run = ?1 AND separator <= ?2)
                """,
                all: "DELETE FROM filters WHERE run = ?1", reader)
            guard isDone else { continue }
            try db.withCursor("DELETE FROM runs WHERE number = ?") { cursor in
                try cursor.bind(reader.run, at: 1)
                try cursor.execute()
            }
        }
        try db.withCursor("UPDATE runs SET sealed = ?, merged_through = ? WHERE number = ?") {
            cursor in
            try cursor.bind(isDone ? 1 : 0, at: 1)
            try cursor.bind(through, at: 2)
            try cursor.bind(output, at: 3)
            try cursor.execute()
        }
    }

    /// Removes what lies below a reader, or all of a run whose end it has reached.
    private static func remove(
        _ db: Database, _ below: String, all: String, _ reader: RunReader
    ) throws {
        let isAtEnd = reader.place == nil
        try db.withCursor(isAtEnd ? all : below) { cursor in
            try cursor.bind(reader.run, at: 1)
            if !isAtEnd { try cursor.bind(reader.separator, at: 2) }
            try cursor.execute()
        }
    }
}
