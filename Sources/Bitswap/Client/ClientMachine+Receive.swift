// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

extension ClientMachine {
    /// Whether blocks of the peer may be wanted: it was asked for some, and is not banned.
    ///
    /// Blocks of other peers are not even hashed.
    func mayHear(_ id: PeerID) -> Bool {
        banned[id] == nil && peers[id]?.wasAsked == true
    }

    /// Takes a block whose multihash was computed from its bytes.
    ///
    /// - Returns: the sessions that want it; nil if none does. A peer that sends what nobody wanted
    ///   lately is dropped.
    mutating func received(
        _ key: Multihash, from id: PeerID, now: Duration
    ) -> Set<SessionID>? {
        guard let isSilent = peers[id]?.isSilent else { return nil }
        guard wants[key] != nil || ended.contains(key) else {
            ban(id, now: now)
            return nil
        }
        let isOwed = peers[id]?.live.remove(key) != nil
        peers[id]?.countBlock(at: now, isTimed: isOwed || isSilent)
        if isSilent { trustAgain(id, now: now) }
        guard let want = removeWant(key) else {
            pump(now: now)
            return nil
        }
        for other in want.answers.keys where other != id { cancel(want.cid, key, at: other) }
        // It was asked whether it has the block, and may have been asked for it, too.
        for session in want.sessions {
            sessions[session]?.wants.remove(key)
            sessions[session]?.lastProgress = now
            join(id, session)
        }
        pump(now: now)
        return want.sessions
    }

    /// Takes what a peer says of a block.
    mutating func answered(_ key: Multihash, _ answer: Answer, by id: PeerID, now: Duration) {
        guard banned[id] == nil, let known = wants[key]?.answers[id] else { return }
        if answer == .dontHave {
            peers[id]?.misses += 1
            if let misses = peers[id]?.misses, misses >= options.missesInARow {
                leaveSessions(id, now: now)
            }
        }
        if known == answer { return }
        wants[key]?.answers[id] = answer
        let isTarget = wants[key]?.target == id
        switch answer {
        case .have:
            peers[id]?.misses = 0
            for session in wants[key]?.sessions ?? [] { join(id, session) }
            // A target that announces what it was asked for will still send it.
            if wants[key]?.target == nil { place(key, now: now) }
        case .dontHave, .silent:
            if isTarget {
                peers[id]?.live.remove(key)
                if answer == .dontHave { peers[id]?.lastUseful = now }
                wants[key]?.target = nil
            }
            if wants[key]?.target == nil { place(key, now: now) }
            if isTarget { pump(now: now) }
        case .none: break
        }
    }

    /// A peer that had been silent sends again: it still has what it was asked for.
    private mutating func trustAgain(_ id: PeerID, now: Duration) {
        peers[id]?.isSilent = false
        for key in Array(wants.keys) where wants[key]?.answers[id] == .silent {
            answered(key, .have, by: id, now: now)
        }
    }

    /// A block could not be read by a stream of its own.
    mutating func readFailed(_ key: Multihash, from id: PeerID, now: Duration) {
        answered(key, .dontHave, by: id, now: now)
    }

    /// A peer sent bytes that are no block that anybody asked for.
    mutating func ban(_ id: PeerID, now: Duration) {
        banned[id] = now + options.banDuration
        // Strangers cannot make the list long: each entry costs one a connection.
        if banned.count > 10_000, let oldest = banned.min(by: { $0.value < $1.value }) {
            banned[oldest.key] = nil
        }
        disconnected(id, now: now)
        actions.append(.drop(id))
    }

    /// Whether the peer is one of the session's.
    func isPeer(_ id: PeerID, of session: SessionID) -> Bool {
        sessions[session]?.peers.contains(id) == true
    }

    /// The peer becomes one of the session's.
    mutating func join(_ id: PeerID, _ session: SessionID) {
        guard peers[id] != nil, !isPeer(id, of: session) else { return }
        sessions[session]?.peers.append(id)
    }

    private mutating func leaveSessions(_ id: PeerID, now: Duration) {
        for session in sessions.keys { sessions[session]?.peers.removeAll { $0 == id } }
    }
}

extension ClientMachine {
    /// A peer is connected, or what it speaks became known.
    mutating func connected(_ id: PeerID, reach: ClientPeer.Reach, now: Duration) {
        guard banned[id] == nil else { return }
        let old = peers[id]?.reach
        if old == nil { peers[id] = ClientPeer() }
        peers[id]?.reach = reach
        guard old != reach else { return }
        if old != nil { forgetAnswers(of: id, now: now) }
        guard reach == .bitswap else { return }
        for key in Array(wants.keys) where wants[key]?.target == nil { place(key, now: now) }
    }

    /// No connection to the peer is left.
    mutating func disconnected(_ id: PeerID, now: Duration) {
        guard peers.removeValue(forKey: id) != nil else { return }
        for session in sessions.keys { sessions[session]?.peers.removeAll { $0 == id } }
        forgetAnswers(of: id, now: now)
    }

    /// A stream to the peer failed, so that it may not know what it was asked.
    ///
    /// It is asked again at once the first two times in a row, then rests for as long as
    /// ``BitswapOptions/Client/searchInterval``.
    mutating func failed(_ id: PeerID, now: Duration) {
        guard peers[id] != nil else { return }
        peers[id]?.failures += 1
        if let failures = peers[id]?.failures, failures > 2 {
            peers[id]?.isRestingUntil = now + options.searchInterval
        }
        forgetAnswers(of: id, now: now)
    }

    /// A provider of `cid` is connected: as good as a HAVE of it.
    mutating func found(_ id: PeerID, for cid: CID, in session: SessionID, now: Duration) {
        let key = cid.multihash
        guard banned[id] == nil, sessions[session] != nil, peers[id] != nil else { return }
        peers[id]?.isRestingUntil = nil
        join(id, session)
        if wants[key] != nil, wants[key]?.answers[id] != .have, wants[key]?.target != id {
            wants[key]?.answers[id] = .have
        }
        // A provider of one block has others, as a rule.
        for key in sessions[session]?.wants ?? [] where wants[key]?.target == nil {
            place(key, now: now)
        }
    }

    /// The search for providers has ended.
    mutating func searched(_ session: SessionID, now: Duration) {
        sessions[session]?.isSearching = false
        tick(session, now: now)
    }

    /// Asks others for what this peer was asked.
    private mutating func forgetAnswers(of id: PeerID, now: Duration) {
        peers[id]?.live = []
        peers[id]?.clearOutbox()
        for key in Array(wants.keys) {
            guard wants[key]?.answers.removeValue(forKey: id) != nil else { continue }
            if wants[key]?.target == id { wants[key]?.target = nil }
            if wants[key]?.target == nil { place(key, now: now) }
        }
        pump(now: now)
    }
}
