// SPDX-License-Identifier: Apache-2.0

import DequeModule
import Libp2p
import Multiformats

/// Decides whom to ask for which block.
///
/// Does no I/O: whoever holds one tells it what happens, and does what ``takeActions()`` says. All
/// sessions share one, so that a block that several want is asked for once. A want is in one of
/// three phases: *waiting* (nobody who might have it has room), *broadcast* (peers were asked
/// whether they have it), *targeted* (one was asked for the block); it ends when the block comes,
/// when nobody wants it any more, or when the session gives up.
struct ClientMachine {
    /// Names a session.
    typealias SessionID = Int

    /// What the holder is to do.
    enum Action: Hashable {
        /// Send the peer's outbox: ``takeWants(for:version:)``.
        case send(PeerID)
        /// Read the block by a stream of its own, then call ``readFailed(_:from:now:)`` or
        /// ``received(_:from:now:)``.
        case read(PeerID, CID)
        /// Look for providers of a block, then call ``searched(_:now:)``.
        case search(SessionID, CID)
        /// Tell who waits for the block in this session that it is not to be had.
        case fail(SessionID, Multihash)
        /// End all connections to a peer that sent what nobody had asked for.
        case drop(PeerID)
    }

    /// What a peer said of a block.
    enum Answer: Hashable {
        /// Nothing yet.
        case none
        /// That it has it.
        case have
        /// That it has it not.
        case dontHave
        /// Nothing for too long.
        case silent
    }

    /// A block that somebody wants.
    struct Want {
        enum Phase { case waiting, broadcast, targeted }

        let cid: CID
        var sessions: Set<SessionID>
        var phase = Phase.waiting
        /// Whether it stands in the queue of those that wait.
        var isQueued = false
        /// Who was asked for the block.
        var target: PeerID?
        /// Who was asked anything, and what it said.
        var answers: [PeerID: Answer] = [:]
        /// When somebody was asked last.
        var askedAt: Duration
        /// Whether all who could be asked have it not.
        var isExhausted = false
    }

    /// Somebody's wants that belong together: a DAG, as a rule.
    struct Session {
        var wants: Set<Multihash> = []
        /// Peers that had blocks of it, or that records named.
        var peers: [PeerID] = []
        /// When a block came, or the first want after none.
        var lastProgress: Duration
        var isSearching = false
        /// When providers were last looked for.
        var lastSearch: Duration?
    }

    /// Wants that have ended and are remembered: a minute of small files, at the 2,000 a second
    /// that were measured.
    private static let endedLimit = 131_072

    let options: BitswapOptions.Client
    /// Whether there is anybody to ask for providers.
    let canSearch: Bool
    var sessions: [SessionID: Session] = [:]
    var wants: [Multihash: Want] = [:]
    /// Blocks that were wanted until lately: peers may still send them, also by another connection
    /// than the one on which they were asked.
    private(set) var ended = RecentHashes(limit: Self.endedLimit)
    var peers: [PeerID: ClientPeer] = [:]
    /// Peers that are not heard, and until when.
    var banned: [PeerID: Duration] = [:]
    /// Wants in the waiting phase, in order, and some that have left it.
    var waiting: Deque<Multihash> = []
    var broadcastCount = 0
    var actions: [Action] = []
    private var nextSessionID = 0
    var lastRebroadcast = Duration.zero

    init(options: BitswapOptions.Client, canSearch: Bool) {
        self.options = options
        self.canSearch = canSearch
    }

    /// What is to be done since the last call.
    mutating func takeActions() -> [Action] {
        defer { actions = [] }
        return actions
    }

    /// Begins a session.
    mutating func makeSession(now: Duration) -> SessionID {
        nextSessionID += 1
        sessions[nextSessionID] = Session(lastProgress: now)
        return nextSessionID
    }

    /// Ends a session; what only it wanted is cancelled.
    mutating func endSession(_ id: SessionID, now: Duration) {
        guard let session = sessions.removeValue(forKey: id) else { return }
        for key in session.wants { leave(key, id) }
        pump(now: now)
    }

    /// Wants a block in a session that has not ended.
    mutating func want(_ cid: CID, in id: SessionID, now: Duration) {
        let key = cid.multihash
        guard sessions[id] != nil else { return }
        if sessions[id]?.wants.isEmpty == true { sessions[id]?.lastProgress = now }
        guard sessions[id]?.wants.insert(key).inserted == true else { return }
        if wants[key] != nil {
            wants[key]?.sessions.insert(id)
        } else {
            wants[key] = Want(cid: cid, sessions: [id], askedAt: now)
        }
        place(key, now: now)
        if peers.isEmpty || wants[key]?.isExhausted == true { search(id, now: now) }
    }

    /// Wants a block no longer in a session.
    mutating func cancel(_ key: Multihash, in id: SessionID, now: Duration) {
        guard sessions[id]?.wants.remove(key) != nil else { return }
        leave(key, id)
        pump(now: now)
    }

    /// A session leaves a want; with the last one it is taken back from all who were asked.
    private mutating func leave(_ key: Multihash, _ id: SessionID) {
        wants[key]?.sessions.remove(id)
        guard wants[key]?.sessions.isEmpty == true, let want = removeWant(key) else { return }
        for peer in want.answers.keys { cancel(want.cid, key, at: peer) }
    }

    /// Takes a want out, from its phase too.
    mutating func removeWant(_ key: Multihash) -> Want? {
        setPhase(.waiting, of: key)
        guard let want = wants.removeValue(forKey: key) else { return nil }
        ended.insert(key)
        return want
    }

    mutating func setPhase(_ phase: Want.Phase, of key: Multihash) {
        guard let old = wants[key]?.phase, old != phase else { return }
        if old == .broadcast { broadcastCount -= 1 }
        if phase == .broadcast { broadcastCount += 1 }
        wants[key]?.phase = phase
    }

    /// Tells a peer that a block is no longer wanted.
    mutating func cancel(_ cid: CID, _ key: Multihash, at peer: PeerID) {
        guard peers[peer] != nil else { return }
        peers[peer]?.cancel(cid, key)
        if peers[peer]?.hasOutbox == true { actions.append(.send(peer)) }
    }

    /// The next message for a peer, at most 1,024 entries; empty if there is nothing to say.
    ///
    /// A peer whose `version` knows no presences is asked for blocks where others are asked whether
    /// they have them; one whose blocks come without a prefix, only for those that SHA2-256 tells.
    mutating func takeWants(
        for peer: PeerID, version: BitswapVersion, now: Duration
    ) -> [BitswapMessage.Want] {
        guard let taken = peers[peer]?.takeOutbox(limit: 1_024) else { return [] }
        guard version < .presences else { return taken }
        var wants: [BitswapMessage.Want] = []
        for want in taken {
            if version == .bareBlocks && CID(v0: want.cid.multihash) == nil {
                if !want.isCancel { answered(want.cid.multihash, .dontHave, by: peer, now: now) }
                continue
            }
            wants.append(
                BitswapMessage.Want(want.cid, priority: want.priority, isCancel: want.isCancel))
        }
        return wants
    }
}
