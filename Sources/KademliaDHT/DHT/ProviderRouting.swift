// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats

/// What an announcer needs of a DHT: the real one, or a simulated one.
public protocol ProviderRouting: Sendable {
    /// This peer.
    var localPeer: PeerID { get }

    /// Looks up the k (20) peers nearest to `key`, bytes that are hashed, nearest first; fewer in a
    /// network that has fewer.
    ///
    /// - Throws: ``DHTError`` with `noPeers` while the table is empty; `CancellationError`.
    func closestPeers(to key: [UInt8]) async throws -> [PeerInfo]

    /// Tells `peer` that this peer provides all of `keys`, over one stream.
    ///
    /// - Returns: how many records were sent, all of which the peer took: it closed the stream in
    ///   good order after the last.
    /// - Throws: ``DHTError``, `HostError` or `PeerStreamError`, after which any number of the
    ///   records may have been taken; `CancellationError`.
    @discardableResult
    func announce(_ keys: some Sequence<Multihash>, to peer: PeerInfo) async throws -> Int
}
