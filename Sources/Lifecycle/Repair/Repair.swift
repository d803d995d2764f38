// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import PackStore
public import Repository
import Synchronization

/// Finds out what is wrong with a repository and puts it right: what `cairn repair` does.
///
/// Runs beside ingests and reads. Killed at any point, it leaves a store that opens, lacks nothing
/// that was there before, and can be repaired again: each step stores what is sound before it lets
/// go of what is not.
public struct Repair: Sendable {
    /// How to repair.
    public struct Options: Sendable {
        /// Whether all packs are read; else only what is known already is repaired: missing packs,
        /// and what reads and earlier verifications have put into quarantine.
        public var readsPacks = true
        /// Whether snapshots that stay incomplete are forgotten.
        public var dropsIncomplete = false
        /// Whether damaged packs that earlier repairs set aside are removed.
        public var discardsSetAside = false
        /// Gets blocks from elsewhere, such as peers; what it gives is checked.
        public var peer: RepositoryBlocks.Rescue?
        /// Bytes read per second when packs are read; nil for as many as come.
        public var bytesPerSecond: Int?

        /// Reads all, drops and discards nothing, asks no peer.
        public init() {}
    }

    let repository: Repository
    let options: Options
    private let state: State

    /// What a repair is doing, for whoever waits.
    private final class State: Sendable {
        let text = Mutex("")
        let verify = Mutex<Verify?>(nil)
    }

    /// A repair that has not begun.
    public init(_ repository: Repository, options: Options = Options()) {
        self.repository = repository
        self.options = options
        state = State()
    }

    /// What is being done just now.
    public var progress: String { state.text.withLock { $0 } }

    /// The verification that runs, while a plan is made.
    public var verification: VerifyReport? { state.verify.withLock { $0?.progress } }

    func report(_ text: String) { state.text.withLock { $0 = text } }

    /// Finds out what is wrong; changes nothing but marks, and takes in what a crash kept from the
    /// catalog, as every `cairn verify` does.
    ///
    /// - Throws: as `Verify.run()`.
    public func plan(
        onFinding: @escaping @Sendable (VerifyFinding) -> Void = { _ in }
    ) async throws -> RepairPlan {
        var checks = Verify.Options()
        checks.bytesPerSecond = options.bytesPerSecond
        checks.walksSnapshots = true
        if !options.readsPacks { checks.sample = 0 }
        let verify = Verify(repository, options: checks, onFinding: onFinding)
        state.verify.withLock { $0 = verify }
        defer { state.verify.withLock { $0 = nil } }
        var planner = RepairPlanner(repository, options)
        return try await planner.plan(try await verify.run())
    }

    /// Carries out a plan; `onStep` hears of each step before it is taken.
    ///
    /// - Throws: `CatalogError`, `CancellationError`. A step that fails is a result, and the others
    ///   are taken.
    public func run(
        _ plan: RepairPlan, onStep: @Sendable (RepairStep) -> Void = { _ in }
    ) async throws -> RepairReport {
        // What is written here is not to be taken for what a crash has left.
        try await repository.withSession(.repair) { session in
            try await run(plan, PackRepair(self, session), onStep)
        }
    }

    private func run(
        _ plan: RepairPlan, _ packs: PackRepair, _ onStep: @Sendable (RepairStep) -> Void
    ) async throws -> RepairReport {
        var report = RepairReport()
        var rewriter = packs
        for step in plan.steps {
            try Task.checkCancellation()
            onStep(step)
            self.report("\(step.kind) \(step.pack.map { "\($0)" } ?? "")")
            do {
                try await take(step, &rewriter, &report)
            } catch let error as CancellationError { throw error } catch let error as CatalogError {
                throw error
            } catch {
                report.failures.append("\(step.kind): \(error)")
            }
        }
        report.setAside = rewriter.setAside.map { "packs/\($0.tier)/\($0.name)" }
        if report.losses.isEmpty, report.failures.isEmpty {
            // All that was needed of them is stored again.
            for (tier, name) in rewriter.setAside {
                try await repository.packs.removeSetAside([name], in: tier)
            }
            report.setAside = []
        }
        return report
    }

    private func take(
        _ step: RepairStep, _ rewriter: inout PackRepair, _ report: inout RepairReport
    ) async throws {
        switch step {
        case .replaceCatalog: break  // done before a repository could be opened
        case .rebuildCatalog:
            let known = try await KnownSnapshots(repository.catalog)
            // A pack whose index is damaged is written anew by a step of its own.
            _ = try await Reindex(repository).run()
            try await known.restore(to: repository)
        case .takeIn(let id, let tier): try await rewriter.takeIn(id, tier, &report)
        case .rewrite(let id, _, _, _): try await rewriter.rewrite(id, &report)
        case .heal: try await heal(&report)
        case .forgetPack(let id, let tier, _):
            try await rewriter.forget(id, tier, &report)
        case .recommit(let id): try await rewriter.recommit(id)
        case .mark: try await mark(&report)
        case .releaseCondemned: try await repository.catalog.releaseCondemned()
        case .remove(let path, _): try await remove(path)
        case .removeSetAside(let tier, let names, _):
            try await repository.packs.removeSetAside(names, in: tier)
        }
    }

    private func heal(_ report: inout RepairReport) async throws {
        var healing = try await Healing(self)
        let losses = try await healing.run()
        report.healedBlockCount += healing.blockCount
        report.healedFrom = healing.origins
        report.losses = losses.content
        report.lostBlockCounts = losses.blockCounts
        report.isPartial = losses.isPartial
    }

    /// Marks the snapshots that are still incomplete, or forgets them.
    private func mark(_ report: inout RepairReport) async throws {
        for (id, count) in report.lostBlockCounts.sorted(by: { $0.key < $1.key }) {
            if options.dropsIncomplete {
                guard let snapshot = try await repository.catalog.snapshot(matching: id) else {
                    continue  // forgotten meanwhile
                }
                let target = RootChange.Target(id: id, recordCID: snapshot.recordCID)
                try await repository.make([
                    RootChange(
                        id: PackID.make().description,
                        madeAtMilliseconds: repository.clock.milliseconds, action: .forget([target])
                    )
                ])
                report.droppedSnapshots.append(id)
            } else {
                try await repository.catalog.setLostBlockCount(count, ofSnapshot: id)
            }
        }
        for id in try await repository.catalog.lostBlockCounts().keys
        where report.lostBlockCounts[id] == nil && !report.isPartial {
            try await repository.catalog.setLostBlockCount(0, ofSnapshot: id)
        }
        if options.dropsIncomplete {
            report.losses.removeAll { report.droppedSnapshots.contains($0.snapshotID) }
            for id in report.droppedSnapshots { report.lostBlockCounts[id] = nil }
        }
    }

    private func remove(_ path: String) async throws {
        try await BlockingPool.shared.run { [repository] in
            let directory = try Directory(repository.path)
            do throws(IOError) { try directory.remove(Array(path.utf8)) } catch {
                guard error.code == .notFound else { throw error }
            }
        }
    }
}
