// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Synchronization

/// A stream of a connection: where its holder waits for what the session, which has the bytes, says.
final class MuxedStream: Sendable {
    private struct State: Sendable {
        /// The session has bytes, or the end, since a read found nothing.
        var isReadable = false
        /// The session has room since a write was cut short.
        var isWritable = false
        /// Reads found the end.
        var sawEnd = false
        /// The holder closed it.
        var isClosed = false
        /// Bytes that were read too far, and are to be read again.
        var returned: [UInt8] = []
        var failure: PeerStreamError?
    }

    /// Its number in the session.
    let id: YamuxStreamID
    /// Whether this side opened it.
    let isOutbound: Bool
    /// What it is a stream of.
    let connection: SocketConnection
    private let state = Monitor(State())
    private let counted: Atomic<Bool>

    /// Whether it counts against the host's limits: outbound ones do from the start.
    var isCounted: Bool { counted.load(ordering: .relaxed) }

    init(_ id: YamuxStreamID, isOutbound: Bool, on connection: SocketConnection) {
        self.id = id
        self.isOutbound = isOutbound
        self.connection = connection
        counted = Atomic(isOutbound)
    }

    /// Says that it counts.
    func markCounted() { counted.store(true, ordering: .relaxed) }

    func read(atMost limit: Int) async throws -> [UInt8]? {
        precondition(limit > 0, "a read of \(limit) bytes")
        if let bytes = takeReturned(atMost: limit) { return bytes }
        while true {
            switch connection.read(id, atMost: limit) {
            case .bytes(let bytes): return bytes
            case .end:
                state.withLock { state, _ in state.sawEnd = true }
                return nil
            case .reset:
                if state.withLock({ state, _ in state.sawEnd }) { return nil }
                throw failure(else: .reset)
            case .nothing:
                try await state.wait(at: .reader) { state, _ -> Void? in
                    if state.isReadable {
                        state.isReadable = false
                        return ()
                    }
                    if let failure = state.failure { throw failure }
                    if state.isClosed { throw PeerStreamError.closed }
                    return nil
                }
            }
        }
    }

    /// Puts bytes back that were read too far.
    ///
    /// Only while nobody reads.
    func unread(_ bytes: [UInt8]) {
        if !bytes.isEmpty { state.withLock { state, _ in state.returned = bytes } }
    }

    func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while true {
            guard let count = connection.write(rest, to: id) else {
                throw failure(else: .closed)
            }
            rest = rest.dropFirst(count)
            if rest.isEmpty { return }
            try await state.wait(at: .writer) { state, _ -> Void? in
                if let failure = state.failure { throw failure }
                guard state.isWritable || state.isClosed else { return nil }
                state.isWritable = false
                return ()
            }
        }
    }

    func closeWrite() throws {
        if let failure = state.withLock({ state, _ in state.failure }) { throw failure }
        connection.closeWrite(id)
    }

    func close() {
        state.withLock { state, wakes in
            state.isClosed = true
            wakes.wakeAll()
        }
        connection.close(id)
    }

    func reset(code: StreamErrorCode = .none) {
        fail(.reset)
        connection.reset(id, code: code)
    }

    /// The session said that there is something to read.
    func becameReadable() {
        state.withLock { state, wakes in
            state.isReadable = true
            wakes.wake(.reader)
        }
    }

    /// The session said that there is room to write.
    func becameWritable() {
        state.withLock { state, wakes in
            state.isWritable = true
            wakes.wake(.writer)
        }
    }

    /// The stream is over; what its holder waits for fails.
    func fail(_ error: PeerStreamError) {
        state.withLock { state, wakes in
            if state.failure == nil { state.failure = error }
            wakes.wakeAll()
        }
    }

    /// Why the session knows the stream no longer.
    private func failure(else reason: PeerStreamError) -> PeerStreamError {
        let failure = state.withLock { state, _ in
            state.failure ?? (state.isClosed ? .closed : nil)
        }
        return failure ?? (connection.hasEnded ? .connectionClosed : reason)
    }

    private func takeReturned(atMost limit: Int) -> [UInt8]? {
        state.withLock { state, _ in
            guard !state.returned.isEmpty else { return nil }
            let bytes = Array(state.returned.prefix(limit))
            state.returned.removeFirst(bytes.count)
            return bytes
        }
    }
}
