// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Hands elements to one consumer, each at most once at a time, and drops what is over its bound.
final class CandidateQueue<Element: Hashable & Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        /// Waiting or with the consumer.
        var known: Set<Element> = []
        var consumer: CheckedContinuation<Element, any Error>?
    }

    private let bound: Int
    private let state = Mutex(State())

    /// Holds at most `bound` elements, those with the consumer included.
    init(bound: Int) { self.bound = bound }

    /// Puts an element in line; false if it is there already, or there is no room.
    @discardableResult
    func offer(_ element: Element) -> Bool {
        let (isTaken, consumer) = state.withLock { state in
            guard state.known.count < bound, state.known.insert(element).inserted else {
                return (false, nil as CheckedContinuation<Element, any Error>?)
            }
            guard let consumer = state.consumer else {
                state.waiting.append(element)
                return (true, nil)
            }
            state.consumer = nil
            return (true, consumer)
        }
        consumer?.resume(returning: element)
        return isTaken
    }

    /// Waits for the next element; ``finish(_:)`` must follow.
    ///
    /// One task at a time may wait.
    ///
    /// - Throws: `CancellationError`.
    func next() async throws -> Element {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Element, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard state.waiting.isEmpty else {
                        return .success(state.waiting.removeFirst())
                    }
                    precondition(state.consumer == nil, "two tasks wait for candidates")
                    state.consumer = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let consumer = state.withLock { state in
                defer { state.consumer = nil }
                return state.consumer
            }
            consumer?.resume(throwing: CancellationError())
        }
    }

    /// Lets the element be offered again.
    func finish(_ element: Element) {
        state.withLock { _ = $0.known.remove(element) }
    }
}
