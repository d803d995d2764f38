// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What the scheduler waits for.
///
/// One task takes; anybody adds, without waiting.
///
/// Bounded by nature: a run ends once, and the other kinds of events do not add up.
final class SchedulerMailbox: Sendable {
    enum Event: Sendable {
        /// Something may be due.
        case wake
        /// A run has ended; nil if it never began.
        case ended(pipeline: String, RunReport?)
        /// The files are to be read again.
        case reload
        /// Nothing more is to begin.
        case stop
        /// Nothing more is to begin, and what is going is to end now.
        case abort

        /// Whether a second one, while the first waits to be taken, says the same.
        fileprivate func isRepeated(by other: Event) -> Bool {
            switch (self, other) {
            case (.wake, .wake), (.reload, .reload), (.stop, .stop), (.abort, .abort): true
            default: false
            }
        }
    }

    private struct State {
        var events: [Event] = []
        var taker: CheckedContinuation<Event, Never>?
    }

    private let state = Mutex(State())

    func add(_ event: Event) {
        let taker = state.withLock { state -> CheckedContinuation<Event, Never>? in
            if let taker = state.taker {
                state.taker = nil
                return taker
            }
            if !state.events.contains(where: { $0.isRepeated(by: event) }) {
                state.events.append(event)
            }
            return nil
        }
        taker?.resume(returning: event)
    }

    /// The next event.
    func next() async -> Event {
        await withCheckedContinuation { continuation in
            let event = state.withLock { state -> Event? in
                if !state.events.isEmpty { return state.events.removeFirst() }
                state.taker = continuation
                return nil
            }
            if let event { continuation.resume(returning: event) }
        }
    }
}
