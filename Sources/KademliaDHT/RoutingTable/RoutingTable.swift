// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// The DHT servers that a peer knows, in buckets by common prefix length (CPL) with its own point.
///
/// A value without I/O. Each bucket but the last holds the peers of one CPL; the last holds all
/// longer ones, and splits when it is full. Peers that find no room become replacements of their
/// bucket and fill the next gap there. Times are those since any fixed start.
///
/// At most 256 buckets of 2k entries, of about 130 bytes each; in a network of 10,000 peers about
/// 10 buckets, and 25 KiB.
public struct RoutingTable: Sendable {
    struct Entry: Sendable {
        let peer: KadPeer
        var groups: Set<IPGroup>
        var lastSeen: Duration
    }

    struct Bucket: Sendable {
        var entries: [Entry] = []
        /// Oldest first.
        var replacements: [Entry] = []
    }

    /// What came of an insertion.
    public enum Insertion: Hashable, Sendable {
        /// The peer is new in the table.
        case added
        /// It was there; it has been seen now.
        case updated
        /// Its bucket is full; it may fill a gap later.
        case replacement
        /// Too many peers of its IP group are there.
        case tooSimilar
        /// It is the peer whose table this is.
        case isSelf
    }

    /// Whose table it is.
    public let local: KadPeer
    /// The constants.
    public let options: RoutingTableOptions
    /// Peers in the table, replacements not counted.
    public private(set) var count = 0

    var buckets: [Bucket] = [Bucket()]
    private var diversity: DiversityFilter?
    /// When each CPL was last looked up, by CPL.
    var refreshes: [Duration?]

    /// Makes an empty table.
    public init(local: KadPeer, options: RoutingTableOptions = RoutingTableOptions()) {
        self.local = local
        self.options = options
        diversity = options.diversity.map { DiversityFilter($0) }
        refreshes = Array(repeating: nil, count: options.maximumRefreshPrefixLength + 1)
    }

    /// All peers, by bucket.
    public var peers: [KadPeer] { buckets.flatMap { $0.entries.lazy.map(\.peer) } }

    /// Whether `peer` is in the table.
    public func contains(_ peer: KadPeer) -> Bool {
        bucket(of: peer).entries.contains { $0.peer == peer }
    }

    /// How many peers share exactly `prefixLength` bits with this one.
    public func count(prefixLength: Int) -> Int {
        if prefixLength < buckets.count - 1 { return buckets[prefixLength].entries.count }
        return buckets[buckets.count - 1].entries.count {
            self.prefixLength(of: $0.peer) == prefixLength
        }
    }

    /// The largest common prefix length of any peer; nil if there is none.
    public var longestPrefixLength: Int? {
        for bucket in buckets.reversed() where !bucket.entries.isEmpty {
            return bucket.entries.map { prefixLength(of: $0.peer) }.max()
        }
        return nil
    }

    /// The `count` peers nearest to `target`, nearest first.
    ///
    /// - Complexity: O(k log k): looks at the bucket of the target and those beside it.
    public func nearest(to target: KadKey, count: Int) -> [KadPeer] {
        // Those in the target's bucket share more bits with it than the ones in later buckets,
        // which all share as many as this peer does; earlier buckets share ever fewer.
        let home = min(target.commonPrefixLength(with: local.key), buckets.count - 1)
        var found = buckets[home].entries.map(\.peer)
        if found.count < count {
            for bucket in buckets[(home + 1)...] { found += bucket.entries.lazy.map(\.peer) }
        }
        var index = home - 1
        while found.count < count, index >= 0 {
            found += buckets[index].entries.lazy.map(\.peer)
            index -= 1
        }
        return found.nearest(to: target, count: count)
    }

    func prefixLength(of peer: KadPeer) -> Int { peer.key.commonPrefixLength(with: local.key) }

    func bucketIndex(of peer: KadPeer) -> Int { min(prefixLength(of: peer), buckets.count - 1) }

    private func bucket(of peer: KadPeer) -> Bucket { buckets[bucketIndex(of: peer)] }
}

