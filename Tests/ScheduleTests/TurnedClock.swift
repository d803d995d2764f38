// SPDX-License-Identifier: Apache-2.0

import Schedule
import Synchronization

/// A clock that only a test turns.
final class TurnedClock: ScheduleClock {
    private struct State {
        var milliseconds: Int64
        var sleepers: [(until: Int64, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    /// A clock that stands at an instant, in seconds since 1970.
    init(_ instant: Int64) { state = Mutex(State(milliseconds: instant * 1000)) }

    var milliseconds: Int64 { state.withLock { $0.milliseconds } }

    func sleep(untilMilliseconds: Int64) async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.milliseconds >= untilMilliseconds || Task.isCancelled { return true }
                    state.sleepers.append((untilMilliseconds, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            // Whoever wakes too early looks at the clock again.
            for sleeper in takeAll({ _ in true }) { sleeper.resume() }
        }
        try Task.checkCancellation()
    }

    /// Sets the clock, forwards or back, and wakes those whose time has come.
    func turn(to instant: Int64) {
        state.withLock { $0.milliseconds = instant * 1000 }
        for sleeper in takeAll({ $0 <= instant * 1000 }) { sleeper.resume() }
    }

    private func takeAll(_ isDue: (Int64) -> Bool) -> [CheckedContinuation<Void, Never>] {
        state.withLock { state in
            let due = state.sleepers.filter { isDue($0.until) }.map(\.continuation)
            state.sleepers.removeAll { isDue($0.until) }
            return due
        }
    }
}

/// What happens, in order, for a test that waits for it.
final class Happenings: Sendable {
    private struct State {
        var entries: [String] = []
        var taker: CheckedContinuation<String, Never>?
    }

    private let state = Mutex(State())

    func add(_ entry: String) {
        let taker = state.withLock { state -> CheckedContinuation<String, Never>? in
            defer { state.taker = nil }
            if state.taker == nil { state.entries.append(entry) }
            return state.taker
        }
        taker?.resume(returning: entry)
    }

    /// The next entry; waits for it.
    func next() async -> String {
        await withCheckedContinuation { continuation in
            let entry = state.withLock { state -> String? in
                if !state.entries.isEmpty { return state.entries.removeFirst() }
                state.taker = continuation
                return nil
            }
            if let entry { continuation.resume(returning: entry) }
        }
    }

    /// The entries that nobody has taken.
    var rest: [String] { state.withLock { $0.entries } }
}
