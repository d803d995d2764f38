// SPDX-License-Identifier: Apache-2.0

import Catalog
import Libp2p
import Logging
public import Multiformats
import Synchronization

extension Announcer {
    /// The most roots of one snapshot that are announced ahead of everything else.
    static let immediateRootLimit = 64

    /// The roots of older snapshots wait for the sweep.
    static let immediateAgeSeconds: Int64 = 3_600

    /// Waits for commits, by any process, and announces new roots at once.
    func watch() async throws {
        var lastMark: Int64?
        try await repeating("watch") {
            let mark: Int64
            do { mark = try await catalog.changeMark() } catch let error as CatalogError
                where error.code == .busy
            { return false }
            guard mark != lastMark else { return false }
            let after = state.withLock { $0.lastSequence }
            let waiting = try await catalog.snapshotsToAnnounce(after: after, limit: 64)
            for entry in waiting {
                if isStopping { return true }
                if let snapshot = entry.snapshot { try await announceRoots(of: snapshot) }
                state.withLock { $0.lastSequence = entry.sequence }
            }
            let summary = try await catalog.announceSummary()
            state.withLock {
                let waits = summary.snapshotCount > 0 || summary.lastPack > summary.announcedPack
                $0.isFillWanted = $0.isFillWanted || waits
            }
            // Only now: what failed on the way is looked at again, and so is what follows.
            if waiting.isEmpty { lastMark = mark }
            return !waiting.isEmpty
        }
    }

    private func announceRoots(of snapshot: SnapshotRecord) async throws {
        let multihashes = Self.roots(of: snapshot, options.strategy)
        // At the first start there may be thousands of old ones, which the sweep does for less.
        let age = time.seconds() - snapshot.finishedAtMilliseconds / 1_000
        let urgent = Array(
            multihashes.prefix(age < Self.immediateAgeSeconds ? Self.immediateRootLimit : 0))
        // Workers are not told: they would announce the same keys at the same time.
        try await add(urgent, isAll: false)
        var fresh: [Announcement] = []
        for multihash in urgent {
            if let known = try await catalog.announcement(of: multihash), known.providedAt == nil {
                fresh.append(known)
            }
        }
        _ = try await announceEach(fresh)
        try await add(Array(multihashes.dropFirst(urgent.count)))
    }

    /// The multihashes to announce for a snapshot alone: its roots, its record.
    static func roots(of snapshot: SnapshotRecord, _ strategy: ProvideStrategy) -> [[UInt8]] {
        var cids: [[UInt8]] = []
        if !strategy.isDisjoint(with: [.all, .roots, .entities]) {
            cids += snapshot.roots.map(\.cid)
        }
        if !strategy.isDisjoint(with: [.all, .snapshots]) { cids.append(snapshot.recordCID) }
        var multihashes: [[UInt8]] = []
        for bytes in cids {
            // A record that names no CID names nothing to announce.
            guard let cid = try? CID(bytes) else { continue }
            let multihash = Array(cid.multihashBytes)
            if Multihash.isAnnounceable(multihash), !multihashes.contains(multihash) {
                multihashes.append(multihash)
            }
        }
        return multihashes
    }

    /// Adds multihashes as never announced, in small transactions.
    ///
    /// - Parameter isAll: whether workers shall take them up now; else more will follow.
    func add(_ multihashes: [[UInt8]], isAll: Bool = true) async throws {
        var added = 0
        for start in stride(from: 0, to: multihashes.count, by: AnnounceLimits.batch) {
            let end = min(start + AnnounceLimits.batch, multihashes.count)
            added += try await catalog.addAnnouncements(Array(multihashes[start..<end]))
        }
        if added > 0, isAll { state.withLock { $0.freshCursor = .lowest } }
    }

    /// Announces keys one by one, some at a time; a failure leaves its key to the sweep.
    ///
    /// - Returns: how many peers took each; 0 if too few did.
    private func announceEach(_ announcements: [Announcement]) async throws -> [Int] {
        var reached = [Int](repeating: 0, count: announcements.count)
        try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            var running = 0
            for (index, announcement) in announcements.enumerated() {
                if running == max(options.workers.singles, 1), let done = try await group.next() {
                    reached[done.0] = done.1
                    running -= 1
                }
                running += 1
                group.addTask {
                    do { return (index, try await self.announceSingly(announcement)) } catch let
                        error as CancellationError
                    { throw error } catch {
                        self.logger.debug(
                            "a key was not announced at once", metadata: ["error": "\(error)"])
                        return (index, 0)
                    }
                }
            }
            for try await (index, count) in group { reached[index] = count }
        }
        let now = time.seconds()
        var added: [AnnounceRegion] = []
        for (announcement, count) in zip(announcements, reached) where count > 0 {
            let region = state.withLock { $0.schedule?.cover(announcement.key, now: now) }
            if let region { added.append(region) }
        }
        if !added.isEmpty { try await catalog.updateRegions(added, removing: []) }
        if reached.contains(0) { state.withLock { $0.freshCursor = .lowest } }
        return reached
    }

    /// Announces CIDs now, whether or not the strategy includes them; from then on they are kept
    /// announced.
    ///
    /// - Returns: for each, what came of it, in order.
    /// - Throws: `CatalogError`; `CancellationError`.
    public func announceNow(_ cids: [CID]) async throws -> [AnnounceResult] {
        try await prepare()
        let multihashes = cids.map { Array($0.multihashBytes) }
        let held = try await catalog.contains(multihashes)
        let wanted = cids.indices.filter {
            held[$0] && Multihash.isAnnounceable(multihashes[$0])
        }
        try await add(wanted.map { multihashes[$0] }, isAll: false)
        let reached = try await announceEach(wanted.map { Announcement(multihashes[$0]) })
        var results: [AnnounceResult] = held.map { $0 ? .needsNone : .notHeld }
        for (index, count) in zip(wanted, reached) {
            results[index] = count > 0 ? .announced(peerCount: count) : .failed
        }
        return results
    }

    /// Makes everything due now; ``run()`` or ``runOnce()`` then announces it.
    ///
    /// - Throws: `CatalogError`; `CancellationError`.
    public func announceAll() async throws {
        try await prepare()
        let now = time.seconds()
        let regions = state.withLock { state in
            state.schedule?.makeAllDue(at: now)
            state.freshCursor = .lowest
            return state.schedule?.regions ?? []
        }
        try await catalog.updateRegions(regions, removing: [])
    }
}

/// What came of announcing one CID.
public enum AnnounceResult: Hashable, Sendable {
    /// So many peers took the record.
    case announced(peerCount: Int)
    /// The repository does not hold the block, so nobody is told that it does.
    case notHeld
    /// The CID holds its own content, or is longer than the DHT takes.
    case needsNone
    /// No peer took it, or fewer than half of those that it was meant for; it is tried again by the
    /// sweep.
    case failed
}
