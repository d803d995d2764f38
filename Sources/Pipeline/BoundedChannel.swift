// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Synchronization

/// A queue between stages that holds at most a stated weight, in bytes as a rule.
///
/// Any number of senders and receivers; elements come out in the order in which they went in. A
/// sender waits while the channel is full: that is what slows the stages before it.
public final class BoundedChannel<Element: Sendable>: Sendable {
    /// The weight that there is room for.
    public let capacity: Int

    private let room: WeightedSemaphore
    private let state = Mutex(State())

    /// A channel for elements that together weigh at most `capacity`; a single heavier one passes
    /// alone.
    public init(capacity: Int) {
        self.capacity = capacity
        room = WeightedSemaphore(capacity: capacity)
    }

    /// The weight of what is queued at the moment.
    public var queuedWeight: Int { room.used }

    /// Queues `element`, suspending while there is no room.
    ///
    /// Sending after ``finish()`` is a mistake of the caller.
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    public func send(_ element: Element, weight: Int) async throws {
        let weight = max(weight, 1)
        try await room.acquire(weight)
        let receiver = state.withLock { $0.send(element, weight) }
        guard let receiver else { return }
        room.release(weight)
        receiver.resume(returning: element)
    }

    /// The next element, suspending until there is one; nil when the channel is finished and
    /// empty.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    public func receive() async throws -> Element? {
        switch state.withLock({ $0.receiveAtOnce() }) {
        case .element(let element, let weight):
            room.release(weight)
            return element
        case .finished: return nil
        case .nothing: break
        }
        let id = state.withLock { $0.makeID() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                switch state.withLock({ $0.enqueue(id, continuation) }) {
                case .element(let element, let weight):
                    room.release(weight)
                    continuation.resume(returning: element)
                case .finished: continuation.resume(returning: nil)
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .waiting: break
                }
            }
        } onCancel: {
            state.withLock { $0.cancel(id) }?.resume(throwing: CancellationError())
        }
    }

    /// Says that nothing more will be sent; receivers get what is queued, then nil.
    public func finish() {
        for receiver in state.withLock({ $0.finish() }) { receiver.resume(returning: nil) }
    }
}

extension BoundedChannel {
    typealias Continuation = CheckedContinuation<Element?, any Error>

    /// Open, then finished; elements or receivers are queued, never both.
    struct State {
        enum Available {
            case element(Element, weight: Int)
            case finished
            case nothing
        }

        enum Outcome {
            case element(Element, weight: Int)
            case finished, cancelled, waiting
        }

        private var elements: Deque<(Element, weight: Int)> = []
        private var receivers: Deque<(id: Int, continuation: Continuation)> = []
        private var cancelledEarly: Set<Int> = []
        private var isFinished = false
        private var nextID = 0

        mutating func makeID() -> Int {
            nextID += 1
            return nextID
        }

        mutating func send(_ element: Element, _ weight: Int) -> Continuation? {
            precondition(!isFinished, "an element was sent to a finished channel")
            if let receiver = receivers.popFirst() { return receiver.continuation }
            elements.append((element, weight))
            return nil
        }

        mutating func receiveAtOnce() -> Available {
            if let (element, weight) = elements.popFirst() {
                return .element(element, weight: weight)
            }
            return isFinished ? .finished : .nothing
        }

        mutating func enqueue(_ id: Int, _ continuation: Continuation) -> Outcome {
            if cancelledEarly.remove(id) != nil { return .cancelled }
            switch receiveAtOnce() {
            case .element(let element, let weight): return .element(element, weight: weight)
            case .finished: return .finished
            case .nothing:
                receivers.append((id, continuation))
                return .waiting
            }
        }

        mutating func cancel(_ id: Int) -> Continuation? {
            guard let index = receivers.firstIndex(where: { $0.id == id }) else {
                cancelledEarly.insert(id)
                return nil
            }
            return receivers.remove(at: index).continuation
        }

        mutating func finish() -> [Continuation] {
            isFinished = true
            defer { receivers.removeAll() }
            return receivers.map(\.continuation)
        }
    }
}
