// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats

/// How a ``SocketHost`` behaves.
public struct SocketHostOptions: Sendable {
    /// Where to listen: `/ip4|ip6/…/tcp/…`, with `/ws` or `/tls/ws` behind it.
    ///
    /// Port 0 takes a free one. Default: nowhere; the host can dial all the same.
    public var listenAddresses: [Multiaddr] = []
    /// What peers are told in place of the addresses that the host listens on, and those at which
    /// peers on the internet see it; empty for those.
    public var announcedAddresses: [Multiaddr] = []
    /// How connections are secured: proposed in this order when dialling, all of them taken when
    /// accepting.
    ///
    /// Default: Noise, then TLS.
    public var securities: [ConnectionSecurity] = [.noise, .tls]
    /// Whom and what the host has to do with.
    ///
    /// Default: all.
    public var filter = AddressFilter()
    /// When connections are closed to keep their number down.
    ///
    /// Default 32, 96, 20 s.
    public var waterMarks = ConnectionWaterMarks()
    /// How much peers may take.
    public var limits = ResourceLimits()
    /// How long things may take.
    public var timeouts = Timeouts()
    /// The program's name as peers are told: any text.
    public var agentVersion = "cairn"
    /// The family of protocols as peers are told.
    public var protocolVersion = "ipfs/0.1.0"
    /// The key without which nobody can talk to this host; nil for the open network.
    public var privateNetworkKey: PreSharedKey?
    /// What `/tls/ws` listens with, and trusts.
    public var webSocketTLS = WebSocketTLSOptions()
    /// Name servers for `/dnsaddr`, as `address`, `address:port` or `[address]:port`; empty for the
    /// system's.
    ///
    /// What ``isNameServer(_:)`` does not know is left out.
    public var nameServers: [String] = []

    /// The defaults.
    public init() {}

    /// Whether a text names a name server.
    public static func isNameServer(_ text: String) -> Bool { NameResolver.parse(text) != nil }

    /// How long things may take.
    public struct Timeouts: Hashable, Sendable {
        /// A dial with its handshake.
        ///
        /// Default 15 s, as in go-libp2p.
        public var dial = Duration.seconds(15)
        /// A dial within private networks.
        ///
        /// Default 5 s, as in go-libp2p.
        public var privateDial = Duration.seconds(5)
        /// The time until the next address is tried beside the one before.
        ///
        /// Default 250 ms.
        public var dialStagger = Duration.milliseconds(250)
        /// The handshake of a connection that was accepted.
        ///
        /// Default 15 s, as in go-libp2p.
        public var upgrade = Duration.seconds(15)
        /// Agreeing on a stream's protocol.
        ///
        /// Default 10 s, as in go-libp2p.
        public var negotiation = Duration.seconds(10)
        /// Reading what a peer says of itself.
        ///
        /// Default 5 s, as in go-libp2p.
        public var identify = Duration.seconds(5)

        /// The defaults.
        public init() {}
    }
}

/// Certificates for WebSocket over TLS, as browsers know it: not the ones of libp2p.
public struct WebSocketTLSOptions: Sendable {
    /// The PEM of the certificate chain to listen with on `/tls/ws`; empty if it is not.
    public var certificateChainPEM: [UInt8] = []
    /// The PEM of its key.
    public var privateKeyPEM: [UInt8] = []
    /// The PEM of roots that are trusted when dialling, in place of the system's; empty for those.
    public var trustRootsPEM: [UInt8] = []

    /// No certificate; the system's roots.
    public init() {}
}
