// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import PackStore
import Repository

extension CollectionRun {
    /// How many packs leave the catalog in one transaction: others wait for it.
    private static let sweepCount = 32
    /// How often sessions are looked at.
    private static let sessionInterval = Duration.milliseconds(250)

    /// Condemns what the plan frees, waits until nobody relies on it, looks again, and frees it.
    func reclaim() async throws {
        let condemned = condemnation()
        if condemned.isEmpty, plan.indices(.merge).isEmpty { return }
        // Blocks that are only moved stay present all the time; nobody has to be waited for.
        if !condemned.isEmpty {
            let caches = try await live(try await repository.catalog.statCaches())
            let older = try await repository.catalog.condemn(condemned, liveCaches: caches)
            try await outlast(older)
        }
        board.begin(.sweeping, packs: plan.indices(.delete).count)
        try await lookAgain()
        try await checkQuarantine()
        try await sweepDead()
        try await rewriteSparse()
    }

    /// The dead blocks of packs that go.
    private func condemnation() -> [PackBlocks] {
        plan.packs.compactMap { plan in
            switch plan.action {
            case .leave: nil
            case .delete, .rewrite, .merge:
                dead(plan).map { PackBlocks(id: plan.pack.id, blocks: $0) }
            }
        }
    }

    /// What no look has reached in a pack.
    private func dead(_ plan: PackPlan) -> BlockBitmap? {
        guard let number = marking.table.number(of: plan.pack.id) else { return nil }
        var dead = BlockBitmap.all(count: plan.pack.blockCount)
        dead.subtract(marking.table.live(in: number))
        return dead.isEmpty ? nil : dead
    }

    /// Waits until all sessions have ended that were alive when blocks were condemned: they may
    /// have counted some of them as present.
    private func outlast(_ older: [Session]) async throws {
        guard !older.isEmpty else { return }
        let ids = Set(older.map(\.id))
        let deadline = options.wait.map { ContinuousClock.now + $0 }
        board.begin(.waitingForSessions)
        while true {
            let waiting = try await repository.endDeadSessions().filter { ids.contains($0.id) }
            if waiting.isEmpty { return }
            board.update { $0.sessions = waiting }
            if let deadline, ContinuousClock.now >= deadline {
                let names = waiting.map { "\($0.kind) on \($0.host), process \($0.processID)" }
                throw CollectionError(
                    .sessions,
                    "nothing was freed: still running is what may need it (\(names.joined(separator: "; "))); try later, or wait longer with --wait"
                )
            }
            try await Task.sleep(for: Self.sessionInterval)
        }
    }

    /// Follows roots that came since the last look, and spares what they reach.
    func lookAgain() async throws {
        let caches = try await repository.catalog.statCaches()
        guard try await follow() else { return }
        var spared: [PackBlocks] = []
        for index in plan.packs.indices {
            let old = plan.packs[index]
            guard let number = marking.table.number(of: old.pack.id) else { continue }
            let live = marking.table.live(in: number)
            let population = live.population
            guard population > old.liveBlockCount else { continue }
            plan.packs[index].liveBlockCount = population
            report.sparedBlockCount += population - old.liveBlockCount
            plan.liveBlockCount += population - old.liveBlockCount
            // Not counted anew, but what it can be at most, so that nothing is promised.
            plan.packs[index].liveByteCount = old.pack.byteCount
            switch old.action {
            case .leave: continue
            case .delete: plan.packs[index].action = .leave(.needed)
            case .rewrite where population == old.pack.blockCount:
                plan.packs[index].action = .leave(.needed)
            case .rewrite, .merge: break
            }
            spared.append(PackBlocks(id: old.pack.id, blocks: live))
        }
        try await repository.catalog.spare(spared, liveCaches: try await live(caches))
        try await keepCopiesOfLost()
    }

    /// Removes the packs in which nothing lives.
    private func sweepDead() async throws {
        while true {
            try Task.checkCancellation()
            let batch = Array(plan.indices(.delete).filter { !isSwept($0) }.prefix(Self.sweepCount))
            if batch.isEmpty { break }
            let isDone = try await repository.catalog.sweep(
                batch.map { plan.packs[$0].pack.id }, ifRootGeneration: generation)
            guard isDone else {
                try await lookAgain()
                continue
            }
            for index in batch {
                note(gone: plan.packs[index])
                report.deletedPackCount += 1
            }
            board.update { $0.donePackCount += batch.count }
        }
        board.begin(.deleting)
        try await repository.removeDoomed()
    }

    private func isSwept(_ index: Int) -> Bool { swept.contains(plan.packs[index].pack.id) }

    /// Counts a pack that has left the catalog.
    func note(gone plan: PackPlan) {
        swept.insert(plan.pack.id)
        report.freedBlockCount += plan.deadBlockCount
        report.freedByteCount += plan.deadByteCount
        report.removedStoredByteCount += plan.pack.storedByteCount
    }
}
