// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Libp2p
import Multiformats

extension ClientMachine {
    /// Asks whoever is likeliest to send the block soon, or lets the want wait.
    mutating func place(_ key: Multihash, now: Duration) {
        guard let want = wants[key], want.target == nil else { return }
        let candidates = sessionPeers(of: want)
        if let best = best(of: candidates, for: want) {
            ask(best, for: key, .block, now: now)
            if want.answers[best] != .have {
                spread(key, over: candidates, besides: best, now: now)
            }
            return
        }
        if candidates.contains(where: { mayAsk($0, for: want) }) {
            return wait(key)  // somebody might have it, but owes enough already
        }
        broadcast(key, now: now)
    }

    /// Places wants that have waited, as far as there is room.
    ///
    /// Those that still find none go to the end of the queue; after some of them nothing more is
    /// tried, so that a long queue costs little.
    mutating func pump(now: Duration) {
        var failures = 0
        while failures < 4, let key = waiting.popFirst() {
            wants[key]?.isQueued = false
            guard wants[key]?.phase == .waiting, wants[key]?.target == nil else { continue }
            place(key, now: now)
            if wants[key]?.isQueued == true { failures += 1 }
        }
    }

    private mutating func wait(_ key: Multihash) {
        setPhase(.waiting, of: key)
        if wants[key]?.isQueued == true { return }
        wants[key]?.isQueued = true
        waiting.append(key)
    }

    private func sessionPeers(of want: Want) -> [PeerID] {
        if want.sessions.count == 1, let id = want.sessions.first {
            return sessions[id]?.peers ?? []
        }
        var found: Set<PeerID> = []
        return want.sessions.flatMap { sessions[$0]?.peers ?? [] }.filter {
            found.insert($0).inserted
        }
    }

    /// Whether the peer can be asked at all, and has not said that it lacks the block.
    private func mayAsk(_ id: PeerID, for want: Want) -> Bool {
        guard let peer = peers[id], peer.reach != .none, peer.isRestingUntil == nil else {
            return false
        }
        return want.answers[id] != .dontHave && want.answers[id] != .silent
    }

    private func hasRoom(_ id: PeerID) -> Bool {
        guard let peer = peers[id] else { return false }
        let limit = peer.reach == .blockRead ? options.blockReadsPerPeer : options.livePerPeer
        return peer.live.count < limit
    }

    /// Of the peers that may be asked and have room: one that has the block, else any, else one
    /// that owes blocks for too long; of those the one that would send it first.
    private func best(of candidates: [PeerID], for want: Want) -> PeerID? {
        var best: (id: PeerID, rank: Int, wait: Double)?
        for id in candidates where mayAsk(id, for: want) && hasRoom(id) {
            let isSilent = peers[id]?.isSilent == true
            let rank = isSilent ? 0 : want.answers[id] == .have ? 2 : 1
            let wait = peers[id]?.expectedWait ?? 0
            if let best, (-best.rank, best.wait) <= (-rank, wait) { continue }
            best = (id, rank, wait)
        }
        return best?.id
    }

    /// Asks a peer for a block or whether it has it.
    private mutating func ask(
        _ id: PeerID, for key: Multihash, _ kind: BitswapMessage.Want.Kind, now: Duration
    ) {
        guard let want = wants[key], peers[id] != nil else { return }
        if kind == .block {
            setPhase(.targeted, of: key)
            wants[key]?.target = id
            if peers[id]?.live.isEmpty == true { peers[id]?.lastUseful = now }
            peers[id]?.live.insert(key)
        }
        if want.answers[id] == nil { wants[key]?.answers[id] = Answer.none }
        wants[key]?.askedAt = now
        wants[key]?.isExhausted = false
        if peers[id]?.reach == .blockRead {
            peers[id]?.wasAsked = true
            actions.append(.read(id, want.cid))
        } else {
            peers[id]?.tell(
                BitswapMessage.Want(want.cid, kind: kind, sendDontHave: true), key)
            actions.append(.send(id))
        }
    }

    /// Asks some peers of the session whether they have the block, for when `target` has it not.
    private mutating func spread(
        _ key: Multihash, over candidates: [PeerID], besides target: PeerID, now: Duration
    ) {
        var count = 0
        for id in candidates where id != target && count < options.spread {
            guard let want = wants[key], want.answers[id] == nil, mayAsk(id, for: want),
                peers[id]?.reach == .bitswap
            else { continue }
            ask(id, for: key, .have, now: now)
            count += 1
        }
    }

    /// Asks all connected peers that were not asked yet whether they have the block; if there is
    /// but one, for the block itself.
    private mutating func broadcast(_ key: Multihash, now: Duration) {
        guard let want = wants[key] else { return }
        let others = peers.keys.filter {
            want.answers[$0] == nil && mayAsk($0, for: want) && peers[$0]?.reach == .bitswap
        }
        if others.isEmpty { return settle(key, now: now) }
        if want.phase != .broadcast && broadcastCount >= options.liveBroadcasts {
            return wait(key)
        }
        if others.count == 1, peers.count == 1, hasRoom(others[0]) {
            return ask(others[0], for: key, .block, now: now)
        }
        setPhase(.broadcast, of: key)
        for id in others { ask(id, for: key, .have, now: now) }
    }

    /// Nobody is left to ask: while answers are due the want stays, else providers are looked for.
    private mutating func settle(_ key: Multihash, now: Duration) {
        setPhase(.broadcast, of: key)
        guard let want = wants[key], !want.answers.values.contains(Answer.none) else { return }
        wants[key]?.isExhausted = true
        for id in want.sessions { search(id, now: now) }
    }

    /// Looks for providers of something that the session wants, unless that was done lately.
    mutating func search(_ id: SessionID, now: Duration) {
        guard canSearch, let session = sessions[id], !session.isSearching else { return }
        if let last = session.lastSearch, now - last < options.searchInterval { return }
        let wanted = session.wants.first { wants[$0]?.isExhausted == true } ?? session.wants.first
        guard let wanted, let cid = wants[wanted]?.cid else { return }
        sessions[id]?.isSearching = true
        sessions[id]?.lastSearch = now
        actions.append(.search(id, cid))
    }
}
