// SPDX-License-Identifier: Apache-2.0

/// How much peers may take of a host.
///
/// What is over is refused or reset; nobody else is disturbed.
///
/// Where not stated otherwise the numbers are go-libp2p's. Peers on this machine (loopback) are
/// exempt from the limits by address and rate.
public struct ResourceLimits: Hashable, Sendable {
    /// Connections in all.
    ///
    /// Default 512.
    public var connections = 512
    /// Connections that others opened.
    ///
    /// Default 384, so that dialling is always possible.
    public var inboundConnections = 384
    /// Inbound connections whose handshake is not done.
    ///
    /// Default 64.
    public var handshakes = 64
    /// Connections to and from one peer.
    ///
    /// Default 8.
    public var connectionsPerPeer = 8
    /// Connections with one IPv4 address or IPv6 /56.
    ///
    /// Default 8.
    public var connectionsPerAddress = 8
    /// Connections with one IPv6 /48.
    ///
    /// Default 64.
    public var connectionsPerSite = 64
    /// How many connections one IPv4 address or IPv6 /56 may open at once.
    ///
    /// Default 16.
    public var acceptBurst = 16
    /// After the burst it may open one in this time.
    ///
    /// Default 5 s.
    public var acceptInterval = Duration.seconds(5)
    /// Streams in all.
    ///
    /// Default 4,096.
    public var streams = 4096
    /// Streams that peers opened.
    ///
    /// Default 3,072, so that opening some is always possible.
    public var inboundStreams = 3072
    /// Streams that one peer opened.
    ///
    /// Default 256.
    public var inboundStreamsPerPeer = 256
    /// Streams with one peer.
    ///
    /// Default 512.
    public var streamsPerPeer = 512
    /// Bytes received and not yet read, of all connections.
    ///
    /// Default 64 MiB.
    public var memoryByteCount = 64 << 20
    /// Bytes received and not yet read, of one connection.
    ///
    /// Default 16 MiB.
    public var memoryByteCountPerConnection = 16 << 20
    /// Dials at once.
    ///
    /// Default 160.
    public var dials = 160
    /// Dials at once to one peer.
    ///
    /// Default 8.
    public var dialsPerPeer = 8

    /// The defaults.
    public init() {}
}
