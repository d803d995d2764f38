// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// Decides what is sent to whom, and in what order.
///
/// Does no I/O: whoever holds one looks up the sizes of what ``receive(_:isFull:from:)`` returns,
/// gives them to ``resolve(_:for:)``, reads and sends what ``nextEnvelope()`` hands out, and says so
/// with ``finished(_:)``. Every queue of a peer has a bound, and a peer that takes nothing is read
/// nothing more for.
struct ServerEngine {
    /// The largest block that is sent instead of the HAVE that was asked for: boxo's.
    static let upgradeByteLimit = 1_024
    /// Presences in one message; a peer has no more queued than this, either.
    static let presencesPerMessage = 2_048

    /// What is known of a peer.
    struct Peer {
        var queue = PeerQueue()
        /// Wants for blocks that are not here.
        var remembered: [CID: RememberedWant] = [:]
        /// Bytes read for the peer that it has not taken.
        var outstanding = 0
        /// When it was given a message last, in messages.
        var lastServed = 0
        var isReady = false
    }

    /// A want for a block that is not here.
    struct RememberedWant {
        var kind: BitswapMessage.Want.Kind
        var priority: Int32
    }

    let limits: BitswapOptions.Server
    private(set) var peers: [PeerID: Peer] = [:]
    /// Peers with something queued, in no order.
    private var ready: [PeerID] = []
    /// Who waits for a block that is not here.
    private var waiting: [CID: Set<PeerID>] = [:]
    /// Wants remembered of all peers.
    private(set) var rememberedCount = 0
    /// Bytes read for all peers that they have not taken.
    private(set) var outstanding = 0
    private var messageCount = 0

    init(limits: BitswapOptions.Server) { self.limits = limits }

    /// Takes a wantlist: cancels count at once.
    ///
    /// - Returns: the wants whose blocks are to be looked up, for ``resolve(_:for:)``.
    mutating func receive(
        _ wants: [BitswapMessage.Want], isFull: Bool, from id: PeerID
    ) -> [BitswapMessage.Want] {
        var peer = take(id)
        if isFull {
            forgetAll(of: &peer, id)
            peer.queue.removeAll()
        }
        var lookups: [BitswapMessage.Want] = []
        for want in wants where !want.cid.isIdentity {
            if want.isCancel {
                peer.queue.remove(want.cid)
                forget(want.cid, of: &peer, id)
            } else if lookups.count < limits.queuedWantsPerPeer + limits.rememberedWantsPerPeer {
                lookups.append(want)
            }
        }
        store(peer, id)
        return lookups
    }

    /// Queues the answers to wants whose blocks were looked up: the size of each, nil for those
    /// that are not here.
    mutating func resolve(
        _ wants: [(want: BitswapMessage.Want, byteCount: Int?)], for id: PeerID
    ) {
        var peer = take(id)
        for (want, byteCount) in wants {
            if let byteCount {
                forget(want.cid, of: &peer, id)
                queue(want.cid, want.kind, want.priority, want.sendDontHave, byteCount, &peer)
            } else {
                if want.sendDontHave {
                    peer.queue.appendPresence(
                        want.cid, isHave: false, limit: Self.presencesPerMessage)
                }
                remember(want, of: &peer, id)
            }
        }
        store(peer, id)
    }

    /// Queues blocks for those who have wanted them since before they were here.
    mutating func arrived(_ blocks: [(cid: CID, byteCount: Int)]) {
        for (cid, byteCount) in blocks {
            for id in waiting[cid] ?? [] {
                guard let want = peers[id]?.remembered[cid] else { continue }
                var peer = take(id)
                forget(cid, of: &peer, id)
                queue(cid, want.kind, want.priority, false, byteCount, &peer)
                store(peer, id)
            }
        }
    }

    /// CIDs that somebody waits for, at most `limit`, other ones with each call.
    func rememberedCIDs(
        limit: Int, using generator: inout some RandomNumberGenerator
    ) -> [CID] {
        guard waiting.count > limit else { return Array(waiting.keys) }
        let skipped = Int.random(in: 0...(waiting.count - limit), using: &generator)
        return Array(waiting.keys.dropFirst(skipped).prefix(limit))
    }

    /// Whether somebody waits for the block.
    func isWaitedFor(_ cid: CID) -> Bool { waiting[cid] != nil }

    /// The peer is gone: nothing of it is kept but what is on its way.
    mutating func disconnected(_ id: PeerID) {
        guard peers[id] != nil else { return }
        var peer = take(id)
        forgetAll(of: &peer, id)
        peer.queue.removeAll()
        store(peer, id)
    }

    /// Takes the next message to be read and sent, of the peer that has the least on its way.
    mutating func nextEnvelope() -> Envelope? {
        nextPeer().map { makeEnvelope(for: $0) }
    }

