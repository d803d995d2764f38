// SPDX-License-Identifier: Apache-2.0

import Node
import Repository
import Synchronization

/// A session with a node that is begun when the first block is missing, and no earlier.
final class NetworkFallback: Sendable {
    private typealias Waiter = CheckedContinuation<any ControlSession, any Error>

    private struct State {
        var outcome: Result<any ControlSession, any Error>?
        var waiters: [Waiter] = []
        var isWanted = false
        var isOver = false
        var starter: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    /// The session; begins it if need be.
    ///
    /// - Throws: why there is none.
    func session() async throws -> any ControlSession {
        try await withCheckedThrowingContinuation { waiter in
            let (outcome, starter) = state.withLock { state in
                if let outcome = state.outcome {
                    return (Optional(outcome), state.starter.take())
                }
                state.waiters.append(waiter)
                state.isWanted = true
                return (nil, state.starter.take())
            }
            starter?.resume(returning: true)
            if let outcome { waiter.resume(with: outcome) }
        }
    }

    /// Begins sessions as they are wanted, and keeps one open, until cancelled.
    func run(
        _ open: @Sendable (@escaping @Sendable (any ControlSession) async throws -> Void)
            async throws -> Void
    ) async {
        guard await isWanted() else { return settle(.failure(CancellationError())) }
        do {
            try await open { session in
                self.settle(.success(session))
                // Ends by cancellation, when nobody reads any more.
                while true { try await Task.sleep(for: .seconds(3600)) }
            }
        } catch {
            settle(.failure(error))
        }
    }

    private func isWanted() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { starter in
                let known: Bool? = state.withLock { state in
                    if state.isWanted { return true }
                    if state.isOver { return false }
                    state.starter = starter
                    return nil
                }
                if let known { starter.resume(returning: known) }
            }
        } onCancel: {
            let starter = state.withLock { state in
                state.isOver = true
                return state.starter.take()
            }
            starter?.resume(returning: false)
        }
    }

    /// The first outcome counts, but that a session which broke is not used again.
    private func settle(_ outcome: Result<any ControlSession, any Error>) {
        let waiters = state.withLock { state in
            state.outcome = outcome
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(with: outcome) }
    }
}
