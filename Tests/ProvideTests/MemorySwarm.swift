// SPDX-License-Identifier: Apache-2.0

import Catalog
import KademliaDHT
import Libp2p
import Multiformats
import Provide
import Synchronization

/// A swarm of DHT servers that does nothing but keep who told them what.
final class MemorySwarm: ProvideNetwork {
    struct Unreachable: Error {}

    private struct State {
        var records: [PeerID: [[UInt8]: Int]] = [:]
        var isOnline = true
        var deaf: Set<PeerID> = []
        var refusing: Set<PeerID> = []
        var hasAddress = true
        var lookupCount = 0
        var sentCount = 0
        var connections: Set<PeerID> = []
        var onRecord: (@Sendable (_ sentCount: Int) -> Void)?
        var takesAtMost = Int.max
    }

    let peerID: PeerID
    let servers: [PeerInfo]
    private let keys: [(key: AnnounceKey, info: PeerInfo)]
    private let state = Mutex(State())

    init(serverCount: Int, seed: UInt64) {
        peerID = Self.peer(0, seed)
        servers = (1...max(serverCount, 1)).prefix(serverCount).map {
            PeerInfo(id: Self.peer($0, seed), addresses: [])
        }
        keys = servers.map { (AnnounceKey(hashing: $0.id.bytes), $0) }
    }

    private static func peer(_ number: Int, _ seed: UInt64) -> PeerID {
        let digest = AnnounceKey(
            hashing: Array("peer \(number) of \(seed)".utf8)
        ).bytes
        // A SHA-256 is always a peer ID.
        guard let peer = try? PeerID(Multihash(code: .sha2_256, digest: digest)) else {
            preconditionFailure("a SHA-256 is a peer ID")
        }
        return peer
    }

    func closestPeers(to key: [UInt8]) async throws -> [PeerInfo] {
        let deaf = try state.withLock { state in
            state.lookupCount += 1
            guard state.isOnline else { throw Unreachable() }
            return state.deaf
        }
        let point = AnnounceKey(hashing: key)
        return keys.filter { !deaf.contains($0.info.id) }
            .sorted { $0.key ^ point < $1.key ^ point }.prefix(20).map(\.info)
    }

    func announce(_ multihashes: [[UInt8]], to peer: PeerInfo) async throws -> Int {
        guard state.withLock({ $0.hasAddress }) else { throw DHTError(.noAddress, "no address") }
        let (sent, hook) = try state.withLock { state in
            guard state.isOnline, !state.deaf.contains(peer.id),
                !state.refusing.contains(peer.id)
            else { throw Unreachable() }
            let taken = multihashes.prefix(state.takesAtMost)
            for multihash in taken {
                state.records[peer.id, default: [:]][multihash, default: 0] += 1
            }
            state.sentCount += taken.count
            state.connections.insert(peer.id)
            return (state.sentCount, state.onRecord)
        }
        hook?(sent)
        return multihashes.count
    }

    func isOnline() async -> Bool { state.withLock { $0.isOnline } }

    /// What each server was told how often.
    var records: [PeerID: [[UInt8]: Int]] { state.withLock { $0.records } }
    var lookupCount: Int { state.withLock { $0.lookupCount } }
    var sentCount: Int { state.withLock { $0.sentCount } }

    func setOnline(_ isOnline: Bool) { state.withLock { $0.isOnline = isOnline } }
    func setDeaf(_ peers: [PeerID]) { state.withLock { $0.deaf = Set(peers) } }
    /// These answer lookups, and take no records.
    func setRefusing(_ peers: [PeerID]) { state.withLock { $0.refusing = Set(peers) } }
    /// Without one, no record can be sent to anybody.
    func setHasAddress(_ hasAddress: Bool) { state.withLock { $0.hasAddress = hasAddress } }

    /// Calls `hook` after each call that brought records.
    func onRecord(_ hook: (@Sendable (_ sentCount: Int) -> Void)?) {
        state.withLock { $0.onRecord = hook }
    }

    /// The servers that should have a record, by brute force.
    func nearest(to multihash: [UInt8], _ count: Int) -> Set<PeerID> {
        let point = AnnounceKey(hashing: multihash)
        return Set(
            keys.sorted { $0.key ^ point < $1.key ^ point }.prefix(count).map(\.info.id))
    }
}
