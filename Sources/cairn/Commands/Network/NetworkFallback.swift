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
                var starter: CheckedContinuation<Bool, Never>?
                if let outcome = state.outcome { return (Optional(outcome), starter) }
                state.waiters.append(waiter)
                defer { state.isWanted = true }
                if !state.isWanted { starter = state.starter.take() }
                return (nil, starter)
            }
            starter?.resume(returning: true)
            if let outcome { waiter.resume(with: outcome) }
        }
    }

    /// Begins a session when it is wanted, and keeps it open until it is over, or cancelled.
    func run(
        _ open:
            @Sendable (@escaping @Sendable (any ControlSession) async throws -> Void)
            async throws -> Void
    ) async {
        guard await isWanted() else { return settle(.failure(CancellationError())) }
        do {
            try await open { session in
                self.settle(.success(session))
                await self.untilOver()
            }
        } catch {
            settle(.failure(error))
        }
    }

    /// Nobody reads any more: lets ``run(_:)`` end in good order.
    func finish() {
        let starter = state.withLock { state in
            state.isOver = true
            return state.starter.take()
        }
        starter?.resume(returning: false)
    }

    private func isWanted() async -> Bool { await wait { $0.isWanted ? true : nil } }

    private func untilOver() async { _ = await wait { _ in nil } }

    /// Waits until `known` gives a value, or false when it is over.
    private func wait(_ known: @escaping @Sendable (borrowing State) -> Bool?) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { starter in
                let result: Bool? = state.withLock { state in
                    if state.isOver { return false }
                    if let value = known(state) { return value }
                    state.starter = starter
                    return nil
                }
                if let result { starter.resume(returning: result) }
            }
        } onCancel: {
            finish()
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
