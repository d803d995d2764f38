// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Synchronization

/// Runs jobs that are started from anywhere as children of one task.
///
/// Whoever starts jobs bounds how many there are.
final class JobScope: Sendable {
    typealias Job = @concurrent @Sendable () async -> Void

    /// Jobs queue up, also before ``run()``, until it has ended; then they are dropped.
    private struct State {
        var jobs: Deque<Job> = []
        var waiter: CheckedContinuation<Void, Never>?
        var hasEnded = false
    }

    private let state = Mutex(State())

    /// Starts a job; false if the scope has ended.
    @discardableResult
    func start(_ job: @escaping Job) -> Bool {
        let (waiter, isStarted) = state.withLock { state in
            if state.hasEnded { return (nil as CheckedContinuation<Void, Never>?, false) }
            state.jobs.append(job)
            defer { state.waiter = nil }
            return (state.waiter, true)
        }
        waiter?.resume()
        return isStarted
    }

    /// Runs jobs until the task is cancelled; cancels those that run then, and waits for them.
    func run() async {
        await withDiscardingTaskGroup { group in
            while let job = await next() { group.addTask(operation: job) }
            group.cancelAll()
        }
    }

    /// The next job; nil once the task is cancelled.
    private func next() async -> Job? {
        while true {
            let (job, hasEnded) = state.withLock { state in
                (state.hasEnded ? nil : state.jobs.popFirst(), state.hasEnded)
            }
            if let job { return job }
            if hasEnded { return nil }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if state.hasEnded || !state.jobs.isEmpty { return true }
                        state.waiter = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                end()
            }
        }
    }

    private func end() {
        let waiter = state.withLock { state in
            state.hasEnded = true
            state.jobs = []
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
