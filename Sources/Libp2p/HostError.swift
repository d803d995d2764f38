// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why a host could not do what it was asked.
public struct HostError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// No address of the peer is known, or none may be dialled. Retry once one is known.
        case noAddress
        /// All dials failed. May be retried, after the back-off.
        case dialFailed
        /// Dials to the peer failed a moment ago, and are not tried again yet.
        case backOff
        /// The peer at the address has another identity.
        case wrongPeer
        /// The peer speaks none of the protocols.
        case unsupportedProtocol
        /// A limit of this host, or the peer's, was met. May be retried.
        case limit
        /// The address or peer is not allowed by this host's filters.
        case denied
        /// A handshake or negotiation broke its rules, or took too long.
        case handshakeFailed
        /// The connection ended.
        case connectionClosed
        /// The host has been shut down.
        case closed
    }

    /// The kind.
    public let code: Code
    /// Who it is about.
    public let peer: PeerID?
    /// What happened, for people.
    public let message: String

    /// Describes a failure.
    public init(_ code: Code, peer: PeerID? = nil, _ message: String) {
        self.code = code
        self.peer = peer
        self.message = message
    }

    /// The message, with the peer.
    public var description: String { peer.map { "\($0): \(message)" } ?? message }
}
