// SPDX-License-Identifier: Apache-2.0

import Libp2p

/// Runs jobs as children of the one task that is in ``run()``.
///
/// Event loops and callers that may not wait hand work over here. Bounded by what adds to it:
/// connections, streams and dials have limits of their own.
final class TaskPool: Sendable {
    typealias Job = @Sendable () async -> Void

    private struct State {
        var jobs: [Job] = []
        var isClosed = false
    }

    private let state = Monitor(State())

    /// Hands `job` over; false once ``run()`` has been cancelled, in which case it never runs.
    func add(_ job: @escaping Job) -> Bool {
        state.withLock { state, wakes in
            guard !state.isClosed else { return false }
            state.jobs.append(job)
            wakes.wake(.reader)
            return true
        }
    }

    /// Runs jobs until the task is cancelled, then cancels those that run and waits for them.
    func run() async {
        await withDiscardingTaskGroup { group in
            while let jobs = await next() {
                for job in jobs { group.addTask { await job() } }
            }
            let late = state.withLock { state, _ in
                state.isClosed = true
                defer { state.jobs = [] }
                return state.jobs
            }
            group.cancelAll()
            // They were promised to run; they find themselves cancelled.
            for job in late { group.addTask { await job() } }
        }
    }

    /// What waits; nil when the task is cancelled.
    private func next() async -> [Job]? {
        // Nothing else than a cancellation ends the wait.
        try? await state.wait(at: .reader) { state, _ in
            if state.jobs.isEmpty { return nil }
            defer { state.jobs = [] }
            return state.jobs
        }
    }
}
