// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Synchronization

/// A budget of units, mostly bytes, that tasks take from and wait for in order of arrival.
///
/// A request for more than the whole budget is granted when nothing else is out, so that one
/// oversized item passes alone instead of never.
public final class WeightedSemaphore: Sendable {
    private let state: Mutex<State>

    /// A budget of `capacity` units, at least one.
    public init(capacity: Int) {
        precondition(capacity > 0, "a budget needs units, not \(capacity)")
        state = Mutex(State(capacity: capacity))
    }

    /// The units that are taken at the moment.
    public var used: Int { state.withLock { $0.used } }

    /// The requests that wait at the moment.
    var waitingCount: Int { state.withLock { $0.waitingCount } }

    /// Takes `weight` units, suspending until they are free.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits; nothing is taken.
    public func acquire(_ weight: Int) async throws {
        if state.withLock({ $0.takeAtOnce(weight) }) { return }
        let id = state.withLock { $0.makeID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                switch state.withLock({ $0.enqueue(id, weight, continuation) }) {
                case .granted: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .waiting: break
                }
            }
        } onCancel: {
            let (cancelled, granted) = state.withLock { $0.cancel(id) }
            cancelled?.resume(throwing: CancellationError())
            for waiter in granted { waiter.resume() }
        }
    }

    /// Takes `weight` units if they are free at once; says whether it did.
    public func tryAcquire(_ weight: Int) -> Bool {
        state.withLock { $0.takeAtOnce(weight) }
    }

    /// Gives `weight` units back.
    public func release(_ weight: Int) {
        let granted = state.withLock { $0.release(weight) }
        for waiter in granted { waiter.resume() }
    }
}

extension WeightedSemaphore {
    typealias Continuation = CheckedContinuation<Void, any Error>

    /// Who has how much, and who waits; actions are returned and taken after unlocking.
    struct State {
        struct Waiter {
            let id: Int
            let weight: Int
            let continuation: Continuation
        }

        enum Outcome { case granted, waiting, cancelled }

        let capacity: Int
        private(set) var used = 0
        private var waiters: Deque<Waiter> = []
        var waitingCount: Int { waiters.count }
        /// Requests cancelled between getting their ID and being queued.
        private var cancelledEarly: Set<Int> = []
        private var nextID = 0

        init(capacity: Int) { self.capacity = capacity }

        mutating func makeID() -> Int {
            nextID += 1
            return nextID
        }

        mutating func takeAtOnce(_ weight: Int) -> Bool {
            guard waiters.isEmpty, fits(weight) else { return false }
            used += weight
            return true
        }

        mutating func enqueue(
            _ id: Int, _ weight: Int, _ continuation: Continuation
        ) -> Outcome {
            if cancelledEarly.remove(id) != nil { return .cancelled }
            if takeAtOnce(weight) { return .granted }
            waiters.append(Waiter(id: id, weight: weight, continuation: continuation))
            return .waiting
        }

        mutating func cancel(_ id: Int) -> (Continuation?, [Continuation]) {
            guard let index = waiters.firstIndex(where: { $0.id == id }) else {
                cancelledEarly.insert(id)
                return (nil, [])
            }
            let waiter = waiters.remove(at: index)
            return (waiter.continuation, grant())
        }

        mutating func release(_ weight: Int) -> [Continuation] {
            used -= weight
            precondition(used >= 0, "more was released than taken")
            return grant()
        }

        private func fits(_ weight: Int) -> Bool { used == 0 || used + weight <= capacity }

        private mutating func grant() -> [Continuation] {
            var granted: [Continuation] = []
            while let first = waiters.first, fits(first.weight) {
                used += first.weight
                granted.append(first.continuation)
                waiters.removeFirst()
            }
            return granted
        }
    }
}
