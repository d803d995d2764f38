// SPDX-License-Identifier: Apache-2.0

import Bitswap
import BlockStore
import KademliaDHT
public import Libp2p
import Logging
import Multiformats
import Provide
import Repository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A repository on the network: host, DHTs, Bitswap, discovery and announcer, put together.
///
/// Made by ``run(_:options:logger:onReady:)`` for a node that stays, and by
/// ``visiting(_:options:identity:logger:_:)`` for a command that needs the network for a moment.
public final class Node: ControlService {
    /// Who a visiting host is.
    public enum Identity: Hashable, Sendable {
        /// The repository's node: for records that lead to it.
        case repository
        /// A peer of its own: so that answers meant for the visitor do not go elsewhere.
        case temporary
    }

    /// The host, and what only the node needs to know of it.
    let nodeHost: NodeHost
    /// The DHTs.
    let dht: NodeRouting
    /// The repository's blocks, and those that peers sent.
    let blocks: FetchedBlocks
    /// Serves and fetches blocks.
    let bitswap: BitswapService
    /// Keeps the provider records alive, or sends some when asked.
    let announcer: Announcer
    /// Whether the announcer runs.
    let announces: Bool
    /// The parts that run, each of which needs those before it.
    let services: [NodeService]

    init(
        _ nodeHost: NodeHost, dht: NodeRouting, blocks: FetchedBlocks, bitswap: BitswapService,
        announcer: Announcer, announces: Bool, services: [NodeService]
    ) {
        self.nodeHost = nodeHost
        self.dht = dht
        self.blocks = blocks
        self.bitswap = bitswap
        self.announcer = announcer
        self.announces = announces
        self.services = services
    }

    /// The host.
    public var host: any Host { nodeHost.host }

    /// Runs `body` with a session: what belongs together.
    public func withSession<Result>(
        _ body: (any ControlSession) async throws -> Result
    ) async throws -> Result {
        let found = NetworkBlocks(local: blocks, session: bitswap.makeSession(), sink: blocks)
        return try await found.prefetching { ahead in
            try await body(NodeSession(self, blocks: found, ahead: ahead))
        }
    }

    /// Who the node is, and where it can be reached.
    public var report: NodeIdentityReport {
        let id = host.peerID
        return NodeIdentityReport(
            id: "\(id)",
            addresses: host.addresses.map { "\($0.appending(.p2p(id)))" },
            keyType: "\(nodeHost.key.publicKey.type)", agent: ProgramVersion.agent,
            protocols: nodeHost.protocols().map(\.description).sorted(),
            connections: host.connectedPeers.count, processID: Int(getpid()))
    }

    /// What is known of a peer.
    func report(of peer: PeerID) -> PeerReport {
        PeerReport(
            id: "\(peer)", addresses: host.addressBook.addresses(of: peer).map { "\($0)" },
            connected: host.isConnected(to: peer), agent: nodeHost.agent(peer),
            protocols: host.addressBook.protocols(of: peer)?.map(\.description).sorted())
    }

    /// How long `peer`, with addresses that the user gave, takes to answer; connects first if need
    /// be.
    ///
    /// - Parameter limit: for the answer, and for connecting before.
    /// - Throws: `HostError`, `PingError`, `CancellationError`.
    func ping(_ peer: PeerInfo, within limit: Duration) async throws -> Duration {
        let silence = HostError(
            .connectionClosed, peer: peer.id, "the peer has not answered in \(limit)")
        return try await withThrowingTaskGroup(of: Duration.self) { [nodeHost] group in
            group.addTask {
                if !peer.addresses.isEmpty {
                    try await nodeHost.host.connect(
                        to: peer.id, at: peer.addresses, names: .anywhere)
                }
                do { return try await nodeHost.ping(peer.id) } catch is PeerStreamError {
                    throw HostError(
                        .connectionClosed, peer: peer.id, "the peer did not answer the ping")
                }
            }
            group.addTask {
                try await Task.sleep(for: limit)
                throw silence
            }
            defer { group.cancelAll() }
            guard let time = try await group.next() else { throw silence }
            return time
        }
    }
}
