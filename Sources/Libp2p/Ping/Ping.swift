// SPDX-License-Identifier: Apache-2.0

/// The protocol `/ipfs/ping/1.0.0`: 32 bytes there and back, as often as the asking side likes.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/ping/ping.md>.
public enum Ping {
    /// The protocol's name.
    public static let protocolID: ProtocolID = "/ipfs/ping/1.0.0"
    /// How many bytes go there and back in a round.
    public static let byteCount = 32
}

/// The side of ping that asks.
public struct PingInitiator: Sendable {
    private var pending: (bytes: [UInt8], at: Duration)?
    private var received: [UInt8] = []

    /// A side that has not asked yet.
    public init() {}

    /// The bytes of a new round, to be sent `now`.
    ///
    /// The round before must have ended.
    public mutating func start(
        using random: inout some RandomNumberGenerator, at now: Duration
    ) -> [UInt8] {
        precondition(pending == nil, "a ping is under way")
        let bytes = (0..<Ping.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
        pending = (bytes, now)
        return bytes
    }

    /// Takes what arrived: how long the round took, once the answer is whole.
    ///
    /// - Throws: ``PingError``, after which the stream is to be reset.
    public mutating func receive(
        _ bytes: [UInt8], at now: Duration
    ) throws(PingError) -> Duration? {
        guard let pending, received.count + bytes.count <= Ping.byteCount else {
            throw .unasked
        }
        received += bytes
        guard pending.bytes.starts(with: received) else { throw .otherBytes }
        guard received.count == Ping.byteCount else { return nil }
        self.pending = nil
        received = []
        return now - pending.at
    }
}

/// The side of ping that answers.
///
/// Holds less than a round.
public struct PingResponder: Sendable {
    private var partial: [UInt8] = []

    /// A side that was not asked yet.
    public init() {}

    /// Takes what arrived, and gives what is to be sent back: whole rounds.
    public mutating func receive(_ bytes: [UInt8]) -> [UInt8] {
        partial += bytes
        let whole = partial.count - partial.count % Ping.byteCount
        defer { partial.removeSubrange(..<whole) }
        return Array(partial[..<whole])
    }
}

/// How a peer answered a ping wrongly.
public enum PingError: Error, Hashable, Sendable {
    /// More bytes than were sent.
    case unasked
    /// Others than were sent.
    case otherBytes
}
