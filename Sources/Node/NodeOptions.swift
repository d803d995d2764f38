// SPDX-License-Identifier: Apache-2.0

public import Discovery
public import Libp2p
public import Multiformats
public import Provide

/// How a node works.
///
/// ``init(_:)`` takes them from a repository's `config.yaml`; commands change single ones.
public struct NodeOptions: Sendable {
    /// Which DHTs a node takes part in.
    public enum Scope: String, Hashable, Sendable, CaseIterable {
        /// The public one and that of the local network.
        case both
        /// The public one.
        case wan
        /// That of the local network.
        case lan
    }

    /// Part in the DHTs.
    public enum DHTMode: String, Hashable, Sendable, CaseIterable {
        /// Answers others if the internet reaches this node; on the local network always.
        case auto
        /// Answers others.
        case server
        /// Asks only.
        case client
    }

    /// How connections are secured.
    public enum Security: String, Hashable, Sendable, CaseIterable {
        /// Noise XX.
        case noise
        /// TLS 1.3 in libp2p's profile.
        case tls
    }

    /// Where to listen.
    ///
    /// Default: TCP port 4001 on every address.
    public var listen: [Multiaddr]
    /// Peers to begin with.
    ///
    /// Default: those of the public network.
    public var bootstrap: BootstrapPeers
    /// Which DHTs.
    ///
    /// Default `both`.
    public var scope = Scope.both
    /// Part in them.
    ///
    /// Default `auto`.
    public var dht = DHTMode.auto
    /// Addresses and peers to have to do with.
    ///
    /// Default: all.
    public var filter = AddressFilter()
    /// Peers that are kept connected.
    ///
    /// Default none.
    public var staticPeers: [PeerInfo] = []
    /// What peers are told in place of the addresses that the node listens on.
    ///
    /// Default none: those.
    public var announcedAddresses: [Multiaddr] = []
    /// The file with the key of a private network, without which nobody can talk to the node.
    ///
    /// Default none: the open network.
    public var swarmKeyPath: String?
    /// Name servers for `/dnsaddr`, as `address` or `address:port`.
    ///
    /// Default: those of the system.
    public var nameServers: [String] = []
    /// How connections are secured, the preferred one first.
    ///
    /// Default: Noise, then TLS.
    public var security: [Security] = [.noise, .tls]
    /// Whether peers on the local network are looked for.
    ///
    /// Default true.
    public var usesMDNS = true
    /// The UDP port at which they are looked for on loopback alone: for tests on one machine.
    ///
    /// Default nil: on the network.
    var loopbackMDNSPort: Int?
    /// Rendezvous points where this node registers and looks for others.
    ///
    /// Default none.
    public var rendezvousPoints: [PeerInfo] = []
    /// Whether this node is a rendezvous point.
    ///
    /// Default false.
    public var servesRendezvous = false
    /// What is announced; nil for nothing.
    ///
    /// Default: every block.
    public var announce: ProvideStrategy? = .all
    /// Time between two announcements of a block.
    ///
    /// Default 22 h.
    public var announceInterval: Duration = .seconds(22 * 3600)
    /// Provider records sent per second at most.
    ///
    /// Default: no limit.
    public var announceRate: Int?
    /// When connections are closed to keep their number down.
    public var waterMarks = ConnectionWaterMarks()
    /// Blocks from peers that are kept.
    public var cache = FetchedBlocks.Options()

    /// The defaults, listening on `listen`.
    public init(
        listen: [Multiaddr] = NodeOptions.publicListen,
        bootstrap: BootstrapPeers = .public
    ) {
        self.listen = listen
        self.bootstrap = bootstrap
    }
}
