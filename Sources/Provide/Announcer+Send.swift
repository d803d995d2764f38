// SPDX-License-Identifier: Apache-2.0

import Catalog
import KademliaDHT
import Libp2p
import Logging
import Multiformats
import Synchronization

/// What came of sending a region's records.
enum RegionOutcome: Sendable {
    case done(DoneRegion)
    case failed(String)
    /// The announcer was stopped; what was sent is recorded.
    case stopped
}

/// How the peers of a region fared.
struct PeerHealth: Sendable {
    /// A peer is given up at this many failures in a row.
    static let failureLimit = 3
    private var failures: [AnnounceKey: Int] = [:]
    private var reached: Set<AnnounceKey> = []

    func isGivenUp(_ peer: ClosePeer) -> Bool {
        failures[peer.key, default: 0] >= Self.failureLimit
    }

    mutating func succeeded(_ peer: ClosePeer) {
        failures[peer.key] = nil
        reached.insert(peer.key)
    }

    mutating func failed(_ peer: ClosePeer) { failures[peer.key, default: 0] += 1 }

    var reachedCount: Int { reached.count }
}

/// Why a key does not count as announced.
struct TooFewTakers: Error, CustomStringConvertible {
    /// Peers that took its record.
    let count: Int
    /// Peers that it was meant for.
    let wanted: Int

    var description: String { "\(count) of \(wanted) peers took a record" }
}

extension Announcer {
    /// A key counts as announced if this share of the peers that it was meant for took it.
    private static let keyReach = 0.5

    /// Why nobody can be told of anything.
    static let noAddress = "this node has no address that peers on this network could dial"

    /// Why no peer took a record.
    var noTaker: String {
        state.withLock { $0.lacksAddress } ? Self.noAddress : "no peer took a record"
    }

    /// Sends all keys of a region that were last announced before `time`, batch by batch; each
    /// batch is recorded before the next one is sent.
    func send(_ region: PeerRegion, before time: Int64) async throws -> RegionOutcome {
        var health = PeerHealth()
        var cursor = region.prefix.lowest
        var missed = 0
        let batch = min(max(options.workers.batch, 1), AnnounceLimits.page)
        while true {
            let page = try await catalog.announcements(
                in: cursor...region.prefix.highest, before: time, limit: batch)
            guard let last = page.last else { break }
            cursor = last.key.successor
            let keys = try await present(page)
            let (sent, mostTakers) = try await send(keys, to: region, &health)
            try await settle(sent)
            missed += keys.count - sent.count
            if !keys.isEmpty, mostTakers == 0 { return .failed(noTaker) }
            if page.count < batch || last.key == .highest { break }
            if isStopping { return .stopped }
        }
        let leastReach = options.minimumReach * Double(region.peers.count)
        guard missed == 0, Double(health.reachedCount) >= leastReach || health.reachedCount == 0
        else {
            return .failed(
                "\(health.reachedCount) of \(region.peers.count) peers took records, "
                    + "\(missed) keys reached too few")
        }
        let range = region.prefix.lowest...region.prefix.highest
        return .done(
            DoneRegion(
                prefix: region.prefix, keyCount: try await catalog.announcementCount(in: range),
                peerCount: region.peers.count))
    }

    /// Those whose blocks are still held; the others are not announced any more.
    func present(_ announcements: [Announcement]) async throws -> [Announcement] {
        // While the catalog is rebuilt it does not know all that is held.
        if announcements.isEmpty { return [] }
        if try await catalog.needsRebuild() { return announcements }
        let held = try await catalog.contains(announcements.map(\.multihash))
        let absent = zip(announcements, held).filter { !$0.1 }.map(\.0)
        for start in stride(from: 0, to: absent.count, by: AnnounceLimits.batch) {
            try await catalog.settleAnnouncements(
                provided: [],
                absent: Array(absent[start..<min(start + AnnounceLimits.batch, absent.count)]),
                at: time.seconds())
        }
        return zip(announcements, held).filter(\.1).map(\.0)
    }

    /// Records what was sent, in small transactions.
    func settle(_ provided: [Announcement]) async throws {
        let now = time.seconds()
        for start in stride(from: 0, to: provided.count, by: AnnounceLimits.batch) {
            let end = min(start + AnnounceLimits.batch, provided.count)
            try await catalog.settleAnnouncements(
                provided: Array(provided[start..<end]), absent: [], at: now)
        }
    }

