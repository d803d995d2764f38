// SPDX-License-Identifier: Apache-2.0

public import Libp2p

/// How one DHT works; ``wan`` and ``lan`` are those of the public network.
public struct DHTOptions: Sendable {
    /// Whether this peer answers requests.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// Never: it asks only, and is in no table.
        case client
        /// Always.
        case server
        /// While ``DHT/setReachability(_:)`` says that the internet reaches this peer.
        case auto
        /// Unless it says that it does not.
        case autoServer
    }

    /// Times to wait at most.
    public struct Timeouts: Hashable, Sendable {
        /// Until a stream is open, dialling included.
        ///
        /// Default 10 s.
        public var open: Duration = .seconds(10)
        /// Until an answer is there.
        ///
        /// Default 10 s, as in go-libp2p.
        public var answer: Duration = .seconds(10)
        /// Of one look-up in all.
        ///
        /// Default 60 s.
        public var lookup: Duration = .seconds(60)
        /// Until a server's stream that nothing arrives on is reset.
        ///
        /// Default 60 s.
        public var idle: Duration = .seconds(60)
        /// Until a peer takes the next bytes of an announcement.
        ///
        /// Default 10 s.
        public var progress: Duration = .seconds(10)

        /// The defaults.
        public init() {}
    }

    /// The protocol's name, by which tables and stores are apart.
    ///
    /// Default `/ipfs/kad/1.0.0`.
    public var protocolID: ProtocolID
    /// Where its peers are: which addresses are told, kept and dialled.
    ///
    /// Default `wan`.
    public var scope: ScopeFilter.Scope
    /// Whether it answers.
    ///
    /// Default `auto`.
    public var mode: Mode
    /// The constants of look-ups.
    public var lookup = LookupOptions()
    /// The constants of the routing table.
    public var table = RoutingTableOptions()
    /// Peers of one IP group that are taken from one answer; nil takes all.
    ///
    /// Default 3.
    public var peersPerGroup: Int? = 3
    /// Times to wait.
    public var timeouts = Timeouts()
    /// Inbound streams at once.
    ///
    /// Default 32 per peer and 512 in all; each may hold a request of 64 KiB.
    public var streams = StreamLimits(perPeer: 32, total: 512)
    /// Peers whose fitness for the table is checked at once; more are not considered.
    ///
    /// Default 256.
    public var admissionCount = 256
    /// Providers of a block that an answer names at most.
    ///
    /// Default 256.
    public var providersPerAnswer = 256
    /// Known servers to begin with, and to come back to when the table is empty.
    ///
    /// Default none.
    public var bootstrapPeers: [PeerInfo] = []
    /// At so many peers or fewer, all that they know are looked for, and connected and bootstrap
    /// peers are considered.
    ///
    /// Default 10.
    public var lowPeerCount = 10
    /// How often it is seen whether there are so few.
    ///
    /// Default 2 min.
    public var lowCheckInterval: Duration = .seconds(120)
    /// How often the provider store is flushed.
    ///
    /// Default 1 s.
    public var flushInterval: Duration = .seconds(1)
    /// How often expired records are removed.
    ///
    /// Default 1 h.
    public var sweepInterval: Duration = .seconds(3600)

    /// Options for a DHT of that name and scope, with the defaults for the rest.
    public init(protocolID: ProtocolID, scope: ScopeFilter.Scope, mode: Mode) {
        self.protocolID = protocolID
        self.scope = scope
        self.mode = mode
    }

    /// The public network.
    public static var wan: DHTOptions {
        DHTOptions(protocolID: .kademlia, scope: .wan, mode: .auto)
    }

    /// A local network: a server, without limits per IP group.
    public static var lan: DHTOptions {
        var options = DHTOptions(protocolID: .lanKademlia, scope: .lan, mode: .server)
        options.table.diversity = nil
        options.peersPerGroup = nil
        return options
    }

    /// The protocol of the public network, but on any addresses, and without limits per IP group:
    /// for test networks on one machine.
    public static var isolated: DHTOptions {
        var options = DHTOptions(protocolID: .kademlia, scope: .any, mode: .server)
        options.table.diversity = nil
        options.peersPerGroup = nil
        return options
    }
}
