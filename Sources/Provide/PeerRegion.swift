// SPDX-License-Identifier: Apache-2.0

import Catalog

/// A part of the key space and all peers in it, of which the 20 nearest to any of its keys are
/// some.
struct PeerRegion: Hashable, Sendable {
    let prefix: KeyPrefix
    /// In the order of keys.
    let peers: [ClosePeer]

    /// Cuts `prefix` into the smallest regions with `minimumPeers` in each half.
    ///
    /// - Parameter peers: all in `prefix`, in the order of keys; may be fewer, then it is one
    ///   region.
    static func regions(
        of peers: [ClosePeer], in prefix: KeyPrefix, minimumPeers: Int
    ) -> [PeerRegion] {
        let middle = peers.partitionPoint { $0.key.bit(prefix.bitCount) }
        guard prefix.bitCount < AnnounceKey.bitCount - 1, middle >= minimumPeers,
            peers.count - middle >= minimumPeers
        else { return [PeerRegion(prefix: prefix, peers: peers)] }
        return regions(
            of: Array(peers[..<middle]), in: prefix.child(false), minimumPeers: minimumPeers)
            + regions(
                of: Array(peers[middle...]), in: prefix.child(true), minimumPeers: minimumPeers)
    }

    /// Which of `keys` each peer gets, so that each key goes to the `replication` peers nearest to
    /// it.
    ///
    /// - Parameter keys: in order.
    /// - Returns: for each peer ascending ranges of indices of `keys`, not overlapping.
    /// - Complexity: O(peers × log keys) as a rule; no key is compared with a peer.
    func allocate(_ keys: [AnnounceKey], replication: Int) -> [[Range<Int>]] {
        var allocation = Allocation(keys: keys, peers: peers.map(\.key))
        allocation.share(
            keys.indices, among: peers.indices, bit: 0, replication: replication)
        return allocation.ranges.map { ranges in
            var joined: [Range<Int>] = []
            for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
                if let last = joined.last, last.upperBound == range.lowerBound {
                    joined[joined.count - 1] = last.lowerBound..<range.upperBound
                } else {
                    joined.append(range)
                }
            }
            return joined
        }
    }
}

/// Walks the binary tries of keys and peers side by side.
private struct Allocation {
    let keys: [AnnounceKey]
    let peers: [AnnounceKey]
    var ranges: [[Range<Int>]]

    init(keys: [AnnounceKey], peers: [AnnounceKey]) {
        self.keys = keys
        self.peers = peers
        ranges = Array(repeating: [], count: peers.count)
    }

    /// Gives each key of a range the nearest of some peers.
    ///
    /// Both ranges are of entries that share all bits before `bit` among themselves.
    mutating func share(
        _ keyRange: Range<Int>, among peerRange: Range<Int>, bit: Int, replication: Int
    ) {
        guard !keyRange.isEmpty, replication > 0 else { return }
        guard peerRange.count > replication else {
            for peer in peerRange { ranges[peer].append(keyRange) }
            return
        }
        let keyMiddle = keys[keyRange].partitionPoint { $0.bit(bit) }
        let peerMiddle = peers[peerRange].partitionPoint { $0.bit(bit) }
        let sides = [
            (
                keyRange.lowerBound..<keyMiddle, peerRange.lowerBound..<peerMiddle,
                peerMiddle..<peerRange.upperBound
            ),
            (
                keyMiddle..<keyRange.upperBound, peerMiddle..<peerRange.upperBound,
                peerRange.lowerBound..<peerMiddle
            ),
        ]
        for (keys, near, far) in sides {
            share(keys, among: near, bit: bit + 1, replication: replication)
            share(keys, among: far, bit: bit + 1, replication: replication - near.count)
        }
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first index from which on `isSecond` holds, of elements sorted by it.
    func partitionPoint(_ isSecond: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
