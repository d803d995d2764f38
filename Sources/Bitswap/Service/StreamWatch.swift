// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Synchronization

/// Resets streams on which a message takes too long: one watch for all, instead of a timer each.
final class StreamWatch: Sendable {
    /// The slowest peer that is put up with: 100 kbit/s, as in boxo.
    private static let bytesPerSecond = 12_500

    private struct Entry {
        let stream: any PeerStream
        let deadline: Duration
    }

    private struct State {
        var entries: [Int: Entry] = [:]
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
