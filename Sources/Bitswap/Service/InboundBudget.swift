// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Pipeline
import Synchronization

/// Memory for messages that are arriving.
///
/// A message waits here for its whole length before it is read, and so does its peer, whose window
/// fills up. Peers that were asked for blocks have a share of their own, so that strangers who
/// announce long messages and send them slowly delay other strangers only.
final class InboundBudget: Sendable {
    private struct PeerShare {
        let room: WeightedSemaphore
        var users = 0
    }

    private let asked: WeightedSemaphore
    private let strangers: WeightedSemaphore
    private let perPeer: Int
    private let shares = Mutex<[PeerID: PeerShare]>([:])

    /// Half of `byteCount` for each kind of peer, `perPeer` for each peer.
    init(byteCount: Int, perPeer: Int) {
        asked = WeightedSemaphore(capacity: max(byteCount / 2, 1))
        strangers = WeightedSemaphore(capacity: max(byteCount / 2, 1))
        self.perPeer = max(perPeer, 1)
    }

    /// Runs `body` while holding `byteCount` bytes.
    func with<Value>(
        _ byteCount: Int, of peer: PeerID, isAsked: Bool, _ body: () async throws -> Value
    ) async throws -> Value {
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
        let room = isAsked ? asked : strangers
        try await room.acquire(byteCount)
        defer { room.release(byteCount) }
        return try await body()
    }
}
