// SPDX-License-Identifier: Apache-2.0

import Catalog
public import Libp2p
public import Multiformats

/// What the announcer needs of the network: the DHT's client, or a swarm in memory.
public protocol ProvideNetwork: Sendable {
    /// This peer, which becomes the provider.
    var peerID: PeerID { get }

    /// The peers nearest to the SHA-256 of `key` that answered, nearest first, at most 20, without
    /// this one.
    ///
    /// - Throws: whatever says that nobody could be asked; `CancellationError`.
    func closestPeers(to key: [UInt8]) async throws -> [PeerInfo]

    /// Sends a provider record for each of `multihashes` to one peer, in order, over one stream,
    /// each within its own time limit.
    ///
    /// - Returns: how many were sent: all, or fewer if the peer stopped taking them.
    /// - Throws: whatever says that none could be sent; `CancellationError`.
    func announce(_ multihashes: [[UInt8]], to peer: PeerInfo) async throws -> Int

    /// Whether at least one DHT server answers now.
    func isOnline() async -> Bool
}

/// A peer and its place in the key space.
struct ClosePeer: Hashable, Sendable {
    let info: PeerInfo
    let key: AnnounceKey

    init(_ info: PeerInfo) {
        self.info = info
        key = AnnounceKey(hashing: info.id.bytes)
    }
}
