// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Stages that run at the same time, joined by ``BoundedChannel``s.
///
/// Knows nothing of what flows through it. A stage is a body that each of its workers runs once:
/// it receives from one channel until that ends, and sends to others. When all workers of a stage
/// have returned, its `afterwards` closes the channels it fed. If any worker throws, all are
/// cancelled and ``run()`` rethrows the first error.
public final class Pipeline: Sendable {
    private struct Stage: Sendable {
        let meter: StageMeter
        let executor: (any TaskExecutor)?
        let body: @Sendable (StageMeter) async throws -> Void
        let afterwards: @Sendable () -> Void
    }

    private struct State {
        var stages: [Stage] = []
        var started: ContinuousClock.Instant?
        var ended: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// A pipeline without stages.
    public init() {}

    /// Adds a stage of `width` workers.
    ///
    /// - Parameters:
    ///   - executor: where the workers run; nil is the cooperative pool, which must not block.
    ///   - body: what one worker does, from its first element to its last.
    ///   - afterwards: called once when all workers have returned without an error; finishes the
    ///     stage's output channels.
    public func addStage(
        _ name: String, width: Int, on executor: (any TaskExecutor)? = nil,
        _ body: @escaping @Sendable (StageMeter) async throws -> Void,
        afterwards: @escaping @Sendable () -> Void = {}
    ) {
        precondition(width > 0, "stage \(name) needs workers, not \(width)")
        let stage = Stage(
            meter: StageMeter(name: name, width: width), executor: executor, body: body,
            afterwards: afterwards)
        state.withLock { $0.stages.append(stage) }
    }

    /// Runs all stages until the last has ended.
    ///
    /// - Throws: the first error of a worker, or `CancellationError`.
    public func run() async throws {
        let stages = state.withLock { state in
            state.started = .now
            return state.stages
        }
        defer { state.withLock { $0.ended = .now } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for stage in stages { group.addTask { try await Self.run(stage) } }
            // `waitForAll` would let the others run on after an error.
            while try await group.next() != nil {}
        }
    }

    /// The counts so far, at any time during or after ``run()``.
    public var report: PipelineReport {
        state.withLock { state in
            let end = state.ended ?? .now
            return PipelineReport(
                stages: state.stages.map(\.meter.snapshot),
                elapsed: state.started.map { $0.duration(to: end) } ?? .zero)
        }
    }

    private static func run(_ stage: Stage) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<stage.meter.width {
                group.addTask(executorPreference: stage.executor) {
                    try await stage.body(stage.meter)
                }
            }
            while try await group.next() != nil {}  // as above
        }
        stage.afterwards()
    }
}
