// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import UnixFS

/// Goes through several versions of one directory at once, name by name, and passes over what all
/// versions share without reading it.
///
/// Directories of one block are merged in the order of their names. As soon as one is a HAMT, all
/// are merged in the order of the names' hashes, in which every HAMT of any fanout can be read as
/// a stream: where all have the same shard at the same place, or several do, it is read once or
/// not at all. Memory: one block for each version, or one shard for each version and level.
struct DirectoryMerge<Source: BlockSource> {
    /// One distinct state of the directory, and in which versions it is found.
    struct Version {
        var versions: VersionSet
        var content: Content
    }

    enum Content {
        /// What the directory of this CID was read as.
        case node(UnixFSNode, CID)
        /// Entries that no block holds.
        case entries([DirectoryEntry])
    }

    /// A distinct entry of one name, and in which versions it is found.
    typealias Found = (versions: VersionSet, entry: DirectoryEntry)
    typealias Body = (_ name: [UInt8], _ found: [Found]) async throws -> Void

    /// Part of a directory, in the order of hashes.
    private enum Item: Hashable {
        case entry(hash: UInt64, DirectoryEntry)
        case shard(CID, HashRange, fanout: Int, level: Int)

        var range: HashRange {
            switch self {
            case .entry(let hash, _): HashRange(start: hash, bits: 64)
            case .shard(_, let range, _, _): range
            }
        }

        var isEntry: Bool {
            if case .entry = self { true } else { false }
        }
    }

    private typealias Part = (versions: VersionSet, items: [Item])

    private let reader: UnixFSReader<Source>
    /// Of how many versions the merge is; what as many share unchanged is passed over.
    private let sharedBy: VersionSet?

    /// A merge that passes over what is the same in all of `versions`; over nothing if nil.
    init(_ reader: UnixFSReader<Source>, passingOverSharedBy versions: VersionSet?) {
        self.reader = reader
        sharedBy = versions
    }

    /// Calls `body` for each name, once, with its distinct entries; names come in no order that
    /// could be relied on.
    ///
    /// - Throws: `UnixFSReadError` with `notADirectory` or of a damaged shard, what reading or
    ///   `body` throws.
    func run(_ versions: [Version], _ body: Body) async throws {
        var lists: [(versions: VersionSet, entries: [DirectoryEntry])] = []
        var parts: [Part] = []
        for version in versions {
            switch version.content {
            case .entries(let entries): lists.append((version.versions, entries))
            case .node(.directory(let node), _): lists.append((version.versions, node.entries))
            case .node(.hamtShard(let shard), let cid):
                let root = HashRange(start: 0, bits: 0)
                parts.append((version.versions, try Self.items(of: shard, cid, root, level: 0)))
            case .node(_, let cid): throw UnixFSReadError.notADirectory(cid)
            }
        }
        if parts.isEmpty { return try await mergeByName(lists, body) }
        parts += lists.map { ($0.versions, Self.items(of: $0.entries)) }
        try await mergeByHash(parts, body)
    }

    private func mergeByName(
        _ lists: [(versions: VersionSet, entries: [DirectoryEntry])], _ body: Body
    ) async throws {
        // Nearly always sorted: then this is one comparison per entry.
        let lists = lists.map { ($0.versions, Self.sorted($0.entries)) }
        var next = Array(repeating: 0, count: lists.count)
        while true {
            var heads: [(list: Int, entry: DirectoryEntry)] = []
            for (index, list) in lists.enumerated() where next[index] < list.1.count {
                let entry = list.1[next[index]]
                if let least = heads.first?.entry.name {
                    if least.lexicographicallyPrecedes(entry.name) { continue }
                    if least != entry.name { heads.removeAll() }
                }
                heads.append((index, entry))
            }
            guard let name = heads.first?.entry.name else { return }
            for head in heads { next[head.list] += 1 }
            try await emit(name, heads.map { (lists[$0.list].0, $0.entry) }, body)
        }
    }

