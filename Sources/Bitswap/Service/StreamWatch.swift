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

    private struct Reader {
        let stream: any PeerStream
        /// When its last message was through; nil while one is on its way.
        var idleSince: Duration?
    }

    private struct State {
        var entries: [Int: Entry] = [:]
        /// Streams that are read.
        var readers: [Int: Reader] = [:]
        var hasEnded = false
        var nextID = 0
    }

    private let state = Mutex(State())
    private let allowance: Duration
    private let readerLimit: Int
    private let now: @Sendable () -> Duration

    /// Allows each message `allowance` and the time that its bytes take; of more than `readerLimit`
    /// streams that are read, the one that has carried nothing for the longest time is reset.
    init(allowance: Duration, readerLimit: Int, now: @escaping @Sendable () -> Duration) {
        self.allowance = allowance
        self.readerLimit = readerLimit
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

    /// Runs `body`, which reads a stream and says by ``busy(_:)`` and ``idle(_:)`` when there is a
    /// message; at the end of all watches the stream is reset.
    func reading<Value>(
        _ stream: any PeerStream, _ body: (Int) async throws -> Value
    ) async throws -> Value {
        let now = now()
        let (id, idlest) = state.withLock { state -> (Int?, (any PeerStream)?) in
            guard !state.hasEnded else { return (nil, nil) }
            let idlest = state.readers.count < readerLimit ? nil : Self.removeIdlest(&state)
            state.nextID += 1
            state.readers[state.nextID] = Reader(stream: stream, idleSince: now)
            return (state.nextID, idlest)
        }
        idlest?.reset()
        guard let id else { throw PeerStreamError.reset }
        defer { state.withLock { _ = $0.readers.removeValue(forKey: id) } }
        return try await body(id)
    }

    /// A message is on its way by the stream.
    func busy(_ id: Int) { state.withLock { $0.readers[id]?.idleSince = nil } }

    /// The message is through.
    func idle(_ id: Int) {
        let now = now()
        state.withLock { $0.readers[id]?.idleSince = now }
    }

    /// The stream that may best be done without: opened anew, it costs its peer a moment.
    private static func removeIdlest(_ state: inout State) -> (any PeerStream)? {
        let idlest = state.readers.min { left, right in
            (left.value.idleSince ?? .seconds(Int64.max / 2), left.key)
                < (right.value.idleSince ?? .seconds(Int64.max / 2), right.key)
        }
        guard let idlest, idlest.value.idleSince != nil else { return nil }
        return state.readers.removeValue(forKey: idlest.key)?.stream
    }

    /// Resets all streams that are read or watched, and those that would be.
    func end() {
        let streams = state.withLock { state in
            state.hasEnded = true
            return state.readers.values.map(\.stream) + state.entries.values.map(\.stream)
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
