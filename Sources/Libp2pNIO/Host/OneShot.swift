// SPDX-License-Identifier: Apache-2.0

import Libp2p

/// A result that one task waits for and another gives, once.
final class OneShot<Value: Sendable>: Sendable {
    private let state = Monitor<Result<Value, any Error>?>(nil)

    /// Gives the result; those after the first are dropped.
    func fulfil(_ result: Result<Value, any Error>) {
        state.withLock { state, wakes in
            if state == nil { state = result }
            wakes.wake(.reader)
        }
    }

    /// Waits for the result.
    ///
    /// - Throws: the failure; `CancellationError`.
    func wait() async throws -> Value {
        try await state.wait(at: .reader) { state, _ in state }.get()
    }
}