extension RoutingTable {
    /// Puts in a peer that is known to be a live server, or notes that it has been seen.
    ///
    /// `addresses` are those of live connections to it: what its IP group is told by.
    public mutating func insert(
        _ peer: KadPeer, addresses: [Multiaddr], now: Duration
    ) -> Insertion {
        guard peer != local else { return .isSelf }
        if noteSeen(peer, now: now) { return .updated }
        let groups = diversity == nil ? [] : IPGroup.groups(of: addresses)
        let entry = Entry(peer: peer, groups: groups, lastSeen: now)
        guard admits(entry) else { return .tooSimilar }
        while true {
            let index = bucketIndex(of: peer)
            if buckets[index].entries.count < options.bucketSize {
                add(entry, to: index)
                return .added
            }
            guard index == buckets.count - 1, splitLast() else {
                remember(entry, in: index)
                return .replacement
            }
        }
    }

    /// Notes a sign of life of `peer`; false if it is not in the table.
    @discardableResult
    public mutating func noteSeen(_ peer: KadPeer, now: Duration) -> Bool {
        let bucket = bucketIndex(of: peer)
        guard let index = buckets[bucket].entries.firstIndex(where: { $0.peer == peer }) else {
            return false
        }
        buckets[bucket].entries[index].lastSeen = now
        return true
    }

    /// Takes out a peer that failed, or that is a server no more; the replacement that was seen
    /// last and fits moves up.
    ///
    /// - Returns: who moved up.
    @discardableResult
    public mutating func remove(_ peer: KadPeer) -> KadPeer? {
        let index = bucketIndex(of: peer)
        buckets[index].replacements.removeAll { $0.peer == peer }
        guard let position = buckets[index].entries.firstIndex(where: { $0.peer == peer }) else {
            return nil
        }
        let entry = buckets[index].entries.remove(at: position)
        count -= 1
        let length = prefixLength(of: entry.peer)
        diversity?.remove(entry.groups, prefixLength: length)
        return fillGap(in: index)
    }

    /// Peers without a sign of life for the grace time, longest first: to be pinged.
    public func silentPeers(now: Duration) -> [KadPeer] {
        buckets.flatMap(\.entries).filter { now - $0.lastSeen >= options.graceTime }
            .sorted { $0.lastSeen < $1.lastSeen }.map(\.peer)
    }

    private func admits(_ entry: Entry) -> Bool {
        diversity?.admits(entry.groups, prefixLength: prefixLength(of: entry.peer)) ?? true
    }

    private mutating func add(_ entry: Entry, to index: Int) {
        buckets[index].entries.append(entry)
        buckets[index].replacements.removeAll { $0.peer == entry.peer }
        count += 1
        let length = prefixLength(of: entry.peer)
        diversity?.add(entry.groups, prefixLength: length)
    }

    /// Moves what is nearer than the last bucket's CPL into a bucket of its own; false at the end.
    private mutating func splitLast() -> Bool {
        let last = buckets.count - 1
        guard last < KadKey.bitCount - 1 else { return false }
        let old = buckets[last]
        var split = (stays: Bucket(), moves: Bucket())
        for entry in old.entries {
            if prefixLength(of: entry.peer) == last {
                split.stays.entries.append(entry)
            } else {
                split.moves.entries.append(entry)
            }
        }
        for entry in old.replacements {
            if prefixLength(of: entry.peer) == last {
                split.stays.replacements.append(entry)
            } else {
                split.moves.replacements.append(entry)
            }
        }
        buckets[last] = split.stays
        buckets.append(split.moves)
        while fillGap(in: last) != nil {}
        while fillGap(in: last + 1) != nil {}
        return true
    }

    private mutating func remember(_ entry: Entry, in index: Int) {
        guard options.replacementCount > 0 else { return }
        buckets[index].replacements.removeAll { $0.peer == entry.peer }
        if buckets[index].replacements.count == options.replacementCount {
            buckets[index].replacements.removeFirst()
        }
        buckets[index].replacements.append(entry)
    }

    private mutating func fillGap(in index: Int) -> KadPeer? {
        guard buckets[index].entries.count < options.bucketSize,
            let position = buckets[index].replacements.lastIndex(where: { admits($0) })
        else { return nil }
        let entry = buckets[index].replacements.remove(at: position)
        add(entry, to: index)
        return entry.peer
    }
}
