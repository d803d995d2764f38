// SPDX-License-Identifier: Apache-2.0

import Catalog
import KademliaDHT
import Libp2p

/// Finds the peers that lie in a part of the key space, by a few lookups; a value that does no I/O.
///
/// Each lookup's answer, the 20 peers nearest to a point, covers the longest prefix of that point
/// outside of which at least one of them lies: all peers inside are known. What is not covered yet
/// is looked up next. A part with fewer than 20 peers is widened, up to the whole key space, so
/// that a small swarm is found whole.
struct Exploration {
    /// What to do next.
    enum Step: Hashable {
        /// Ask who is nearest to the SHA-256 of this key, then call ``found(_:)``.
        case lookUp(key: [UInt8])
        /// Done: ``peers`` lie under ``prefix``.
        case done
    }

    /// The most lookups that one exploration makes.
    static let maximumLookups = 64

    /// What is explored; wider once there are too few peers in it.
    private(set) var prefix: KeyPrefix
    /// How many answers have come.
    private(set) var lookupCount = 0

    private let order: AnnounceKey
    private let minimumPeers: Int
    private var covered: [KeyPrefix] = []
    private var known: [AnnounceKey: ClosePeer] = [:]
    private var idleRounds = 0
    /// The point whose neighbours were asked for last.
    private var point = AnnounceKey.lowest

    /// An exploration of `prefix`.
    ///
    /// - Parameters:
    ///   - order: gaps are visited in the order of their distance from it.
    ///   - minimumPeers: a prefix with fewer is widened; the replication.
    init(_ prefix: KeyPrefix, order: AnnounceKey, minimumPeers: Int) {
        self.prefix = prefix
        self.order = order
        self.minimumPeers = minimumPeers
    }

    /// The peers under ``prefix``, in the order of keys.
    var peers: [ClosePeer] {
        known.values.filter { prefix.contains($0.key) }.sorted { $0.key < $1.key }
    }

    /// The first step.
    mutating func start() -> Step { lookUp(prefix) }

    /// Takes an answer to the last step's question.
    mutating func found(_ answer: [PeerInfo]) -> Step {
        lookupCount += 1
        let countBefore = known.count
        let peers = answer.map(ClosePeer.init)
        for peer in peers { known[peer.key] = peer }
        idleRounds = known.count == countBefore ? idleRounds + 1 : 0
        // A swarm of fewer than k peers answers with all of them each time.
        let idleLimit = known.count < minimumPeers ? 2 : 4
        guard !peers.isEmpty, idleRounds < idleLimit, lookupCount < Self.maximumLookups else {
            return finish()
        }
        cover(with: peers.map(\.key))
        var gap = firstGap(in: prefix)
        while gap == nil, self.peers.count < minimumPeers, prefix.bitCount > 0 {
            prefix = prefix.parent
            gap = firstGap(in: prefix)
        }
        guard let gap else { return finish() }
        return lookUp(gap)
    }

    private mutating func finish() -> Step {
        while peers.count < minimumPeers, prefix.bitCount > 0 { prefix = prefix.parent }
        return .done
    }

    private mutating func lookUp(_ gap: KeyPrefix) -> Step {
        let edge = gap.lowest ^ order ^ order.masked(to: gap.bitCount)
        let key = PreimageTable.shared.key(for: UInt16(edge.head >> 48))
        let hash = AnnounceKey(hashing: key)
        // In a gap too narrow for a preimage the answer is judged as if asked at its edge: the
        // nearest peers are the same but for peers that share more than 16 bits.
        point = gap.contains(hash) ? hash : edge
        return .lookUp(key: key)
    }

    /// Marks what an answer covers.
    private mutating func cover(with keys: [AnnounceKey]) {
        if keys.count == 1 { return add(KeyPrefix(of: keys[0], bitCount: AnnounceKey.bitCount)) }
        while true {
            let shared = keys.map { $0.commonPrefixBitCount(with: point) }
            guard let least = shared.min(), let most = shared.max() else { return }
            // Peers that share the least may have unknown neighbours; of the others all are known.
            let prefix = KeyPrefix(of: point, bitCount: min(least + 1, AnnounceKey.bitCount))
            add(prefix)
            guard most == least, least < AnnounceKey.bitCount else { return }
            // Nobody is in there: the answer tells of the other half as well.
            point = point.flipping(least)
        }
    }

    private mutating func add(_ prefix: KeyPrefix) {
        guard !covered.contains(where: { $0.contains(prefix) }) else { return }
        covered.removeAll { prefix.contains($0) }
        covered.append(prefix)
    }

    /// The first part of `prefix` that is not covered, counted from `order`.
    private func firstGap(in prefix: KeyPrefix) -> KeyPrefix? {
        if covered.contains(where: { $0.contains(prefix) }) { return nil }
        guard covered.contains(where: { prefix.contains($0) }) else { return prefix }
        let side = order.bit(prefix.bitCount)
        return firstGap(in: prefix.child(side)) ?? firstGap(in: prefix.child(!side))
    }
}
