// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Sees whether something still happens on a stream.
///
/// One timer per stream, not per message: at each of its ticks something must have happened since
/// the last one.
final class StreamActivity: Sendable {
    private struct State {
        var count = 0
        var hasEnded = false
        var hasTimedOut = false
    }

    private let state = Mutex(State())

    /// Notes that something happened.
    func note() { state.withLock { $0.count += 1 } }

    /// Notes that the peer sends no more.
    func noteEnd() { state.withLock { $0.hasEnded = true } }

    /// Whether the peer sends no more.
    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    /// Notes that the stream was reset because nothing happened.
    func noteTimeout() { state.withLock { $0.hasTimedOut = true } }

    /// Whether the stream was reset because nothing happened.
    var hasTimedOut: Bool { state.withLock { $0.hasTimedOut } }

    /// Returns once nothing has happened for between one and two `interval`s.
    ///
    /// - Throws: `CancellationError`.
    func waitUntilIdle(for interval: Duration, on clock: any Clock<Duration>) async throws {
        var seen = -1
        while true {
            let count = state.withLock { $0.count }
            guard count != seen else { return }
            seen = count
            try await clock.sleep(for: interval)
        }
    }
}
