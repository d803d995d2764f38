// SPDX-License-Identifier: Apache-2.0

import IPLD
import Libp2p
import Multiformats
import Synchronization

extension BlockClient {
    /// Whether the peer's blocks may be wanted; those of others are not hashed.
    func mayHear(_ peer: PeerID) -> Bool { state.withLock { $0.machine.mayHear(peer) } }

    /// Takes blocks of a peer: hashes each, and hands it to whoever waits for it.
    func received(_ payloads: [BitswapMessage.Payload], from peer: PeerID) async {
        for payload in payloads {
            guard mayHear(peer) else { return }
            let key = await multihash(of: payload, from: peer)
            let now = now()
            let waiters = update { state -> [Waiter] in
                guard let key else {
                    state.machine.ban(peer, now: now)
                    return []
                }
                guard let sessions = state.machine.received(key, from: peer, now: now) else {
                    state.statistics.duplicatesReceived += 1
                    return []
                }
                state.statistics.blocksReceived += 1
                state.statistics.bytesReceived += payload.bytes.count
                return sessions.flatMap { state.waiters[$0]?.removeValue(forKey: key) ?? [] }
            }
            for waiter in waiters {
                waiter.continuation.resume(
                    returning: Block(cid: waiter.cid, bytes: payload.bytes))
            }
        }
    }

    /// Takes what a peer says that it has and has not.
    func received(_ presences: [BitswapMessage.Presence], from peer: PeerID) {
        let now = now()
        update { state in
            for presence in presences {
                state.machine.answered(
                    presence.cid.multihash, presence.isHave ? .have : .dontHave, by: peer, now: now)
            }
        }
    }

    /// The multihash of a block by its bytes; nil if it has none that can be wanted.
    @concurrent
    private func multihash(
        of payload: BitswapMessage.Payload, from peer: PeerID
    ) async -> Multihash? {
        if let cid = try? payload.cid() { return cid.multihash }
        // A hash that is verified but not made here, such as SHA-1 or a cut digest: only what the
        // peer was asked for comes into question.
        let candidates = state.withLock { state in
            (state.machine.peers[peer]?.live ?? []).compactMap { state.machine.wants[$0]?.cid }
        }
        return candidates.first { cid in
            cid.prefix.hashCode == payload.prefix.hashCode
                && cid.prefix.digestByteCount == payload.prefix.digestByteCount
                // Another block of the same kind is no failure.
                && (try? cid.verify(payload.bytes.span)) != nil
        }?.multihash
    }
}