    /// Whether the peer has nothing queued and nothing on its way.
    func owesNothing(to id: PeerID) -> Bool {
        guard let peer = peers[id] else { return true }
        return peer.queue.isEmpty && peer.outstanding == 0
    }

    /// Takes the next message of a peer, if it has nothing on its way and no block is queued for
    /// it but that of `cid`; nil also if nothing is.
    mutating func soleEnvelope(for id: PeerID, holding cid: CID?) -> Envelope? {
        guard let peer = peers[id], !peer.queue.isEmpty, peer.outstanding == 0,
            peer.queue.blockCount == 0 || cid.map(peer.queue.isSole) == true
        else { return nil }
        return makeEnvelope(for: id)
    }

    private mutating func makeEnvelope(for id: PeerID) -> Envelope {
        var peer = take(id)
        let envelope = peer.queue.pop(
            for: id, byteCount: limits.messageByteCount,
            presenceCount: Self.presencesPerMessage)
        messageCount += 1
        peer.lastServed = messageCount
        peer.outstanding += envelope.byteCount
        outstanding += envelope.byteCount
        store(peer, id)
        return envelope
    }

    /// The peer has taken a message, or will never.
    mutating func finished(_ envelope: Envelope) {
        outstanding -= envelope.byteCount
        guard peers[envelope.peer] != nil else { return }
        var peer = take(envelope.peer)
        peer.outstanding -= envelope.byteCount
        store(peer, envelope.peer)
    }
}

extension ServerEngine {
    /// The least on its way first, then the one served longest ago.
    private func nextPeer() -> PeerID? {
        let isCrowded = outstanding >= limits.outstandingBytes
        let limit = isCrowded ? 1 : limits.outstandingBytesPerPeer
        var best: (id: PeerID, outstanding: Int, lastServed: Int)?
        for id in ready {
            guard let peer = peers[id], peer.outstanding < limit else { continue }
            if let best,
                (best.outstanding, best.lastServed) <= (peer.outstanding, peer.lastServed)
            {
                continue
            }
            best = (id, peer.outstanding, peer.lastServed)
        }
        return best?.id
    }

    private mutating func queue(
        _ cid: CID, _ kind: BitswapMessage.Want.Kind, _ priority: Int32, _ sendDontHave: Bool,
        _ byteCount: Int, _ peer: inout Peer
    ) {
        // go-bitswap takes an empty block for none: a peer is told of it, but not sent it.
        let sendsBlock = byteCount > 0 && (kind == .block || byteCount <= Self.upgradeByteLimit)
        if sendsBlock {
            peer.queue.append(
                cid, priority: priority, byteCount: byteCount, sendDontHave: sendDontHave,
                limit: limits.queuedWantsPerPeer)
        } else {
            peer.queue.appendPresence(cid, isHave: true, limit: Self.presencesPerMessage)
        }
    }

    private mutating func remember(
        _ want: BitswapMessage.Want, of peer: inout Peer, _ id: PeerID
    ) {
        if var known = peer.remembered[want.cid] {
            // A want for the block is not taken back by one for its presence.
            if want.kind == .block { known.kind = .block }
            known.priority = want.priority
            peer.remembered[want.cid] = known
            return
        }
        guard peer.remembered.count < limits.rememberedWantsPerPeer,
            rememberedCount < limits.rememberedWants
        else { return }
        peer.remembered[want.cid] = RememberedWant(kind: want.kind, priority: want.priority)
        waiting[want.cid, default: []].insert(id)
        rememberedCount += 1
    }

    private mutating func forget(_ cid: CID, of peer: inout Peer, _ id: PeerID) {
        guard peer.remembered.removeValue(forKey: cid) != nil else { return }
        rememberedCount -= 1
        waiting[cid]?.remove(id)
        if waiting[cid]?.isEmpty == true { waiting[cid] = nil }
    }

    private mutating func forgetAll(of peer: inout Peer, _ id: PeerID) {
        for cid in Array(peer.remembered.keys) { forget(cid, of: &peer, id) }
    }

    /// Takes a peer out, so that changing its tables copies none of them.
    private mutating func take(_ id: PeerID) -> Peer { peers.removeValue(forKey: id) ?? Peer() }

    /// Puts a peer back, or drops it if nothing is left of it, and keeps ``ready`` true.
    private mutating func store(_ changed: Peer, _ id: PeerID) {
        var peer = changed
        let isReady = !peer.queue.isEmpty
        if isReady != peer.isReady {
            if isReady { ready.append(id) } else { ready.removeAll { $0 == id } }
            peer.isReady = isReady
        }
        let isNothing = !isReady && peer.remembered.isEmpty && peer.outstanding == 0
        if !isNothing { peers[id] = peer }
    }
}

extension CID {
    /// Whether the CID holds its block itself.
    var isIdentity: Bool { multihashBytes.first == 0x00 }
}
