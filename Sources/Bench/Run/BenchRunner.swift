// SPDX-License-Identifier: Apache-2.0

import FileIO
import Multiformats
import Repository

/// Carries out a ``BenchPlan``.
///
/// Everything it makes lies in two scratch directories, which are removed at the end, when an
/// error is thrown, and when the task is cancelled.
public struct BenchRunner: Sendable {
    private let plan: BenchPlan
    private let progress: @Sendable (String) -> Void

    /// A runner that tells `progress` what it is at, in a few words each time.
    public init(_ plan: BenchPlan, progress: @escaping @Sendable (String) -> Void = { _ in }) {
        self.plan = plan
        self.progress = progress
    }

    /// Measures the machine, then each source, and removes what was made for it.
    ///
    /// - Throws: ``BenchError``, `IOError`, errors of the ingest, or `CancellationError`.
    public func run() async throws -> BenchResult {
        try await Scratch.with(in: plan.dataDirectory) { data in
            try await Scratch.with(in: plan.storeDirectory) { store in
                try await run(data: data, store: store)
            }
        }
    }

    private func run(data: Directory, store: Directory) async throws -> BenchResult {
        let system = await BlockingPool.shared.run { SystemFacts(data: data, store: store) }
        try await BlockingPool.shared.run { try requireRoom(data: data, store: store) }
        var trials: [SourceTrial] = []
        for (index, source) in plan.sources.enumerated() {
            progress("making \(source.name)")
            trials.append(
                try await SourceTrial.prepare(
                    source, number: index, plan: plan, data: data, store: store))
        }
        let probe = CeilingProbe(
            store: store, data: data, cores: system.coreCount, effort: plan.effort)
        var ceilings = try await probe.measure { progress("measuring the machine: \($0)") }
        for round in 1...plan.runs {
            // In turns, so that a change of the machine's mood meets all alike.
            for index in trials.indices {
                progress("\(trials[index].source.name): run \(round) of \(plan.runs)")
                try await trials[index].measure(round: round)
            }
        }
        progress("measuring the machine: writing, once more")
        try await probe.improve(
            &ceilings, shownRate: trials.map(\.shownStoreRate).max() ?? 0)
        var sources: [SourceResult] = []
        for trial in trials {
            progress("\(trial.source.name): measuring its limit")
            sources.append(try await trial.result(ceilings, cores: system.coreCount))
        }
        return BenchResult(system: system, plan: plan, ceilings: ceilings, sources: sources)
    }

    /// Refuses before anything is written if it would not fit.
    private func requireRoom(data: Directory, store: Directory) throws {
        var (made, largest) = (0, plan.effort.probeByteCount)
        for case .corpus(let corpus, let byteCount) in plan.sources {
            made += corpus.diskByteCount(of: byteCount)
            largest = max(largest, byteCount + byteCount / 16)
        }
        for case .path(let path) in plan.sources {
            largest = max(largest, try SourceTrial.walk(path).bytes)
        }
        // A repeated source keeps its repository while others have theirs.
        let kept = plan.sources.contains(where: \.isRepeated) ? largest : 0
        let stored = largest + kept + (64 << 20)
        let isShared = try data.status().device == store.status().device
        try BenchError.requireRoom(
            made + (isShared ? stored : plan.effort.probeByteCount), at: plan.dataDirectory,
            for: "the benchmark")
        if !isShared {
            try BenchError.requireRoom(stored, at: plan.storeDirectory, for: "the benchmark")
        }
    }
}
