// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tells observers of a host what happens, in order and outside of any lock.
///
/// An event raised while another is being told waits for its turn, also when an observer raises it.
package final class HostObservers: Sendable {
    private struct State {
        var observers: [(id: UInt64, call: @Sendable (HostEvent) -> Void)] = []
        var lastID: UInt64 = 0
        var pending: [HostEvent] = []
        var isTelling = false
    }

    private let state = Mutex(State())

    /// Starts with nobody.
    package init() {}

    /// Adds an observer.
    package func observe(_ call: @escaping @Sendable (HostEvent) -> Void) -> HostObservation {
        let id = state.withLock { state in
            state.lastID += 1
            state.observers.append((state.lastID, call))
            return state.lastID
        }
        return HostObservation { [weak self] in
            self?.state.withLock { state in state.observers.removeAll { $0.id == id } }
        }
    }

    /// Tells `event` to all; returns before that if another call is telling already.
    package func tell(_ event: HostEvent) {
        enqueue(event)
        deliver()
    }

    /// Puts `event` in line.
    ///
    /// Calls nobody, so that the order of changes that a lock protects can be kept by calling this
    /// under it; ``deliver()`` must follow without it.
    package func enqueue(_ event: HostEvent) { state.withLock { $0.pending.append(event) } }

    /// Tells all events that wait in line, unless another call is about it already.
    package func deliver() {
        let isTeller = state.withLock { state in
            if state.isTelling { return false }
            state.isTelling = true
            return true
        }
        guard isTeller else { return }
        while let (event, ids) = next() {
            for id in ids {
                // Looked up anew: it may have been cancelled by the one before.
                let call = state.withLock { $0.observers.first { $0.id == id }?.call }
                call?(event)
            }
        }
    }

    private func next() -> (HostEvent, [UInt64])? {
        state.withLock { state in
            guard !state.pending.isEmpty else {
                state.isTelling = false
                return nil
            }
            return (state.pending.removeFirst(), state.observers.map(\.id))
        }
    }
}
