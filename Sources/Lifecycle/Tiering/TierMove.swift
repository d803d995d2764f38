// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import PackStore
public import Repository
import Synchronization

/// Carries out a ``TierPlan``: what `cairn tier move` and `cairn tier recall` do.
///
/// A pack is copied, sealed, and read back whole where it was written; then the catalog is told in
/// one transaction, and only then the old file goes. So at each moment one complete copy is where
/// the catalog says, whoever is killed. What a move leaves that was broken off is removed by the
/// next one. One process at a time moves packs; reads, ingests and GC go on.
public final class TierMove: Sendable {
    private struct State {
        var report = TierReport()
        /// Tiers that take no more in this run: they have failed, which was told.
        var closed: Set<PackTier> = []
        var prepared: Set<PackTier> = [.hot]
    }

    let repository: Repository
    private let state = Mutex(State())
    private let onStep: @Sendable (TierStep) -> Void

    /// A run that has not begun; `onStep` hears of each step that is done.
    public init(
        _ repository: Repository, onStep: @escaping @Sendable (TierStep) -> Void = { _ in }
    ) {
        self.repository = repository
        self.onStep = onStep
    }

    /// What was done so far.
    public var progress: TierReport { state.withLock { $0.report } }

    /// Removes what earlier moves left, then carries out the steps, one after the other.
    ///
    /// A step that fails is a result; the others go on, but for those that need the same tier if
    /// that is what failed.
    /// - Parameter plan: called under the lock, so that what it says is still so.
    /// - Throws: ``TierError`` with `busy`; `CatalogError`; `CancellationError`, with all done that
    ///   was reported.
    public func run(_ plan: () async throws -> TierPlan) async throws -> TierReport {
        guard let lock = try await repository.takeTierLock() else {
            throw TierError.busy(repository)
        }
        for error in try await repository.removeDoomed(holding: lock).failures { fail("\(error)") }
        try await removeLeftovers(holding: lock)
        let plan = try await plan()
        state.withLock {
            $0.report.stepCount = plan.steps.count
            $0.report.plannedByteCount = plan.writtenByteCount
        }
        for step in plan.steps {
            try Task.checkCancellation()
            if state.withLock({ $0.closed.contains(step.destination) }) {
                state.withLock { $0.report.skippedCount += 1 }
                continue
            }
            do {
                if try await perform(step, holding: lock) {
                    onStep(step)
                } else {
                    state.withLock { $0.report.skippedCount += 1 }
                }
            } catch {
                try note(error, step)
            }
        }
        return progress
    }

    private func note(_ error: any Error, _ step: TierStep) throws {
        switch error {
        case let error as TierError:
            fail(error.message)
            if error.code == .badCopy { close(step.destination) }
        case let error as PackError:
            // What fails in the midst of a transfer does not know its tier.
            let remedy =
                switch error.code {
                case .damaged: "; try again, or run `cairn repair` if that stays so"
                case .notFound: "; try again"
                default: ""
                }
            fail("\(error) (\(step.action))\(remedy)")
            if error.code == .unreachable || error.code == .noSpace || error.code == .io {
                close(step.destination)
            }
        default: throw error
        }
    }

    func fail(_ message: String) { state.withLock { $0.report.failures.append(message) } }

    /// Notes files of broken-off moves that were removed.
    func leave(_ count: Int) { state.withLock { $0.report.leftoverCount += count } }

    private func close(_ tier: PackTier) { _ = state.withLock { $0.closed.insert(tier) } }

