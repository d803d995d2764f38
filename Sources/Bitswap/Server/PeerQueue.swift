// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats

/// What is to be sent to one peer.
///
/// Blocks come highest priority first, then in the order in which they were asked for; presences
/// come before all blocks.
struct PeerQueue {
    private struct QueuedBlock {
        var priority: Int32
        var sequence: Int
        var byteCount: Int
        var sendDontHave: Bool
    }

    private struct Place: Comparable {
        let priority: Int32
        let sequence: Int
        let cid: CID

        /// The more urgent is the greater.
        static func < (left: Place, right: Place) -> Bool {
            (left.priority, right.sequence) < (right.priority, left.sequence)
        }

        static func == (left: Place, right: Place) -> Bool { left.sequence == right.sequence }
    }

    private var blocks: [CID: QueuedBlock] = [:]
    /// Where blocks stand, the most urgent last; places that their block has left are skipped.
    private var order: [Place] = []
    private var presences: [CID: Bool] = [:]
    private var nextSequence = 0
    /// Bytes of blocks that are queued.
    private(set) var byteCount = 0

    /// Whether nothing is queued.
    var isEmpty: Bool { blocks.isEmpty && presences.isEmpty }
    /// Blocks that are queued.
    var blockCount: Int { blocks.count }
    /// Presences that are queued.
    var presenceCount: Int { presences.count }

    /// Whether the block is queued, and no other.
    func isSole(_ cid: CID) -> Bool { blocks.count == 1 && blocks[cid] != nil }

    /// Queues a block; with `limit` of them queued, the least urgent gives way, or this one.
    mutating func append(
        _ cid: CID, priority: Int32, byteCount: Int, sendDontHave: Bool, limit: Int
    ) {
        presences[cid] = nil
        if let known = blocks[cid] {
            blocks[cid]?.sendDontHave = known.sendDontHave || sendDontHave
            if known.priority == priority { return }
            blocks[cid]?.priority = priority
            insert(Place(priority: priority, sequence: newSequence(for: cid), cid: cid))
            return
        }
        if blocks.count >= limit {
            guard let least = firstLive(), least.priority < priority else { return }
            remove(least.cid)
        }
        blocks[cid] = QueuedBlock(
            priority: priority, sequence: 0, byteCount: byteCount, sendDontHave: sendDontHave)
        self.byteCount += byteCount
        insert(Place(priority: priority, sequence: newSequence(for: cid), cid: cid))
    }

    /// Queues a presence, unless the block itself is queued or there are `limit` already.
    mutating func appendPresence(_ cid: CID, isHave: Bool, limit: Int) {
        guard blocks[cid] == nil else { return }
        guard presences.count < limit || presences[cid] != nil else { return }
        presences[cid] = isHave
    }

    /// Takes back what is queued for a CID.
    mutating func remove(_ cid: CID) {
        presences[cid] = nil
        guard let block = blocks.removeValue(forKey: cid) else { return }
        byteCount -= block.byteCount
    }

    /// Takes back everything.
    mutating func removeAll() { self = PeerQueue() }

    /// Takes presences, and blocks until they reach `limit` bytes, at least one if any is queued.
    mutating func pop(for peer: PeerID, byteCount limit: Int, presenceCount: Int) -> Envelope {
        var envelope = Envelope(peer: peer)
        while envelope.presences.count < presenceCount, let (cid, isHave) = presences.popAny() {
            envelope.presences.append(BitswapMessage.Presence(cid, isHave: isHave))
            envelope.byteCount += cid.bytes.count + Envelope.entryOverhead
        }
        var blockBytes = 0
        while blockBytes < limit, let place = popLive(), let block = blocks[place.cid] {
            let isTooMuch = blockBytes + block.byteCount > BitswapMessage.sentByteLimit
            if isTooMuch && blockBytes > 0 {
                order.append(place)
                break
            }
            remove(place.cid)
            blockBytes += block.byteCount
            envelope.blocks.append(
                Envelope.WantedBlock(cid: place.cid, sendDontHave: block.sendDontHave))
            envelope.byteCount += block.byteCount + place.cid.bytes.count + Envelope.entryOverhead
        }
        envelope.pendingByteCount = byteCount
        return envelope
    }

    private mutating func newSequence(for cid: CID) -> Int {
        nextSequence += 1
        blocks[cid]?.sequence = nextSequence
        return nextSequence
    }

    private func isLive(_ place: Place) -> Bool { blocks[place.cid]?.sequence == place.sequence }

    private mutating func insert(_ place: Place) {
        // Cancels and wants in turn would let left places pile up.
        if order.count >= 2 * blocks.count + 64 {
            order.removeAll { [blocks] in blocks[$0.cid]?.sequence != $0.sequence }
        }
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < place { low = middle + 1 } else { high = middle }
        }
        order.insert(place, at: low)
    }

    /// The most urgent block, its place taken away.
    private mutating func popLive() -> Place? {
        while let place = order.popLast() { if isLive(place) { return place } }
        return nil
    }

    /// The least urgent block; places before it that were left are dropped.
    private mutating func firstLive() -> Place? {
        order.removeFirst(order.firstIndex(where: isLive) ?? order.count)
        return order.first
    }
}

/// A message that is to be read from the store and sent.
struct Envelope: Sendable {
    /// What a CID costs in a message beside its own bytes, generously.
    static let entryOverhead = 16

    /// A block to read.
    struct WantedBlock: Sendable {
        let cid: CID
        /// Whether the peer is to be told if the block is gone meanwhile.
        let sendDontHave: Bool
    }

    /// Who it is for.
    let peer: PeerID
    /// What it holds, most urgent first.
    var blocks: [WantedBlock] = []
    /// What else it says.
    var presences: [BitswapMessage.Presence] = []
    /// Bytes of the message, about.
    var byteCount = 0
    /// Bytes of blocks still queued for the peer.
    var pendingByteCount = 0
}

extension Dictionary {
    /// Takes any element.
    fileprivate mutating func popAny() -> (Key, Value)? {
        guard let index = indices.first else { return nil }
        let (key, value) = remove(at: index)
        return (key, value)
    }
}
