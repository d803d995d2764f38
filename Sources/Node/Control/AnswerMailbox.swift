// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Synchronization

/// The answers to one request, between the task that reads the connection and the one that asked.
///
/// Bounded: who puts an answer into a full mailbox waits until one was taken, or nobody is left to
/// take it.
final class AnswerMailbox: Sendable {
    /// An answer, and the bytes that came with it.
    typealias Element = (answer: ControlAnswer, bytes: [UInt8])

    /// A block in hand, one on its way, and the last answer.
    private static let capacity = 4

    private struct State {
        var queue: Deque<Element> = []
        var taker: CheckedContinuation<Element?, any Error>?
        var putter: CheckedContinuation<Void, Never>?
        var isFinished = false
        var isAbandoned = false

        /// What a taker gets at once, if anything, and who may put again.
        mutating func take(
            _ continuation: CheckedContinuation<Element?, any Error>
        ) -> (Result<Element?, any Error>?, CheckedContinuation<Void, Never>?) {
            if isAbandoned { return (.failure(CancellationError()), nil) }
            if let element = queue.popFirst() { return (.success(element), putter.take()) }
            if isFinished { return (.success(nil), nil) }
            taker = continuation
            return (nil, nil)
        }
    }

    private let state = Mutex(State())

    /// Adds an answer; at most one task puts.
    func put(_ element: sending Element) async {
        let taker: CheckedContinuation<Element?, any Error>? = state.withLock { state in
            guard !state.isAbandoned else { return nil }
            if let taker = state.taker.take() { return taker }
            state.queue.append(element)
            return nil
        }
        if let taker { return taker.resume(returning: element) }
        await withCheckedContinuation { continuation in
            let isFull = state.withLock { state in
                guard !state.isAbandoned, state.queue.count > Self.capacity else { return false }
                state.putter = continuation
                return true
            }
            if !isFull { continuation.resume() }
        }
    }

    /// The next answer; nil when there will be none.
    ///
    /// At most one task takes.
    ///
    /// - Throws: `CancellationError`; the mailbox is abandoned then.
    func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (result, putter) = state.withLock { $0.take(continuation) }
                putter?.resume()
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            abandon()
        }
    }

    /// Nobody takes answers any more.
    func abandon() {
        let (taker, putter) = state.withLock { state in
            state.isAbandoned = true
            state.queue.removeAll()
            return (state.taker.take(), state.putter.take())
        }
        taker?.resume(throwing: CancellationError())
        putter?.resume()
    }

    /// No more answers will come.
    func finish() {
        let taker = state.withLock { state in
            state.isFinished = true
            return state.taker.take()
        }
        taker?.resume(returning: nil)
    }
}
