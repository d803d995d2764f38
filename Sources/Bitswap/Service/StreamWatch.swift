// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Synchronization

/// Resets streams on which a message takes too long, and all of them at the end: one watch for all,
/// instead of a timer each.
final class StreamWatch: Sendable {
    /// The slowest peer that is put up with: 100 kbit/s, as in boxo.
    private static let bytesPerSecond = 12_500

    private struct Entry {
        let stream: any PeerStream
        let deadline: Duration
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        /// Streams that are read, whether or not a message is on its way.
        var readers: [Int: any PeerStream] = [:]
        var hasEnded = false
        var nextID = 0
    }

    private let state = Mutex(State())
    private let allowance: Duration
    private let now: @Sendable () -> Duration

    /// Allows each message `allowance` and the time that its bytes take.
    init(allowance: Duration, now: @escaping @Sendable () -> Duration) {
        self.allowance = allowance
        self.now = now
    }

    /// Watches a message of `byteCount` bytes; returns what ends the watch.
    func begin(_ stream: any PeerStream, byteCount: Int) -> Int {
        let deadline =
            now() + allowance
            + .milliseconds(Int64(byteCount) * 1_000 / Int64(Self.bytesPerSecond))
        return state.withLock { state in
            state.nextID += 1
            state.entries[state.nextID] = Entry(stream: stream, deadline: deadline)
            return state.nextID
        }
    }

    /// The message is through.
    func end(_ id: Int) { state.withLock { _ = $0.entries.removeValue(forKey: id) } }

    /// Runs `body`, which reads a stream; at the end of all watches the stream is reset.
    func reading<Value>(
        _ stream: any PeerStream, _ body: () async throws -> Value
    ) async throws -> Value {
        let id = state.withLock { state -> Int? in
            guard !state.hasEnded else { return nil }
            state.nextID += 1
            state.readers[state.nextID] = stream
            return state.nextID
        }
        guard let id else { throw PeerStreamError.reset }
        defer { state.withLock { _ = $0.readers.removeValue(forKey: id) } }
        return try await body()
    }

    /// Resets all streams that are read or watched, and those that would be.
    func end() {
        let streams = state.withLock { state in
            state.hasEnded = true
            return Array(state.readers.values) + state.entries.values.map(\.stream)
        }
        for stream in streams { stream.reset() }
    }

    /// Resets what is overdue.
    func tick() {
        let now = now()
        let overdue = state.withLock { state in
            let overdue = state.entries.filter { $0.value.deadline <= now }
            for id in overdue.keys { state.entries[id] = nil }
            return overdue.values.map(\.stream)
        }
        for stream in overdue { stream.reset() }
    }
}
