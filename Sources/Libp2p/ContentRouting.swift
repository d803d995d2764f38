// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Finds peers that have a block, and tells others that this one has.
///
/// Implemented by the DHT; what Bitswap asks when no connected peer has a block.
public protocol ContentRouting: Sendable {
    /// Looks for providers of the block with `multihash` and calls `found` for each as it turns
    /// up, once per peer, until `limit` are found, `found` returns false, or nobody is left to ask.
    ///
    /// - Throws: `CancellationError`; what the implementation documents.
    func findProviders(
        of multihash: Multihash, limit: Int,
        _ found: @escaping @Sendable (PeerInfo) async -> Bool) async throws
}

/// Finds where a peer is.
public protocol PeerRouting: Sendable {
    /// Looks for addresses of `peer`; nil if nobody knows any.
    func findPeer(_ peer: PeerID) async throws -> PeerInfo?
}
