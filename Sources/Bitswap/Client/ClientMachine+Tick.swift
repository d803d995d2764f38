// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

extension ClientMachine {
    /// Lets time pass; to be called a few times a second while anything is wanted.
    mutating func tick(now: Duration) {
        for (id, end) in banned where end <= now { banned[id] = nil }
        for id in Array(peers.keys) { tick(peer: id, now: now) }
        if now - lastRebroadcast >= options.rebroadcastInterval {
            lastRebroadcast = now
            rebroadcast(now: now)
        }
        for id in Array(sessions.keys) { tick(id, now: now) }
        pump(now: now)
    }

    /// What a silent peer was asked for is asked of others; it may still send it.
    private mutating func tick(peer id: PeerID, now: Duration) {
        if let end = peers[id]?.isRestingUntil, end <= now {
            peers[id]?.isRestingUntil = nil
            peers[id]?.failures = 0
            for key in Array(wants.keys) where wants[key]?.target == nil { place(key, now: now) }
        }
        guard let peer = peers[id], !peer.live.isEmpty,
            now - peer.lastUseful >= options.silence
        else { return }
        let owed = peer.live
        peers[id]?.lastUseful = now
        peers[id]?.isSilent = true
        for key in owed { answered(key, .silent, by: id, now: now) }
    }

    /// Forgets old refusals, so that peers that have got a block meanwhile are asked again.
    private mutating func rebroadcast(now: Duration) {
        for key in Array(wants.keys) {
            guard let want = wants[key], want.target == nil,
                now - want.askedAt >= options.rebroadcastInterval
            else { continue }
            wants[key]?.answers = want.answers.filter { $0.value == .have }
            place(key, now: now)
        }
    }

    /// Looks for providers, or gives up.
    mutating func tick(_ id: SessionID, now: Duration) {
        guard let session = sessions[id], !session.wants.isEmpty else { return }
        let idle = now - session.lastProgress
        if isHopeless(session, idle: idle) || idle >= options.giveUpAfter {
            for key in session.wants {
                actions.append(.fail(id, key))
                cancel(key, in: id, now: now)
            }
            return
        }
        if idle >= options.searchDelay || peers.isEmpty { search(id, now: now) }
    }

    /// Whether nobody is connected, nobody was found, and nobody is being looked for; or all who
    /// were asked have refused for a while.
    private func isHopeless(_ session: Session, idle: Duration) -> Bool {
        if session.isSearching { return false }
        if canSearch {
            guard let last = session.lastSearch, last >= session.lastProgress else { return false }
        }
        if peers.values.allSatisfy({ $0.reach == .none }) { return true }
        return idle >= options.silence * 2
            && session.wants.allSatisfy { key in
                wants[key]?.isExhausted == true
                    && wants[key]?.answers.values.allSatisfy { $0 == .dontHave } == true
            }
    }
}
