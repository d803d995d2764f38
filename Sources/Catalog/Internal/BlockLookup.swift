// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB
import Synchronization

/// Finds blocks: filters in memory first, then the tables.
final class BlockLookup: Sendable {
    /// The most keys that are tested on the caller's own thread, or under the lock at once.
    private static let sliceCount = 1_024

    /// Reads the version only: on the caller's thread, as it never waits for another connection.
    private let versions: DatabaseQueue
    private let cache: Mutex<FilterCache>

    init(versions: DatabaseQueue, filterByteCount: Int) {
        self.versions = versions
        cache = Mutex(FilterCache(limit: filterByteCount))
    }

    func close() throws { try versions.close() }

    /// Another number than before once another connection has committed.
    ///
    /// Reads shared memory only, and changes nothing here: this connection never writes.
    func changeMark() throws -> Int64 {
        try versions.unsafeRead { db in try db.integer("PRAGMA data_version") ?? 0 }
    }

    /// Bytes of filters in memory.
    var loadedByteCount: Int { cache.withLock { $0.loadedByteCount } }

    /// The indices of those keys that may be held, told from memory; nil if memory cannot tell.
    ///
    /// Takes some microseconds: the version's page is in SQLite's cache, or, after a commit, among
    /// the last bytes of its log. So it may run on any thread.
    func sift(_ multihashes: [[UInt8]]) throws -> [Int]? {
        guard multihashes.count <= Self.sliceCount, cache.withLock({ $0.version }) != nil else {
            return nil
        }
        let version: Int64
        do { version = try versions.unsafeRead(Self.version) } catch let error as DatabaseError
            where error.resultCode == .SQLITE_BUSY
        { return nil }
        return cache.withLock { cache in
            guard cache.version == version else { return nil }
            return multihashes.indices.filter { index in
                let key = multihashes[index]
                return cache.mayContain(key, hash: BlockFilter.hash(key.span))
            }
        }
    }

    /// Looks keys up in every run, those with older blocks first, then among the recent blocks.
    ///
    /// The oldest durable place wins. Unless only those are asked for, the best of the others is
    /// the answer where there is none.
    func places(
        _ db: Database, of multihashes: [[UInt8]], durableOnly: Bool
    ) throws -> [BlockPlace?] {
        let query = Query(
            keys: multihashes, hashes: multihashes.map { BlockFilter.hash($0.span) },
            version: try Self.version(db))
        let runs = try runs(db, query.version)
        var answers = Answers(knownPacks(query.version), count: multihashes.count)
        // In the order of keys, neighbours share pages.
        var pending = KeyOrder.order(of: multihashes)
        for run in runs.indices where !pending.isEmpty {
            let asked = try candidates(db, pending, query, run: run)
            guard !asked.isEmpty else { continue }
            var isSettled = false
            try db.withCursor(Self.chunkSQL) { chunk in
                var hasChunk = false
                for index in asked {
                    let key = multihashes[index]
                    if try !hasChunk || !chunk.withBytes(0, { try Chunk.covers(key.span, in: $0) })
                    {
                        hasChunk = try Self.open(chunk, of: runs[run], for: key)
                    }
                    guard hasChunk,
                        let place = try chunk.withBytes(0, { try Chunk.find(key.span, in: $0) })
                    else { continue }
                    if try answers.take(db, place, for: index) { isSettled = true }
                }
            }
            if isSettled { pending.removeAll { answers.isSettled($0) } }
        }
        try db.withCursor("SELECT place FROM blocks_recent WHERE multihash = ?") { recent in
            for index in recentCandidates(pending, query) {
                try recent.bind(multihashes[index], at: 1)
                if try recent.step() {
                    let place = Place(rawValue: recent.integer(0))
                    _ = try answers.take(db, place, for: index)
                }
                recent.reset()
            }
        }
        keep(answers.found, query.version)
        return durableOnly ? answers.durable : answers.all
    }

    private func knownPacks(_ version: Int64) -> KnownPacks {
        cache.withLock { cache in
            cache.version == version
                ? KnownPacks(packs: cache.packs, hasMarks: cache.hasMarks)
                : KnownPacks(packs: [:], hasMarks: true)
        }
    }