    private static func sorted(_ entries: [DirectoryEntry]) -> [DirectoryEntry] {
        let isSorted = zip(entries, entries.dropFirst()).allSatisfy {
            $0.name.lexicographicallyPrecedes($1.name)
        }
        return isSorted
            ? entries : entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// Merges parts whose items are each sorted and lie in disjoint ranges.
    ///
    /// Ranges are nested or disjoint, so the widest of those that begin first holds all that it
    /// meets.
    private func mergeByHash(_ parts: [Part], _ body: Body) async throws {
        var next = Array(repeating: 0, count: parts.count)
        while true {
            try Task.checkCancellation()
            var widest: HashRange?
            for (index, part) in parts.enumerated() where next[index] < part.items.count {
                let range = part.items[next[index]].range
                if widest.map({ range.precedes($0) }) ?? true { widest = range }
            }
            guard let widest else { return }
            var cluster: [[Item]: VersionSet] = [:]
            for (index, part) in parts.enumerated() {
                let start = next[index]
                while next[index] < part.items.count,
                    part.items[next[index]].range.start <= widest.end
                { next[index] += 1 }
                guard start < next[index] else { continue }
                cluster[Array(part.items[start..<next[index]]), default: VersionSet()]
                    .formUnion(part.versions)
            }
            try await merge(cluster, widest, body)
        }
    }

    private func merge(
        _ cluster: [[Item]: VersionSet], _ range: HashRange, _ body: Body
    ) async throws {
        if cluster.count == 1, let sharedBy, cluster.values.first == sharedBy { return }
        if cluster.keys.allSatisfy({ $0.allSatisfy(\.isEntry) }) {
            return try await emit(cluster, body)
        }
        var parts: [Part] = []
        for (items, versions) in cluster {
            // Parts that are finer wait until what they are compared with is as fine.
            guard items.count == 1, case .shard(let cid, range, let fanout, let level) = items[0]
            else {
                parts.append((versions, items))
                continue
            }
            let shard = try await shard(cid, fanout: fanout)
            parts.append((versions, try Self.items(of: shard, cid, range, level: level)))
        }
        try await mergeByHash(parts, body)
    }

    /// Passes on entries of one hash, as a rule of one name.
    private func emit(_ cluster: [[Item]: VersionSet], _ body: Body) async throws {
        var names: [[UInt8]: [Found]] = [:]
        for (items, versions) in cluster {
            for case .entry(_, let entry) in items {
                names[entry.name, default: []].append((versions, entry))
            }
        }
        for (name, found) in names { try await emit(name, found, body) }
    }

    private func emit(_ name: [UInt8], _ found: [Found], _ body: Body) async throws {
        var distinct: [Found] = []
        for (versions, entry) in found {
            if let index = distinct.firstIndex(where: { $0.entry.cid == entry.cid }) {
                distinct[index].versions.formUnion(versions)
            } else {
                distinct.append((versions, entry))
            }
        }
        if distinct.count == 1, let sharedBy, distinct[0].versions == sharedBy { return }
        try await body(name, distinct)
    }

    private static func items(of entries: [DirectoryEntry]) -> [Item] {
        entries.map { Item.entry(hash: HAMTBuilder.sortKey(of: $0.name), $0) }
            .sorted { $0.range.start < $1.range.start }
    }

    /// The children of a shard that stands at `range`.
    ///
    /// Each entry's hash must lead to where it stands, so that a shard that is linked twice is
    /// found out at its first entry.
    private static func items(
        of shard: HAMTShard, _ cid: CID, _ range: HashRange, level: Int
    ) throws(UnixFSReadError) -> [Item] {
        let bits = shard.fanout.trailingZeroBitCount
        guard level < 64 / bits else { throw .tooDeep(cid) }
        var items: [Item] = []
        items.reserveCapacity(shard.children.count)
        for (bucket, child) in zip(shard.buckets, shard.children) {
            let place = range.part(bucket, bits: bits)
            switch child {
            case .entry(let entry):
                let hash = HAMTBuilder.sortKey(of: entry.name)
                guard (place.start...place.end).contains(hash) else {
                    throw .misplacedEntry(name: entry.name, in: cid)
                }
                items.append(.entry(hash: hash, entry))
            case .shard(let child):
                items.append(.shard(child, place, fanout: shard.fanout, level: level + 1))
            }
        }
        return items
    }

    private func shard(_ cid: CID, fanout: Int) async throws -> HAMTShard {
        guard case .hamtShard(let shard) = try await reader.node(cid), shard.fanout == fanout else {
            throw UnixFSReadError.notAShard(cid)
        }
        guard !shard.children.isEmpty else { throw UnixFSReadError.emptyShard(cid) }
        return shard
    }
}

/// All hashes that begin with the same bits.
private struct HashRange: Hashable {
    /// The least of them.
    let start: UInt64
    /// How many bits are the same, 0 to 64.
    let bits: Int

    /// The greatest of them.
    var end: UInt64 { bits == 64 ? start : start | UInt64.max >> UInt64(bits) }

    /// The part whose next `bits` bits are `bucket`.
    func part(_ bucket: Int, bits width: Int) -> HashRange {
        let shift = 64 - bits - width
        return HashRange(start: start | UInt64(bucket) << UInt64(shift), bits: bits + width)
    }

    /// Whether it begins before the other, or with it and is wider.
    func precedes(_ other: HashRange) -> Bool {
        (start, bits) < (other.start, other.bits)
    }
}
