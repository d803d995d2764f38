// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Logging
import Multiformats
import Synchronization

extension Announcer {
    /// How many multihashes are gathered and sorted before they are added: about 20 MiB.
    ///
    /// Sorted, neighbours in the key space share pages of the catalog.
    private static let gatherLimit = 131_072

    /// Adds what was committed since the last time.
    func keepFilled() async throws {
        try await repeating("fill") {
            let isWanted = state.withLock { state in
                defer { state.isFillWanted = false }
                state.isFilling = state.isFillWanted
                return state.isFillWanted
            }
            guard isWanted else { return false }
            defer { state.withLock { $0.isFilling = false } }
            do { try await fill() } catch {
                state.withLock { $0.isFillWanted = true }
                throw error
            }
            return true
        }
    }

    private func fill() async throws {
        try await fillFromSnapshots()
        guard options.strategy.contains(.all) else { return }
        var gathered: [[UInt8]] = []
        var mark = try await catalog.announceSummary().announcedPack
        while !isStopping {
            let packs = try await catalog.packs(after: mark, limit: 16)
            for entry in packs {
                gathered += try await multihashes(of: entry.pack)
                mark = entry.mark
                guard gathered.count >= Self.gatherLimit else { continue }
                try await addSlowly(gathered)
                if isStopping { return }
                try await catalog.setAnnouncedPack(mark)
                gathered.removeAll(keepingCapacity: true)
            }
            guard packs.isEmpty else { continue }
            try await addSlowly(gathered)
            if !isStopping { try await catalog.setAnnouncedPack(mark) }
            return
        }
    }

    private func multihashes(of pack: PackRecord) async throws -> [[UInt8]] {
        do {
            return try await source.multihashes(of: pack).filter(Multihash.isAnnounceable)
        } catch let error as CancellationError {
            throw error
        } catch {
            // Removed since, or damaged: then `cairn verify` tells, and its blocks are not here.
            logger.warning(
                "a pack cannot be announced",
                metadata: ["pack": "\(pack.id)", "error": "\(error)"])
            return []
        }
    }

    /// Adds multihashes in the order of keys and leaves the catalog's writer lock to others for
    /// three quarters of the time.
    private func addSlowly(_ multihashes: [[UInt8]]) async throws {
        let sorted = await Self.sorted(multihashes)
        for start in stride(from: 0, to: sorted.count, by: AnnounceLimits.batch) {
            if isStopping { return }
            let began = time.elapsed()
            // A worker that took them up one by one would look up its region again for each batch.
            try await add(
                Array(sorted[start..<min(start + AnnounceLimits.batch, sorted.count)]),
                isAll: false)
            try await time.sleep((time.elapsed() - began) * 3)
        }
        if !sorted.isEmpty { state.withLock { $0.freshCursor = .lowest } }
    }

    @concurrent private static func sorted(_ multihashes: [[UInt8]]) async -> [[UInt8]] {
        multihashes.map { Announcement($0) }.sorted { $0.key < $1.key }.map(\.multihash)
    }

    /// Looks through snapshots whose roots were announced.
    ///
    /// One whose storage does not answer waits for the next fill, and holds up no other.
    private func fillFromSnapshots() async throws {
        var mark: Int64 = 0
        var failure: BlockStoreError?
        while !isStopping {
            let last = state.withLock { $0.lastSequence }
            let waiting = try await catalog.snapshotsToAnnounce(after: mark, limit: 64)
                .filter { $0.sequence <= last }
            if waiting.isEmpty { break }
            for entry in waiting {
                mark = entry.sequence
                if let snapshot = entry.snapshot, options.strategy.contains(.entities),
                    !options.strategy.contains(.all)
                {
                    do { try await addEntities(of: snapshot) } catch let error as BlockStoreError {
                        failure = error
                        continue
                    }
                }
                if isStopping { return }
                try await catalog.finishSnapshots([entry.sequence])
            }
        }
        if let failure { throw failure }
    }

    private func addEntities(of snapshot: SnapshotRecord) async throws {
        for root in snapshot.roots {
            // A record that names no CID names nothing to walk.
            guard let cid = try? CID(root.cid) else { continue }
            var walk = EntityWalk(root: cid, source: source, logger: logger)
            while !isStopping {
                let catalog = catalog
                let found = try await walk.next(AnnounceLimits.batch) { multihash in
                    try await catalog.announcement(of: multihash) != nil
                }
                if found.isEmpty { break }
                try await addSlowly(found)
            }
        }
    }
}
