// SPDX-License-Identifier: Apache-2.0

import IPLD
import Libp2p
import Multiformats
import Synchronization

extension BlockClient {
    /// What the bytes of a block say.
    private enum Finding {
        /// Which block they are.
        case block(Multihash)
        /// Nothing: their hash is not made here, and the peer owes no block that has it.
        case nothing
        /// That they are none of the blocks with their hash that the peer owes.
        case wrong
    }

    /// Whether the peer's blocks may be wanted; those of others are not hashed.
    func mayHear(_ peer: PeerID) -> Bool { state.withLock { $0.machine.mayHear(peer) } }

    /// Takes blocks of a peer: hashes each, and hands it to whoever waits for it.
    func received(_ payloads: [BitswapMessage.Payload], from peer: PeerID) async {
        for payload in payloads {
            guard mayHear(peer) else { return }
            let finding = await examine(payload, from: peer)
            let now = now()
            let waiters = update { state -> [Waiter] in
                guard case .block(let key) = finding,
                    let sessions = state.machine.received(key, from: peer, now: now)
                else {
                    if case .wrong = finding { state.machine.ban(peer, now: now) }
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

    /// Hashes a block.
    @concurrent
    private func examine(
        _ payload: BitswapMessage.Payload, from peer: PeerID
    ) async -> Finding {
        if let cid = try? payload.cid() { return .block(cid.multihash) }
        // A hash that is verified but not made here, such as SHA-1 or a cut digest: only what the
        // peer was asked for comes into question.
        let owed = state.withLock { state in
            (state.machine.peers[peer]?.live ?? []).compactMap { state.machine.wants[$0]?.cid }
        }
        let candidates = owed.filter { cid in
            cid.prefix.hashCode == payload.prefix.hashCode
                && cid.prefix.digestByteCount == payload.prefix.digestByteCount
        }
        if candidates.isEmpty { return .nothing }
        // Another block of the same kind is no failure.
        let found = candidates.first { (try? $0.verify(payload.bytes.span)) != nil }
        return found.map { Finding.block($0.multihash) } ?? .wrong
    }
}
