// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Pipeline
import Synchronization

/// Memory for long messages that are arriving.
///
/// A message of a peer that was asked for blocks waits here for its whole length before it is read,
/// and so does its peer, whose window fills up. Nobody waits for strangers: where there is no room
/// for one more of their messages, the oldest one gives way, and its stream is reset. So whoever
/// announces long messages and sends them slowly loses them to those who do not.
final class InboundBudget: Sendable {
    private struct PeerShare {
        let room: WeightedSemaphore
        var users = 0
    }

    private struct Reading {
        let peer: PeerID
        let stream: any PeerStream
        let byteCount: Int
    }

    private struct Strangers {
        /// By age.
        var readings: [Int: Reading] = [:]
        var byteCount = 0
        var lastID = 0

        mutating func remove(_ id: Int) -> (any PeerStream)? {
            guard let reading = readings.removeValue(forKey: id) else { return nil }
            byteCount -= reading.byteCount
            return reading.stream
        }
    }

    private let asked: WeightedSemaphore
    private let strangersByteCount: Int
    private let perPeer: Int
    private let shares = Mutex<[PeerID: PeerShare]>([:])
    private let strangers = Mutex(Strangers())

    /// Half of `byteCount` for each kind of peer, `perPeer` for each peer; a message may be as long
    /// as both.
    init(byteCount: Int, perPeer: Int) {
        asked = WeightedSemaphore(capacity: max(byteCount / 2, 1))
        strangersByteCount = byteCount / 2
        self.perPeer = max(perPeer, 1)
    }

    /// Runs `body`, which reads a message of `byteCount` bytes from `stream`.
    func with<Value>(
        _ byteCount: Int, from stream: any PeerStream, isAsked: Bool,
        _ body: () async throws -> Value
    ) async throws -> Value {
        guard isAsked else {
            let id = makeRoom(byteCount, for: stream)
            defer { strangers.withLock { _ = $0.remove(id) } }
            return try await body()
        }
        let peer = stream.remotePeer
        let share = shares.withLock { shares in
            var share = shares[peer] ?? PeerShare(room: WeightedSemaphore(capacity: perPeer))
            share.users += 1
            shares[peer] = share
            return share.room
        }
        defer {
            shares.withLock { shares in
                shares[peer]?.users -= 1
                if shares[peer]?.users == 0 { shares[peer] = nil }
            }
        }
        try await share.acquire(byteCount)
        defer { share.release(byteCount) }
        try await asked.acquire(byteCount)
        defer { asked.release(byteCount) }
        return try await body()
    }

    /// Counts a stranger's message, and resets the streams of those for which there is no room then.
    private func makeRoom(_ byteCount: Int, for stream: any PeerStream) -> Int {
        let peer = stream.remotePeer
        let (id, losers) = strangers.withLock { state -> (Int, [any PeerStream]) in
            var losers: [any PeerStream] = []
            var ofPeer = state.readings.values.reduce(0) {
                $0 + ($1.peer == peer ? $1.byteCount : 0)
            }
            while ofPeer + byteCount > perPeer,
                let oldest = state.readings.filter({ $0.value.peer == peer }).keys.min()
            {
                ofPeer -= state.readings[oldest]?.byteCount ?? 0
                losers += state.remove(oldest).map { [$0] } ?? []
            }
            while state.byteCount + byteCount > strangersByteCount,
                let oldest = state.readings.keys.min()
            {
                losers += state.remove(oldest).map { [$0] } ?? []
            }
            state.lastID += 1
            state.byteCount += byteCount
            state.readings[state.lastID] = Reading(
                peer: peer, stream: stream, byteCount: byteCount)
            return (state.lastID, losers)
        }
        for loser in losers { loser.reset() }
        return id
    }
}
