// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Synchronization

/// A result that tasks wait for and another gives, once.
final class OneShot<Value: Sendable>: Sendable {
    private typealias Outcome = Result<Value, any Error>

    private struct State {
        var outcome: Outcome?
        /// One for each task that waits; of those that were cancelled, until there is a result.
        var waiters: [Monitor<Outcome?>] = []
    }

    private let state = Mutex(State())

    /// Gives the result; those after the first are dropped.
    func fulfil(_ outcome: Result<Value, any Error>) {
        let waiters = state.withLock { state -> [Monitor<Outcome?>] in
            guard state.outcome == nil else { return [] }
            state.outcome = outcome
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.withLock { state, wakes in
                state = outcome
                wakes.wake(.reader)
            }
        }
    }

    /// Waits for the result.
    ///
    /// - Throws: the failure; `CancellationError`.
    func wait() async throws -> Value {
        let waiter = Monitor<Outcome?>(nil)
        let known = state.withLock { state in
            if state.outcome == nil { state.waiters.append(waiter) }
            return state.outcome
        }
        if let known { return try known.get() }
        return try await waiter.wait(at: .reader) { state, _ in state }.get()
    }
}
