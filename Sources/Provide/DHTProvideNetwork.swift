// SPDX-License-Identifier: Apache-2.0

public import KademliaDHT
public import Libp2p
public import Multiformats

/// A DHT as the announcer sees it.
public struct DHTProvideNetwork<Routing: ProviderRouting>: ProvideNetwork {
    private let routing: Routing

    /// Announces in that DHT.
    public init(_ routing: Routing) { self.routing = routing }

    /// As in ``ProvideNetwork``.
    public var peerID: PeerID { routing.localPeer }

    /// As in ``ProvideNetwork``.
    public func closestPeers(to key: [UInt8]) async throws -> [PeerInfo] {
        try await routing.closestPeers(to: key)
    }

    /// As in ``ProvideNetwork``.
    public func announce(_ multihashes: [[UInt8]], to peer: PeerInfo) async throws -> Int {
        // The catalog takes any bytes for a multihash; what is none is nothing to look for.
        let sent = try await routing.announce(
            multihashes.lazy.compactMap { try? Multihash($0) }, to: peer)
        return sent > 0 ? multihashes.count : 0
    }

    /// As in ``ProvideNetwork``: whether a lookup of this peer itself finds anybody.
    public func isOnline() async -> Bool {
        // Whatever the error: nobody was found.
        let peers = try? await routing.closestPeers(to: routing.localPeer.bytes)
        return peers?.isEmpty == false
    }
}