    private func keep(_ packs: [Int64: PackStanding], _ version: Int64) {
        guard !packs.isEmpty else { return }
        cache.withLock { cache in if cache.version == version { cache.keep(packs) } }
    }

    /// The runs that the transaction sees; afterwards the cache is at its version, or beyond.
    private func runs(_ db: Database, _ version: Int64) throws -> [Run] {
        var copy = cache.withLock { $0 }
        guard copy.version != version else { return copy.runs }
        guard copy.version ?? -1 < version else { return try Run.all(db) }
        try copy.refresh(db, version: version)
        let runs = copy.runs
        cache.withLock { [copy] cache in if cache.version ?? -1 < version { cache = copy } }
        return runs
    }

    /// Those of the pending keys that one run may have, in their order; reads the filters that are
    /// not in memory.
    private func candidates(
        _ db: Database, _ pending: [Int], _ query: Query, run: Int
    ) throws -> [Int] {
        var candidates: [Int] = []
        var last: (id: Int64, body: [UInt8]?)?
        for start in stride(from: 0, to: pending.count, by: Self.sliceCount) {
            let slice = pending[start..<min(start + Self.sliceCount, pending.count)]
            // Nil beyond the transaction's version: the filters may lack what this one sees.
            let answers = cache.withLock { cache -> [RunFilters.Answer]? in
                guard cache.version == query.version else { return nil }
                return slice.map { cache.test(query.keys[$0], hash: query.hashes[$0], run: run) }
            }
            guard let answers else {
                candidates += slice
                continue
            }
            for (index, answer) in zip(slice, answers) {
                switch answer {
                case .absent: continue
                case .possible: candidates.append(index)
                case .unknown(let filter):
                    if last?.id != filter.id {
                        let body = try Self.filter(db, filter.id)
                        last = (filter.id, body)
                        if let body { keep(body, filter, run: run, query.version) }
                    }
                    let body = last?.body
                    guard
                        body.map({ BlockFilter.mayContain(query.hashes[index], in: $0.span) })
                            ?? true
                    else { continue }
                    candidates.append(index)
                }
            }
        }
        return candidates
    }

    private func keep(
        _ body: [UInt8], _ filter: RunFilters.Reference, run: Int, _ version: Int64
    ) {
        cache.withLock { cache in
            if cache.version == version { cache.keep(body, filter, run: run) }
        }
    }

    /// Those of the pending keys that may be among the recent blocks.
    private func recentCandidates(_ pending: [Int], _ query: Query) -> [Int] {
        cache.withLock { cache in
            guard cache.version == query.version else { return pending }
            return pending.filter { cache.mayBeRecent(hash: query.hashes[$0]) }
        }
    }

    private static func version(_ db: Database) throws -> Int64 {
        try db.integer("SELECT value FROM state WHERE name = 'block_version'") ?? 0
    }

    private static let chunkSQL = """
        SELECT body FROM chunks WHERE run = ? AND separator <= ?
        ORDER BY separator DESC LIMIT 1
        """

    /// Steps to the chunk that has the key if its run does; false if the run begins beyond it.
    private static func open(
        _ chunk: borrowing SQLCursor, of run: Run, for key: [UInt8]
    ) throws -> Bool {
        chunk.reset()
        try chunk.bind(run.number, at: 1)
        try chunk.bind(key, at: 2)
        return try chunk.step()
    }

    /// A stored filter; nil if a merge has removed it.
    private static func filter(_ db: Database, _ id: Int64) throws -> [UInt8]? {
        try db.withCursor("SELECT body FROM filters WHERE id = ?") { cursor in
            try cursor.bind(id, at: 1)
            guard try cursor.step() else { return nil }
            let body = cursor.bytes(0)
            guard !body.isEmpty, body.count % BlockFilter.lineByteCount == 0 else {
                throw DamagedContent()
            }
            return body
        }
    }
}

/// The keys of one look-up, and the version of the blocks that its transaction sees.
private struct Query {
    let keys: [[UInt8]]
    let hashes: [UInt64]
    let version: Int64
}
