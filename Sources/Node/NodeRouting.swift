// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import Provide

/// The DHTs that a node takes part in: both, or one of them.
enum NodeRouting: Sendable {
    /// That of the internet and that of the local network.
    case both(DualDHT)
    /// One of them.
    case single(DHT)

    /// Each of them.
    var all: [DHT] {
        switch self {
        case .both(let dht): [dht.wan, dht.lan]
        case .single(let dht): [dht]
        }
    }

    /// Runs until cancelled.
    func run() async throws {
        switch self {
        case .both(let dht): try await dht.run()
        case .single(let dht): try await dht.run()
        }
    }

    /// Announces one block; how many peers took the record.
    func provide(_ multihash: Multihash) async throws -> Int {
        switch self {
        case .both(let dht): try await dht.provide(multihash).stored.count
        case .single(let dht): try await dht.provide(multihash).stored.count
        }
    }
}

extension NodeRouting: ContentRouting, PeerRouting {
    func findProviders(
        of multihash: Multihash, limit: Int,
        _ found: @escaping @Sendable (PeerInfo) async -> Bool
    ) async throws {
        switch self {
        case .both(let dht): try await dht.findProviders(of: multihash, limit: limit, found)
        case .single(let dht): try await dht.findProviders(of: multihash, limit: limit, found)
        }
    }

    func findPeer(_ peer: PeerID) async throws -> PeerInfo? {
        switch self {
        case .both(let dht): try await dht.findPeer(peer)
        case .single(let dht): try await dht.findPeer(peer)
        }
    }
}

extension NodeRouting: ProvideNetwork {
    var peerID: PeerID { all[0].localPeer }

    func closestPeers(to key: [UInt8]) async throws -> [PeerInfo] {
        switch self {
        case .both(let dht): try await dht.closestPeers(to: key)
        case .single(let dht): try await dht.closestPeers(to: key)
        }
    }

    func announce(_ multihashes: [[UInt8]], to peer: PeerInfo) async throws -> Int {
        let keys = try multihashes.map { try Multihash($0) }
        switch self {
        case .both(let dht): return try await dht.announce(keys, to: peer)
        case .single(let dht): return try await dht.announce(keys, to: peer)
        }
    }

    func isOnline() async -> Bool { all.contains { !$0.tablePeers.isEmpty } }
}
