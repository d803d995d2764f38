// SPDX-License-Identifier: Apache-2.0

/// One line of a node's answer; the last one of a request has `done` or `error`.
public struct ControlAnswer: Codable, Hashable, Sendable {
    /// The longest line, in bytes: a peer with all the addresses and protocols that are kept of
    /// it fits.
    public static let maximumByteCount = 256 << 10

    /// The request's.
    public var id: UInt64 = 0
    /// The node itself.
    public var identity: NodeIdentityReport?
    /// A peer.
    public var peer: PeerReport?
    /// The answer to one ping.
    public var ping: PingReport?
    /// One step of a look-up.
    public var step: LookupStep?
    /// What was announced.
    public var provided: ProvidedReport?
    /// How announcing goes.
    public var status: AnnounceReport?
    /// A block; its bytes follow the line.
    public var block: BlockReport?
    /// Nothing follows: all was done.
    public var done: Bool?
    /// Nothing follows: the request failed.
    public var error: ControlError?

    /// An answer without content.
    public init() {}

    /// Whether it is the last one of its request.
    public var isLast: Bool { done == true || error != nil }
}

/// Who a node is, and where it can be reached.
public struct NodeIdentityReport: Codable, Hashable, Sendable {
    /// The peer ID in base58.
    public var id: String
    /// Multiaddrs on which it listens, with real ports and with `/p2p/ID`.
    public var addresses: [String]
    /// The public key's type.
    public var keyType: String
    /// What it tells others of itself.
    public var agent: String
    /// The names of the protocols that it answers.
    public var protocols: [String]
    /// How many peers are connected.
    public var connections: Int
    /// The process, 0 if unknown.
    public var processID: Int

    /// Whatever is known.
    public init(
        id: String, addresses: [String], keyType: String, agent: String, protocols: [String],
        connections: Int, processID: Int
    ) {
        self.id = id
        self.addresses = addresses
        self.keyType = keyType
        self.agent = agent
        self.protocols = protocols
        self.connections = connections
        self.processID = processID
    }
}

/// A peer, and what is known of it.
public struct PeerReport: Codable, Hashable, Sendable {
    /// The peer ID in base58.
    public var id: String
    /// Multiaddrs without `/p2p`.
    public var addresses: [String]
    /// Whether there is a connection.
    public var connected: Bool
    /// What it said of itself by identify.
    public var agent: String?
    /// The protocols that it speaks; nil if identify did not tell.
    public var protocols: [String]?

    /// Whatever is known.
    public init(
        id: String, addresses: [String], connected: Bool, agent: String? = nil,
        protocols: [String]? = nil
    ) {
        self.id = id
        self.addresses = addresses
        self.connected = connected
        self.agent = agent
        self.protocols = protocols
    }
}

/// The answer to one ping.
public struct PingReport: Codable, Hashable, Sendable {
    /// Counted from 1.
    public var number: Int
    /// There and back, in seconds.
    public var seconds: Double

    /// Numbers a time.
    public init(number: Int, seconds: Double) {
        self.number = number
        self.seconds = seconds
    }
}

/// A peer that a look-up asked, or the result.
public struct LookupStep: Codable, Hashable, Sendable {
    /// The peer.
    public var peer: String
    /// "closest": one of the closest peers that answered, nearest first.
    public var kind: String
    /// Where it is.
    public var addresses: [String]

    /// Names what happened to a peer.
    public init(peer: String, kind: String, addresses: [String]) {
        self.peer = peer
        self.kind = kind
        self.addresses = addresses
    }
}

/// What was announced.
public struct ProvidedReport: Codable, Hashable, Sendable {
    /// The CID, or nil if it was all.
    public var cid: String?
    /// Records that peers took.
    public var records: Int
    /// Peers that took a record.
    public var peers: Int
    /// Whether the node goes on after this answer, so that more records will follow.
    public var goesOn: Bool?

    /// Counts.
    public init(cid: String?, records: Int, peers: Int, goesOn: Bool? = nil) {
        self.cid = cid
        self.records = records
        self.peers = peers
        self.goesOn = goesOn
    }
}

/// A block; its bytes follow the line.
public struct BlockReport: Codable, Hashable, Sendable {
    /// The block's place in the request's `cids`.
    public var index: Int
    /// How many bytes follow the line's end; 0 if there is an error.
    public var byteCount: Int
    /// Why there is no block.
    public var error: ControlError?

    /// Says what follows.
    public init(index: Int, byteCount: Int, error: ControlError? = nil) {
        self.index = index
        self.byteCount = byteCount
        self.error = error
    }
}
