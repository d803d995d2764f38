// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What is in memory of the catalog's filters, as of one version of its blocks.
///
/// The version is a number in the file, raised by each commit that adds blocks, moves them, marks
/// them, or removes packs. At
/// the same version what the filters say is exact: a key that they call absent was in no run and
/// not among the recent blocks. That another process may have committed since does no harm: a block
/// that is wrongly called absent is stored twice. No filter ever makes a block present; that takes
/// its row, in a read transaction at a version at which its pack is known to be there.
struct FilterCache {
    private(set) var version: Int64?
    /// All runs, those with older blocks first.
    private(set) var runs: [Run] = []
    private var filters: [RunFilters] = []
    /// The filter of the recent blocks; empty if there are none.
    private var recent: [UInt8] = []
    /// Packs that are in the catalog at this version, by number; not all of them.
    private(set) var packs: [Int64: PackStanding] = [:]
    /// Whether any block is marked at this version.
    private(set) var hasMarks = true
    /// How many bytes of runs' filters may be in memory.
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Bytes of the runs' filters in memory.
    var loadedByteCount: Int { filters.reduce(0) { $0 + $1.loadedByteCount } }

    /// Whether that key is perhaps among the recent blocks.
    func mayBeRecent(hash: UInt64) -> Bool {
        !recent.isEmpty && BlockFilter.mayContain(hash, in: recent.span)
    }

    /// Whether that key is perhaps anywhere, as far as memory can tell.
    func mayContain(_ key: [UInt8], hash: UInt64) -> Bool {
        for index in filters.indices {
            guard case .absent = test(key, hash: hash, run: index) else { return true }
        }
        return mayBeRecent(hash: hash)
    }

    /// What the filters of the run of that index say.
    func test(_ key: [UInt8], hash: UInt64, run index: Int) -> RunFilters.Answer {
        runs[index].hasFilters ? filters[index].test(key, hash: hash) : .possible
    }

    /// Keeps what is known of packs, at most some 65,536.
    mutating func keep(_ packs: [Int64: PackStanding]) {
        if self.packs.count > 65_536 { self.packs = [:] }
        self.packs.merge(packs) { known, _ in known }
    }

    /// Keeps a filter of a run; where room is short, the run with most in memory gives it.
    mutating func keep(_ body: [UInt8], _ reference: RunFilters.Reference, run index: Int) {
        let excess = loadedByteCount + body.count - limit
        if excess > 0 {
            let largest = filters.indices.max {
                filters[$0].loadedByteCount < filters[$1].loadedByteCount
            }
            // Not to itself: keys come in order, and each would push out what the next round needs.
            guard let largest, largest != index else { return }
            filters[largest].release(excess)
            guard loadedByteCount + body.count <= limit else { return }
        }
        filters[index].keep(body, reference)
    }

    /// Goes on to the version that a read transaction sees.
    ///
    /// - Complexity: O(runs) statements, and the recent blocks; reads no filter.
    mutating func refresh(_ db: Database, version newVersion: Int64) throws {
        var known: [Int64: RunFilters] = [:]
        for (run, filters) in zip(runs, filters) { known[run.number] = filters }
        runs = try Run.all(db)
        filters = []
        for run in runs {
            var filter = known.removeValue(forKey: run.number) ?? RunFilters()
            if run.hasFilters { try filter.refresh(db, run) }
            filters.append(filter)
        }
        var hashes: [UInt64] = []
        try db.withCursor("SELECT multihash FROM blocks_recent") { cursor in
            while try cursor.step() { hashes.append(cursor.withBytes(0) { BlockFilter.hash($0) }) }
        }
        recent = hashes.isEmpty ? [] : BlockFilter.make(of: hashes, bitsPerBlock: 16)
        packs = [:]
        hasMarks = try BlockMarks.exist(db)
        version = newVersion
    }
}