    /// Sends each key to the nearest peers of the region.
    ///
    /// - Returns: the keys that enough peers took, and how many peers took the key that most took.
    private func send(
        _ keys: [Announcement], to region: PeerRegion, _ health: inout PeerHealth
    ) async throws -> (sent: [Announcement], mostTakers: Int) {
        let peers = region.peers.filter { !health.isGivenUp($0) }
        guard !peers.isEmpty, !keys.isEmpty else { return ([], 0) }
        let plan = PeerRegion(prefix: region.prefix, peers: peers)
            .allocate(keys.map(\.key), replication: options.replication)
        var takers = [Int](repeating: 0, count: keys.count)
        let multihashes = keys.map(\.multihash)
        try await withThrowingTaskGroup(of: (Int, Int?).self) { group in
            var running = 0
            for (index, ranges) in plan.enumerated() where !ranges.isEmpty {
                if running == max(options.workers.peersPerWorker, 1) {
                    if let (index, count) = try await group.next() {
                        note(count, of: plan[index], from: peers[index], &takers, &health)
                    }
                    running -= 1
                }
                running += 1
                let peer = peers[index]
                group.addTask {
                    (index, try await self.send(ranges.flatMap { multihashes[$0] }, to: peer.info))
                }
            }
            while let (index, count) = try await group.next() {
                note(count, of: plan[index], from: peers[index], &takers, &health)
            }
        }
        // Of all peers that were found: those given up since must not lower it.
        let least = leastTakers(whenFound: region.peers.count)
        let sent = keys.indices.filter { takers[$0] >= least }.map { keys[$0] }
        return (sent, takers.max() ?? 0)
    }

    /// How many peers must take a key for it to count, when so many were found for it: half of those
    /// that it is meant for, or ``ProvideOptions/minimumReach`` if that is more.
    private func leastTakers(whenFound peerCount: Int) -> Int {
        let wanted = min(options.replication, peerCount)
        let reach = max(options.minimumReach, Self.keyReach)
        return max(Int((reach * Double(wanted)).rounded(.up)), 1)
    }

    /// Counts who took what; `count` is how many of the ranges' keys, nil if the peer failed.
    private func note(
        _ count: Int?, of ranges: [Range<Int>], from peer: ClosePeer, _ takers: inout [Int],
        _ health: inout PeerHealth
    ) {
        var rest = count ?? 0
        for range in ranges {
            for index in range.prefix(rest) { takers[index] += 1 }
            rest = max(rest - range.count, 0)
        }
        let total = ranges.reduce(0) { $0 + $1.count }
        if count == total { health.succeeded(peer) } else { health.failed(peer) }
    }

    /// Sends records to one peer.
    ///
    /// - Returns: how many were sent; nil if the peer cannot be reached.
    func send(_ multihashes: [[UInt8]], to peer: PeerInfo) async throws -> Int? {
        // With a limit in slices, so that the wait is spread; else all at once.
        let slice = options.workers.recordsPerSecond == nil ? multihashes.count : 64
        var sent = 0
        do {
            for start in stride(from: 0, to: multihashes.count, by: max(slice, 1)) {
                let part = Array(multihashes[start..<min(start + slice, multihashes.count)])
                let wait = state.withLock { $0.limit?.take(part.count, at: time.elapsed()) }
                if let wait, wait > .zero { try await time.sleep(wait) }
                let count = try await network.announce(part, to: peer)
                sent += count
                state.withLock {
                    $0.lacksAddress = false
                    $0.recordCount += count
                    $0.sent.add(count, at: time.elapsed())
                }
                if count < part.count { break }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            // The own address is asked for first: any other failure says that there is one.
            let lacksAddress = (error as? DHTError)?.code == .noAddress
            state.withLock { $0.lacksAddress = lacksAddress }
            logger.trace("a peer took no record", metadata: ["error": "\(error)"])
        }
        if sent < multihashes.count { state.withLock { $0.failedSendCount += 1 } }
        return sent == 0 ? nil : sent
    }

    /// Announces one key by a lookup of its own, and records it if it counts as one of a sweep does:
    /// if half of the peers that it was meant for took it.
    ///
    /// One holder of 20 may well be gone before the next turn, 22 hours later; and some of 20 are
    /// always gone or full, so that all of them would be too many to ask for.
    ///
    /// - Returns: how many peers took the record.
    /// - Throws: ``TooFewTakers`` if too few did; whatever says that nobody could be asked;
    ///   `CatalogError`; `CancellationError`.
    func announceSingly(_ announcement: Announcement) async throws -> Int {
        let peers = try await lookUp(announcement.multihash).prefix(options.replication)
        let reached = try await withThrowingTaskGroup(of: Int.self) { group in
            for peer in peers {
                group.addTask { try await self.send([announcement.multihash], to: peer) ?? 0 }
            }
            return try await group.reduce(0, +)
        }
        guard reached >= leastTakers(whenFound: peers.count) else {
            throw TooFewTakers(count: reached, wanted: peers.count)
        }
        try await settle([announcement])
        return reached
    }
}
