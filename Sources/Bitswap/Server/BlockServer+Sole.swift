// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Libp2p
import Multiformats
import Synchronization

extension BlockServer {
    /// The longest message that the task which read the want also writes: it fits any window, so
    /// that the task does not wait for the peer.
    private static let asideByteCount = 64 << 10

    /// Answers the only want of a peer that is owed nothing, in the task that read it.
    ///
    /// A peer that walks a DAG asks for one block and waits for it. Workers and senders would pass
    /// it through six tasks more, and look it up twice. The caller has counted itself as a worker.
    /// - Throws: what the store throws.
    func answer(_ want: BitswapMessage.Want, of peer: PeerID) async throws {
        let bytes: [UInt8]?
        do { bytes = try await soleBytes(want.cid, for: peer) } catch {
            state.withLock { $0.workerCount -= 1 }
            startWorkers()
            throw error
        }
        let stream = state.withLock { state -> (any PeerStream)?? in
            state.workerCount -= 1
            state.engine.resolve([(want: want, byteCount: bytes?.count)], for: peer)
            // More may have been queued for the peer meanwhile: that is the workers'.
            guard
                let envelope = state.engine.soleEnvelope(
                    for: peer, holding: bytes == nil ? nil : want.cid)
            else { return .none }
            var message = BitswapMessage(presences: envelope.presences)
            if let bytes, !envelope.blocks.isEmpty {
                message.payloads = [
                    BitswapMessage.Payload(prefix: want.cid.prefix, bytes: bytes)
                ]
            }
            enqueue(Outgoing(message: message, envelope: envelope), &state)
            guard envelope.byteCount <= Self.asideByteCount else { return .none }
            return beginSender(peer, &state)
        }
        forgetIfGone(peer)
        // First: the sending may take long, and workers may have been missing.
        startWorkers()
        if let stream { await send(to: peer, on: stream, isAside: true) }
        startSenders(peer)
        if let bytes { readAhead(Block(cid: want.cid, bytes: bytes), for: peer) }
    }

    /// The bytes that were read ahead, or else those in the store; nil if there are none.
    private func soleBytes(_ cid: CID, for peer: PeerID) async throws -> [UInt8]? {
        let now = now()
        if let held = state.withLock({ $0.ahead.take(cid, for: peer, now: now) }) { return held }
        do { return try await store.block(cid).bytes } catch let error as BlockStoreError
            where error.code == .notFound || error.code == .corrupt
        { return nil }
    }
}
