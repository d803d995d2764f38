// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
public import Ingest
public import Pipeline
public import Repository
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One run of a declared pipeline, from its lock to its metrics: what `cairn run` does, and what
/// the scheduler does when a run is due.
///
/// ```
/// lock ─▶ history ─▶ hooks before ─▶ ingest ─▶ retention ─▶ gc ─▶ tiers ─▶ verify ─▶ announce
///      ─▶ hooks after, or on failure ─▶ history ─▶ metrics
/// ```
/// What was committed when a step fails, or time is up, stays.
public final class PipelineRun: Sendable {
    /// What began a run.
    public enum Trigger: Hashable, Sendable {
        /// Somebody, or cron.
        case manual
        /// The scheduler, for a planned time in seconds since 1970 (UTC), after so many that came
        /// to nothing.
        case schedule(planned: Int64, missed: Int)

        /// The word for it.
        public var word: String {
            switch self {
            case .manual: "manual"
            case .schedule: "schedule"
            }
        }
    }

    /// What the program around the run gives it.
    public struct Surroundings: Sendable {
        /// Hears of each input that is left out because of an error.
        public var onSkip: @Sendable (SkippedInput) -> Void = { _ in }
        /// Hears what is being done: "hook before", "ingest", "gc" and so on.
        public var onStep: @Sendable (String) -> Void = { _ in }
        /// Announces the roots of a run; nil if there is no network.
        public var announce: (@Sendable (Repository, IngestResult) async throws -> String)?
        /// Where metrics go instead of where the pipeline says.
        public var metricsPath: String?
        /// Where temporary files go; nil for the repository.
        public var temporaryDirectory: String?

        /// Nobody listens.
        public init() {}
    }

    let declaration: PipelineDeclaration
    let repository: Repository
    let surroundings: Surroundings
    private let wait: LockWait
    /// What the ingest has found, read and stored so far.
    public let counters: IngestCounters
    let ingest = Mutex<IngestRun?>(nil)
    let report: Mutex<RunReport>

    /// A run that has not begun.
    public init(
        _ declaration: PipelineDeclaration, repository: Repository, trigger: Trigger = .manual,
        wait: LockWait = .none, surroundings: Surroundings = Surroundings()
    ) {
        self.declaration = declaration
        self.repository = repository
        self.wait = wait
        self.surroundings = surroundings
        counters = IngestCounters(onSkip: surroundings.onSkip)
        var record = RunRecord(
            id: PackID.make().description, pipeline: declaration.name, path: declaration.path,
            trigger: trigger.word, startedAtMilliseconds: repository.clock.milliseconds,
            host: Machine.hostName, processID: Int(getpid()))
        if case .schedule(let planned, let missed) = trigger {
            record.planned = planned
            record.missedCount = missed
        }
        report = Mutex(RunReport(record))
    }

    /// The work of each stage of the ingest so far; nil before it begins.
    public var stages: PipelineReport? { ingest.withLock { $0 }?.report }

    /// The name of the run in the history.
    public var id: String { report.withLock { $0.record.id } }

    /// Runs the pipeline to its end, whatever that is: failures are in the report.
    ///
    /// A cancelled run ends soon, and its report says so. To be called once.
    public func run() async -> RunReport {
        let lock: PipelineLock
        do {
            let taken = try await PipelineLock.take(
                declaration.name, repository: repository.path, wait: wait)
            guard let taken else {
                settleLocked()
                return report.withLock { $0 }
            }
            lock = taken
            try await begin()
        } catch {
            settle(error)
            return report.withLock { $0 }
        }
        defer { withExtendedLifetime(lock) {} }
        do {
            try await withinBudget { try await self.work() }
            settle(nil)
        } catch {
            settle(error)
        }
        // Unstructured: a cancelled run, too, tells its hooks, its history and its metrics;
        // awaited here.
        await Task { await self.finish() }.value
        return report.withLock { $0 }
    }

    /// Runs `body`, and cancels it when the run's time is up.
    private func withinBudget(
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        guard let limit = declaration.budget.time else { return try await body() }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return true
            }
            group.addTask {
                try await Task.sleep(for: limit)
                return false
            }
            guard try await group.next() == false else { return group.cancelAll() }
            group.cancelAll()
            // What is cancelled ends in good order first, or may have been done just in time.
            do {
                if try await group.next() == true { return }
            } catch is CancellationError {}
            throw RunFailure(
                description:
                    "stopped: the time budget of \(TimeSpan.text(limit)) is used up; what was committed is kept, and the next run goes on from there",
                state: .timedOut)
        }
    }
}
