// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// What the client knows of a peer, and what it has to tell it.
struct ClientPeer {
    /// How blocks are asked for.
    enum Reach: Hashable {
        /// By Bitswap, as far as is known.
        case bitswap
        /// By one stream per block.
        case blockRead
        /// Not at all.
        case none
    }

    var reach = Reach.bitswap
    /// Blocks asked for that have not come.
    var live: Set<Multihash> = []
    /// When it last sent anything that was asked for, or was asked while it owed nothing.
    var lastUseful = Duration.zero
    /// Seconds that a block took, smoothed.
    var secondsPerBlock: Double?
    /// Blocks that it did not have, in a row.
    var misses = 0
    /// When streams to it failed in a row, how often.
    var failures = 0
    /// Whether it was asked for blocks and did not answer for too long.
    var isSilent = false
    /// Until when it is not asked.
    var isRestingUntil: Duration?
    /// What is to be sent.
    private var outbox: [Multihash: BitswapMessage.Want] = [:]
    private var outboxOrder: [Multihash] = []
    /// Whether it was ever asked for anything.
    var wasAsked = false

    /// Whether anything is to be sent.
    var hasOutbox: Bool { !outbox.isEmpty }

    /// How long until a block more would come, in seconds, by what it did so far.
    var expectedWait: Double { Double(live.count + 1) * (secondsPerBlock ?? 0.005) }

    /// Counts a block that came, and if it was waited for, how long it took since the one before.
    mutating func countBlock(at now: Duration, isTimed: Bool) {
        if isTimed {
            let elapsed = now - lastUseful
            let seconds =
                Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            // An eighth for the newest, as TCP has it for round trips.
            secondsPerBlock = secondsPerBlock.map { $0 + (seconds - $0) / 8 } ?? seconds
        }
        lastUseful = now
        misses = 0
        failures = 0
    }

    /// Puts an entry in the outbox, in place of one for the same block.
    mutating func tell(_ want: BitswapMessage.Want, _ key: Multihash) {
        if outbox.updateValue(want, forKey: key) == nil {
            // Entries that were taken back leave their place behind.
            if outboxOrder.count > 2 * outbox.count + 64 {
                outboxOrder.removeAll { outbox[$0] == nil }
            }
            outboxOrder.append(key)
        }
        if !want.isCancel { wasAsked = true }
    }

    /// Takes back a want: it is not sent if it was not yet, else cancelled.
    mutating func cancel(_ cid: CID, _ key: Multihash) {
        live.remove(key)
        guard reach == .bitswap else { return }
        if let unsent = outbox[key], !unsent.isCancel {
            outbox[key] = nil
            // It may have been sent before in another form, so that a cancel does no harm.
            if !unsent.isResent { return }
        }
        tell(BitswapMessage.Want(cid, priority: 0, isCancel: true), key)
    }

    /// Takes up to `limit` entries out of the outbox, in the order in which they were put in.
    mutating func takeOutbox(limit: Int) -> [BitswapMessage.Want] {
        var wants: [BitswapMessage.Want] = []
        var taken = 0
        for key in outboxOrder {
            if wants.count == limit { break }
            taken += 1
            if let want = outbox.removeValue(forKey: key) { wants.append(want) }
        }
        outboxOrder.removeFirst(taken)
        return wants
    }

    /// Forgets what was to be sent.
    mutating func clearOutbox() {
        outbox = [:]
        outboxOrder = []
    }
}

extension BitswapMessage.Want {
    /// Whether an earlier want for the block's presence may have been sent before this one.
    fileprivate var isResent: Bool { kind == .block }
}
