// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// State under a lock that one reading and one writing task can wait on.
///
/// What the streams of all hosts stand on. The lock is held for short synchronous work only;
/// continuations are resumed after it is released.
package final class Monitor<State: Sendable>: Sendable {
    /// Which of the two places to wait in.
    package enum Side: Int, Sendable {
        /// The task that reads.
        case reader
        /// The task that writes.
        case writer
    }

    /// Whom to wake once the lock is released.
    package struct Wakes: Sendable {
        fileprivate var reader = false
        fileprivate var writer = false

        /// Lets the task at `side`, if one waits, make its attempt again.
        package mutating func wake(_ side: Side) {
            switch side {
            case .reader: reader = true
            case .writer: writer = true
            }
        }

        /// Wakes both sides.
        package mutating func wakeAll() {
            reader = true
            writer = true
        }
    }

    /// A place to wait in: free -> announced -> waiting -> free.
    ///
    /// A wake or a cancellation that comes between the failed attempt and the wait is kept in
    /// `announced`.
    private enum Place {
        case free
        case announced(UInt64, Notice)
        case waiting(UInt64, CheckedContinuation<Void, any Error>)
    }

    private enum Notice { case none, woken, cancelled }

    private struct Guarded {
        var state: State
        var reader = Place.free
        var writer = Place.free
        var lastTicket: UInt64 = 0

        subscript(_ side: Side) -> Place {
            get { side == .reader ? reader : writer }
            set { if side == .reader { reader = newValue } else { writer = newValue } }
        }

        mutating func announce(_ side: Side) -> UInt64 {
            guard case .free = self[side] else {
                preconditionFailure("two tasks wait at the \(side)'s side of one stream")
            }
            lastTicket += 1
            self[side] = .announced(lastTicket, .none)
            return lastTicket
        }

        /// Takes out who waits at `side`, to be resumed after unlocking.
        mutating func wake(_ side: Side) -> CheckedContinuation<Void, any Error>? {
            switch self[side] {
            case .waiting(_, let continuation):
                self[side] = .free
                return continuation
            case .announced(let ticket, .none):
                self[side] = .announced(ticket, .woken)
                return nil
            case .free, .announced: return nil
            }
        }
    }

    private let guarded: Mutex<Guarded>

    /// Puts `state` under the lock.
    package init(_ state: State) { guarded = Mutex(Guarded(state: state)) }

    /// Changes the state, then wakes whom `body` says.
    @discardableResult
    package func withLock<Value: Sendable>(
        _ body: (inout State, inout Wakes) throws -> Value
    ) rethrows -> Value {
        try locked { guarded, wakes in try body(&guarded.state, &wakes) }
    }

    /// Calls `attempt` under the lock until it gives a value, and waits at `side` in between.
    ///
    /// One task at a time may wait at each side.
    /// - Throws: what `attempt` throws; `CancellationError` while it waits.
    package func wait<Value: Sendable>(
        at side: Side, _ attempt: (inout State, inout Wakes) throws -> Value?
    ) async throws -> Value {
        while true {
            let outcome: Outcome<Value> = try locked { guarded, wakes in
                if let value = try attempt(&guarded.state, &wakes) { return .done(value) }
                return .wait(ticket: guarded.announce(side))
            }
            switch outcome {
            case .done(let value): return value
            case .wait(let ticket): try await wait(at: side, ticket: ticket)
            }
        }
    }

    private enum Outcome<Value: Sendable>: Sendable {
        case done(Value)
        case wait(ticket: UInt64)
    }

    private func locked<Value: Sendable>(
        _ body: (inout Guarded, inout Wakes) throws -> Value
    ) rethrows -> Value {
        var wakes = Wakes()
        var reader: CheckedContinuation<Void, any Error>?
        var writer: CheckedContinuation<Void, any Error>?
        defer {
            reader?.resume()
            writer?.resume()
        }
        return try guarded.withLock { guarded in
            defer {
                if wakes.reader { reader = guarded.wake(.reader) }
                if wakes.writer { writer = guarded.wake(.writer) }
            }
            return try body(&guarded, &wakes)
        }
    }

    private func wait(at side: Side, ticket: UInt64) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                suspend(continuation, ticket: ticket, at: side)
            }
        } onCancel: {
            cancel(ticket: ticket, at: side)
        }
    }

    private func suspend(
        _ continuation: CheckedContinuation<Void, any Error>, ticket: UInt64, at side: Side
    ) {
        let notice = guarded.withLock { guarded in
            guard case .announced(ticket, let notice) = guarded[side] else {
                preconditionFailure("two tasks wait at the \(side)'s side of one stream")
            }
            let place: Place = notice == .none ? .waiting(ticket, continuation) : .free
            guarded[side] = place
            return notice
        }
        switch notice {
        case .none: break
        case .woken: continuation.resume()
        case .cancelled: continuation.resume(throwing: CancellationError())
        }
    }

    private func cancel(ticket: UInt64, at side: Side) {
        let waiting: CheckedContinuation<Void, any Error>? = guarded.withLock { guarded in
            switch guarded[side] {
            case .announced(ticket, _):
                guarded[side] = .announced(ticket, .cancelled)
                return nil
            case .waiting(ticket, let continuation):
                guarded[side] = .free
                return continuation
            default: return nil
            }
        }
        waiting?.resume(throwing: CancellationError())
    }
}
