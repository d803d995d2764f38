// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Synchronization

/// A connection between two hosts of a ``MemoryNetwork``, with the streams on it.
final class MemoryLink: Sendable {
    private struct State {
        var streams: [UInt64: MemoryStream] = [:]
        var lastID: UInt64 = 0
        var isCut = false
    }

    private let state = Mutex(State())

    /// How many streams are open.
    var streamCount: Int { state.withLock { $0.streams.count } }

    /// Adds the stream that `make` gives for a fresh id; nil if the link has been cut.
    ///
    /// Of a stream's two ends it keeps one: each can end the whole.
    func add<Made: Sendable>(
        _ make: (UInt64) -> (kept: MemoryStream, result: Made)
    ) -> Made? {
        state.withLock { state in
            guard !state.isCut else { return nil }
            state.lastID += 1
            let (kept, result) = make(state.lastID)
            state.streams[state.lastID] = kept
            return result
        }
    }

    func remove(_ id: UInt64) {
        state.withLock { _ = $0.streams.removeValue(forKey: id) }
    }

    /// Ends all streams.
    func cut() {
        let streams = state.withLock { state in
            state.isCut = true
            defer { state.streams = [:] }
            return Array(state.streams.values)
        }
        for stream in streams { stream.fail(.connectionClosed) }
    }
}
