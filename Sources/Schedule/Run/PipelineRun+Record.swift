// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import Ingest
import Repository
import Synchronization

extension PipelineRun {
    /// Records that the run has begun.
    ///
    /// Its lock is held, so other runs that seem to go are dead.
    func begin() async throws {
        report.withLock { $0.record.startedAtMilliseconds = repository.clock.milliseconds }
        var filter = RunFilter()
        filter.pipeline = declaration.name
        filter.states = [.running]
        for var dead in try await repository.catalog.runs(filter) {
            dead.state = .died
            dead.exitCode = Int(RunExit.failed)
            dead.error = "its process (\(dead.processID)) ended without a word"
            dead.finishedAtMilliseconds = dead.startedAtMilliseconds
            try await repository.catalog.record(dead)
        }
        try await repository.catalog.record(report.withLock { $0.record })
    }

    /// Says that another run is still going.
    func settleLocked() {
        let owner = PipelineLock.owner(of: declaration.name, repository: repository.path)
        let process = owner.map { " (process \($0))" } ?? ""
        report.withLock {
            $0.record.state = .overlapped
            $0.record.exitCode = Int(RunExit.stillRunning)
            $0.record.error =
                "another run of \(declaration.name) is still going\(process); wait for it with --wait"
            $0.record.finishedAtMilliseconds = repository.clock.milliseconds
        }
    }

    /// Says how the run ended.
    func settle(_ error: (any Error)?) {
        takeCounts()
        report.withLock { report in
            report.record.finishedAtMilliseconds = repository.clock.milliseconds
            switch error {
            case nil:
                let failed = report.steps.first(where: \.hasFailed)
                report.record.error = failed.map { "\($0.name): \($0.text)" }
                report.record.state =
                    failed != nil ? .failed : report.counts.skipped > 0 ? .skippedInputs : .done
            case is CancellationError:
                report.record.state = .cancelled
                report.record.error = "cancelled; what was committed is kept"
            case let failure as RunFailure:
                report.record.state = failure.state
                report.record.error = failure.description
            case let error?:
                report.record.state = .failed
                report.record.error = "\(error)"
            }
            report.record.exitCode = Int(Self.exitCode(of: report.record.state))
            report.record.steps = report.steps.map {
                "\($0.name): \($0.hasFailed ? "failed: " : "")\($0.text)"
            }
        }
    }

    private static func exitCode(of state: RunRecord.State) -> Int32 {
        switch state {
        case .done: RunExit.done
        case .skippedInputs: RunExit.skippedInputs
        case .cancelled: RunExit.cancelled
        case .overlapped: RunExit.stillRunning
        case .running, .failed, .timedOut, .died, .missed: RunExit.failed
        }
    }

    /// Takes over what the ingest has counted, however far it came.
    private func takeCounts() {
        let (counts, skipped, notes) = (counters.counts, counters.skipped, counters.notes)
        report.withLock { report in
            report.counts = counts
            report.skipped = skipped
            report.notes = notes
            report.record.files = Int64(counts.files)
            report.record.bytes = Int64(counts.bytes + counts.unchangedBytes)
            report.record.newBytes = Int64(counts.newBytes)
            report.record.storedBytes = Int64(counts.storedBytes)
            report.record.skipped = Int64(counts.skipped)
        }
    }

    /// Tells hooks, history and metrics how the run ended.
    func finish() async {
        await runLastHooks()
        report.withLock { $0.record.finishedAtMilliseconds = repository.clock.milliseconds }
        do { try await repository.catalog.record(report.withLock { $0.record }) } catch {
            warn("the run could not be recorded: \(error)")
        }
        guard let path = surroundings.metricsPath ?? declaration.metricsPath else { return }
        do {
            let metrics = try await metrics()
            try await BlockingPool.shared.run { try metrics.write(to: path) }
        } catch {
            warn("the metrics could not be written: \(error)")
        }
    }

    private func warn(_ text: String) { report.withLock { $0.warnings.append(text) } }

    private func runLastHooks() async {
        if report.withLock({ $0.record.state == .done || $0.record.state == .skippedInputs }) {
            do { return try await run(declaration.hooks.after, as: "after") } catch {
                settle(error)
            }
        }
        do { try await run(declaration.hooks.onFailure, as: "on-failure") } catch {
            warn("\(error)")
        }
    }

    private func metrics() async throws -> MetricsFile {
        var filter = RunFilter()
        filter.pipeline = declaration.name
        filter.states = [.done, .skippedInputs]
        filter.limit = 1
        let success = try await repository.catalog.runs(filter).first
        return MetricsFile(
            record: report.withLock { $0.record },
            lastSuccessMilliseconds: success?.finishedAtMilliseconds,
            totals: try await repository.catalog.totals())
    }
}
