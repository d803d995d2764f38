// SPDX-License-Identifier: Apache-2.0

import Catalog
import KademliaDHT
import Libp2p
import Logging
import Multiformats
import Synchronization

extension Announcer {
    /// Does one job after the other.
    func work(_ lane: Lane) async throws {
        try await repeating("sweep") {
            guard state.withLock({ $0.connectivity.state == .online }),
                let job = try await nextJob(lane)
            else { return false }
            let began = time.elapsed()
            defer {
                state.withLock {
                    $0.schedule?.end(job)
                    $0.busy += time.elapsed() - began
                }
            }
            try await perform(job)
            return true
        }
    }

    private func nextJob(_ lane: Lane) async throws -> SweepSchedule.Job? {
        let now = time.seconds()
        if lane != .fresh, let job = state.withLock({ $0.schedule?.beginDue(at: now) }) {
            return job
        }
        guard lane != .due else { return nil }
        while let cursor = state.withLock({ $0.freshCursor }) {
            let first = try await catalog.announcements(
                in: cursor...AnnounceKey.highest, before: 1, limit: 1
            ).first
            guard let first else {
                state.withLock { if $0.freshCursor == cursor { $0.freshCursor = nil } }
                return nil
            }
            let bitCount = try await regionBitCount()
            let job = state.withLock { state in
                let next = state.schedule?.beginFresh(at: first.key, bitCount: bitCount, now: now)
                if let next {
                    let end = next.prefix.highest
                    state.freshCursor = end == .highest ? nil : end.successor
                }
                return next?.job
            }
            if let job { return job }
        }
        return nil
    }

    /// How long the prefix of a region may be: a guess by lookups.
    ///
    /// Not the mean of the schedule: single keys that were announced at once stand in it with
    /// prefixes of their own, and would cut the rest into regions of one key each.
    private func regionBitCount() async throws -> Int {
        let now = time.elapsed()
        let known = state.withLock { state in
            state.estimate.flatMap { now - $0.at < .seconds(300) ? $0.bitCount : nil }
        }
        if let known { return known }
        var sum = 0
        let lookups = 4
        for _ in 0..<lookups {
            let peers = try await lookUp(
                PreimageTable.shared.key(for: .random(in: 0...UInt16.max)))
            let keys = peers.map { AnnounceKey(hashing: $0.id.bytes) }
            guard keys.count >= options.replication, let first = keys.first else { continue }
            sum += keys.dropFirst().map { $0.commonPrefixBitCount(with: first) }.min() ?? 0
        }
        let bitCount = sum / lookups
        state.withLock { $0.estimate = (bitCount, now) }
        return bitCount
    }

    /// One lookup, counted.
    func lookUp(_ key: [UInt8]) async throws -> [PeerInfo] {
        state.withLock { $0.lookupCount += 1 }
        return try await network.closestPeers(to: key)
    }

    private func perform(_ job: SweepSchedule.Job) async throws {
        let range = job.prefix.lowest...job.prefix.highest
        do {
            let few = try await catalog.announcements(in: range, before: job.before, limit: 3)
            switch few.count {
            case 0: try await finishEmpty(job)
            case 1, 2: try await performSingly(job, few)
            default: try await sweep(job)
            }
        } catch let error as CancellationError {
            throw error
        } catch let error as CatalogError {
            throw error
        } catch {
            try await fail(job.prefix, "\(error)")
        }
    }

    private func finishEmpty(_ job: SweepSchedule.Job) async throws {
        let range = job.prefix.lowest...job.prefix.highest
        let count = try await catalog.announcementCount(in: range)
        guard count > 0 else {
            state.withLock { $0.schedule?.unschedule(job.prefix) }
            return try await catalog.updateRegions([], removing: [job.prefix])
        }
        let peerCount = state.withLock {
            $0.schedule?.region(of: job.prefix.lowest)?.peerCount ?? 0
        }
        try await succeed(
            job, [DoneRegion(prefix: job.prefix, keyCount: count, peerCount: peerCount)],
            started: time.seconds())
    }

    private func performSingly(
        _ job: SweepSchedule.Job, _ announcements: [Announcement]
    ) async throws {
        let started = time.seconds()
        var peerCount = 0
        var failure: TooFewTakers?
        for announcement in try await present(announcements) {
            do {
                let reached = try await announceSingly(announcement)
                peerCount = max(peerCount, reached)
            } catch let error as TooFewTakers {
                // The other key has servers of its own.
                failure = error
            }
        }
        if let failure {
            return try await fail(job.prefix, failure.count == 0 ? noTaker : "\(failure)")
        }
        let range = job.prefix.lowest...job.prefix.highest
        let count = try await catalog.announcementCount(in: range)
        try await succeed(
            job, [DoneRegion(prefix: job.prefix, keyCount: count, peerCount: peerCount)],
            started: started)
    }

    private func sweep(_ job: SweepSchedule.Job) async throws {
        let started = time.seconds()
        let exploration = try await explore(job.prefix)
        let found = PeerRegion.regions(
            of: exploration.peers, in: exploration.prefix, minimumPeers: options.replication)
        guard !exploration.peers.isEmpty else {
            return try await fail(job.prefix, "no peers were found")
        }
        let claimed = Set(
            state.withLock { $0.schedule?.claim(found.map(\.prefix), for: job) ?? [] })
        for region in found {
            if isStopping { return }
            var region = region
            if !claimed.contains(region.prefix) {
                // Others work in a part of it: only the own keys are sent, to the peers of all.
                guard region.prefix.contains(job.prefix) else { continue }
                region = PeerRegion(prefix: job.prefix, peers: region.peers)
            }
            switch try await send(region, before: job.before) {
            case .done(let part): try await succeed(job, [part], started: started)
            case .failed(let error): try await fail(region.prefix, error)
            case .stopped: return
            }
        }
    }

    private func explore(_ prefix: KeyPrefix) async throws -> Exploration {
        var exploration = Exploration(
            prefix, order: order, minimumPeers: options.replication)
        var step = exploration.start()
        while case .lookUp(let key) = step { step = exploration.found(try await lookUp(key)) }
        return exploration
    }

    private func succeed(
        _ job: SweepSchedule.Job, _ done: [DoneRegion], started: Int64
    ) async throws {
        let now = time.seconds()
        let change = state.withLock {
            $0.schedule?.succeed(job, done, started: started, now: now)
        }
        guard let change else { return }
        try await catalog.updateRegions(change.updated, removing: change.removed)
    }

    private func fail(_ prefix: KeyPrefix, _ error: String) async throws {
        let now = time.seconds()
        logger.debug(
            "a region failed", metadata: ["prefix": "\(prefix)", "error": "\(error)"])
        let (change, shouldCheck) = state.withLock { state in
            let change = state.schedule?.fail(prefix, error: error, at: now) { attempts in
                Int64(options.retry.wait(afterFailures: attempts) / .seconds(1))
            }
            return (change, state.connectivity.workFailed(at: time.elapsed()))
        }
        if let change {
            try await catalog.updateRegions(change.updated, removing: change.removed)
        }
        if shouldCheck { await checkConnectivity() }
    }
}