    /// - Returns: false if the pack is no longer where the plan found it.
    private func perform(_ step: TierStep, holding lock: TierLock) async throws -> Bool {
        let id = step.pack
        switch step.action {
        case .drop(let tier):
            guard try await repository.catalog.dropCopy(of: id, in: tier) else { return false }
            try await remove(id, tier)
        case .copy(let source, let tier):
            guard try await isStill(id, in: source) else { return false }
            try await write(id, from: source, to: tier, holding: lock)
            do { try await repository.catalog.addCopy(of: id, in: tier) } catch let error
                as CatalogError where error.code == .packMissing
            {
                try await removeUnneeded(id, tier)
                return false
            }
        case .heal(let tier, let source):
            guard try await replace(id, in: tier, from: source, holding: lock) else { return false }
        case .move(let source, let tier):
            guard try await isStill(id, in: source) else { return false }
            try await write(id, from: source, to: tier, holding: lock)
            let isMoved = try await repository.catalog.move(
                id, from: source, to: tier, atMilliseconds: repository.clock.milliseconds)
            guard isMoved else {
                // GC has removed the pack meanwhile.
                try await removeUnneeded(id, tier)
                return false
            }
            repository.forgetPlace(of: id)
            try await remove(id, source)
        }
        state.withLock {
            $0.report.doneCount += 1
            if case .move = step.action { $0.report.movedByteCount += step.storedByteCount }
        }
        return true
    }

    private func isStill(_ id: PackID, in tier: PackTier) async throws -> Bool {
        try await repository.catalog.pack(id)?.tier == tier
    }

    /// Writes a whole copy of a pack to a tier, and reads it back.
    func write(
        _ id: PackID, from source: PackTier, to tier: PackTier, holding lock: TierLock
    ) async throws {
        if state.withLock({ !$0.prepared.contains(tier) }) {
            try await repository.prepare(tier, holding: lock)
            _ = state.withLock { $0.prepared.insert(tier) }
        }
        let packs = repository.packs
        let isNew = try await copy(id, from: source, to: tier)
        var flaw = try await packs.checkCopy(of: id, in: tier, against: source)
        if flaw != nil, !isNew {
            // What an earlier move left was not whole.
            try await removeUnneeded(id, tier)
            _ = try await copy(id, from: source, to: tier)
            flaw = try await packs.checkCopy(of: id, in: tier, against: source)
        }
        guard let flaw else {
            return try await repository.catalog.setVerified(
                id, atMilliseconds: repository.clock.milliseconds)
        }
        try await removeUnneeded(id, tier)
        if let damage = try await packs.verify(id, tier: source).damage.first {
            throw TierError(
                .damagedPack,
                "pack \(id) stays in tier \(source): it is damaged there (\(damage)); run `cairn verify`"
            )
        }
        throw TierError(
            .badCopy,
            "pack \(id) stays in tier \(source): what was written to tier \(tier) was read back wrong (\(flaw)); check that disk or service, nothing more goes there in this run"
        )
    }

    private func copy(
        _ id: PackID, from source: PackTier, to tier: PackTier
    ) async throws -> Bool {
        try await repository.packs.copy(id, from: source, to: tier) { count in
            self.state.withLock { $0.report.copiedByteCount += Int64(count) }
        }
    }

    /// Deletes a file that is on the list of those that go, and takes it off.
    func remove(_ id: PackID, _ tier: PackTier) async throws {
        do { try await repository.packs.delete(id, tier: tier) } catch let error as PackError {
            // It stays on the list: the next run sees to it. The pack itself is where it should be.
            guard error.code == .notFound else { return fail("\(error)") }
        }
        try await repository.catalog.undoom([DoomedPack(id: id, tier: tier)])
    }

    /// Deletes a copy that the catalog does not know.
    private func removeUnneeded(_ id: PackID, _ tier: PackTier) async throws {
        do { try await repository.packs.delete(id, tier: tier) } catch let error as PackError {
            guard error.code == .notFound else { throw error }
        }
    }
}

/// What was moved.
public struct TierReport: Sendable {
    /// Steps of the plan.
    public var stepCount = 0
    /// Steps done.
    public var doneCount = 0
    /// Steps that were not done because the pack had gone, or its tier had failed before.
    public var skippedCount = 0
    /// Bytes that the plan writes.
    public var plannedByteCount: Int64 = 0
    /// Bytes written so far.
    public var copiedByteCount: Int64 = 0
    /// Bytes of packs that moved.
    public var movedByteCount: Int64 = 0
    /// Files of broken-off moves that were removed.
    public var leftoverCount = 0
    /// What failed, in words.
    public var failures: [String] = []
}
