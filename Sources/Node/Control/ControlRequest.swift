// SPDX-License-Identifier: Apache-2.0

/// What a program asks of a running node: one line of JSON on the control socket.
///
/// The form is described in `Docs/node.md`, "The control socket".
public struct ControlRequest: Codable, Hashable, Sendable {
    /// The version of the protocol that this program speaks.
    public static let currentVersion = 1
    /// The longest line, in bytes; a request for ``maximumCIDCount`` CIDs fits well.
    public static let maximumByteCount = 64 << 10
    /// The most CIDs of one request for blocks.
    public static let maximumCIDCount = 256

    /// What is asked; the raw value is the word in the request.
    public enum Command: String, Codable, Hashable, Sendable, CaseIterable {
        /// Who the node is, and where it listens.
        case identity
        /// Connect to the peer at `address`.
        case connect
        /// Close the connections to `peer`.
        case disconnect
        /// The connected peers.
        case peers
        /// The addresses known of `peer`, or of all peers.
        case addresses
        /// Ping `peer`, `count` times, each within `timeoutSeconds`.
        case ping
        /// Put a provider record of `cid` into the DHT.
        case provide
        /// Look for up to `limit` providers of `cid`.
        case findProviders
        /// Look for the addresses of `peer`.
        case findPeer
        /// Look for the peers closest to `key`, telling every step.
        case query
        /// How announcing goes.
        case provideStatus
        /// Announce `cid` now, or all that is due to be announced.
        case provideNow
        /// The blocks of `cids`: stored, or from peers.
        case blocks
    }

    /// The version of the protocol.
    public var version = currentVersion
    /// Chosen by whoever asks, and repeated in every answer.
    public var id: UInt64
    /// What is asked.
    public var command: String
    /// A multiaddr that ends in `/p2p/ID`, or a peer ID.
    public var address: String?
    /// A peer ID.
    public var peer: String?
    /// A CID.
    public var cid: String?
    /// CIDs.
    public var cids: [String]?
    /// A CID or a peer ID.
    public var key: String?
    /// How often.
    public var count: Int?
    /// At most so many.
    public var limit: Int?
    /// How long an answer may take, 1 to 3,600; nil for 10.
    public var timeoutSeconds: Int?
    /// Whether what the blocks link to will be asked for, too, so that it is fetched before.
    public var ahead: Bool?

    /// Asks for `command`; the client sets the id.
    public init(_ command: Command) {
        self.command = command.rawValue
        id = 0
    }
}

/// Why a node did not do what it was asked.
public struct ControlError: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    /// The kinds; the raw value is the word in the answer.
    public enum Code: String, Codable, Hashable, Sendable {
        /// The request is no JSON of the right form, or an argument is missing or wrong.
        case badRequest
        /// The node speaks another version of the protocol.
        case unsupportedVersion
        /// Nobody knows such a peer, provider or block.
        case notFound
        /// A limit on requests was met; may be retried.
        case limit
        /// The node has no such part, or it was switched off.
        case unavailable
        /// The network, the peer or the store failed.
        case failed
        /// A code of a newer node.
        case unknown
    }

    /// The kind.
    public let code: Code
    /// What happened, for people.
    public let message: String

    /// Describes a failure.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Takes a code that this program does not know for `unknown`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let word = try container.decode(String.self, forKey: .code)
        code = Code(rawValue: word) ?? .unknown
        message = try container.decode(String.self, forKey: .message)
    }

    /// The message.
    public var description: String { message }
}
