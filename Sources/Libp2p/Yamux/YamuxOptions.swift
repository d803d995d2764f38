// SPDX-License-Identifier: Apache-2.0

/// What a Yamux session allows itself and its peer.
public struct YamuxOptions: Hashable, Sendable {
    /// What every stream may send at first, in bytes: fixed by the specification.
    public static let initialWindowByteCount = 256 << 10

    /// The largest payload of a data frame that is sent: 64 KiB less the header, as go-yamux does.
    public static let maximumPayloadByteCount = (64 << 10) - YamuxHeader.byteCount

    /// How far the window of one stream may grow while its reader keeps up, in bytes; at least
    /// ``initialWindowByteCount``.
    ///
    /// go-yamux's default.
    public var maximumWindowByteCount = 16 << 20

    /// By how much the windows of all streams together may grow, in bytes.
    ///
    /// Never by more than half of ``maximumUnreadByteCount``, so that a peer that keeps to its
    /// windows has room. One stream at its largest; a guess, go-libp2p asks its resource manager.
    public var windowGrowthByteCount = 16 << 20

    /// How much may lie unread in all streams together, in bytes.
    ///
    /// A stream for which more arrives is reset. At the default, 64 streams that nobody reads and
    /// one at its largest fit in.
    public var maximumUnreadByteCount = 32 << 20

    /// How many streams the peer may have open; more are reset.
    ///
    /// go-libp2p's default per peer.
    public var maximumInboundStreamCount = 256

    /// How many streams this side may have open.
    ///
    /// go-libp2p's default per peer and protocol, twice.
    public var maximumOutboundStreamCount = 256

    /// How many streams of the peer may wait to be accepted; more are reset.
    ///
    /// go-yamux's default.
    public var maximumBacklogCount = 256

    /// How many streams of this side may wait for the peer to accept them.
    ///
    /// go-yamux's default.
    public var maximumUnacknowledgedCount = 256

    /// How much output is queued before ``YamuxSession/write(_:to:)`` takes no more, in bytes.
    ///
    /// Enough for a few writes to the socket; more would only wait longer. A guess.
    public var outputByteCount = 256 << 10

    /// How much output that the peer caused (answers, resets, window updates) may be queued before
    /// the session ends, in bytes.
    ///
    /// A peer that reads never comes near. A guess.
    public var maximumControlByteCount = 256 << 10

    /// How often a ping is sent.
    ///
    /// go-yamux's default.
    public var pingInterval = Duration.seconds(30)

    /// How long an answer may take, if nothing else arrives either.
    ///
    /// go-yamux's default.
    public var pingTimeout = Duration.seconds(10)

    /// How long a stream that this side closed may wait for the peer's end.
    ///
    /// A guess; go-yamux waits five minutes.
    public var lingerTimeout = Duration.seconds(60)

    /// The defaults.
    public init() {}
}
