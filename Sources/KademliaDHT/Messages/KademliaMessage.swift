// SPDX-License-Identifier: Apache-2.0

public import Libp2p
import Multiformats

/// One message of the Kademlia protocol, a request or its answer.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/kad-dht/README.md#rpc-messages>.
public struct KademliaMessage: Hashable, Sendable {
    /// What is asked.
    public enum Kind: UInt64, Sendable, CaseIterable {
        /// Store a value.
        case putValue = 0
        /// Get a value, or who is nearer to it.
        case getValue = 1
        /// Remember that the asker provides a block; never answered.
        case addProvider = 2
        /// Get the providers of a block, and who is nearer to it.
        case getProviders = 3
        /// Get the peers nearest to a key.
        case findNode = 4
        /// Nothing, but answer.
        case ping = 5
    }

    /// What is asked, or answered.
    public var kind: Kind
    /// The key that it is about, not hashed; empty if there is none.
    public var key: [UInt8]
    /// The value to store, or found.
    public var record: KademliaRecord?
    /// Peers nearer to the key.
    public var closerPeers: [PeerInfo]
    /// Providers of the block.
    public var providerPeers: [PeerInfo]

    /// Puts a message together.
    public init(
        _ kind: Kind, key: [UInt8] = [], record: KademliaRecord? = nil,
        closerPeers: [PeerInfo] = [], providerPeers: [PeerInfo] = []
    ) {
        self.kind = kind
        self.key = key
        self.record = record
        self.closerPeers = closerPeers
        self.providerPeers = providerPeers
    }
}

/// A value in the DHT, with the key that it is stored under.
public struct KademliaRecord: Hashable, Sendable {
    /// The record key, such as `/pk/` and a peer ID's bytes.
    public var key: [UInt8]
    /// What is stored.
    public var value: [UInt8]
    /// When a server got it, as RFC 3339 text; empty in requests.
    public var timeReceived: String

    /// Puts a record together.
    public init(key: [UInt8], value: [UInt8], timeReceived: String = "") {
        self.key = key
        self.value = value
        self.timeReceived = timeReceived
    }
}

/// How much of a message is read and sent at most.
///
/// What is over a count is left out, as senders may know more than we want to; what is over a byte
/// count is an error.
public enum KademliaLimits {
    /// Bytes of an answer that is read; go-libp2p's limit.
    public static let answerByteCount = 4 << 20
    /// Bytes of an answer that is sent; a peer that reads nothing holds so many on each stream.
    ///
    /// Enough for ``sentProviderByteCount`` and 20 closer peers with 32 addresses of 100 bytes.
    public static let sentAnswerByteCount = 192 << 10
    /// Bytes that the providers in an answer that is sent take; more are left out, by chance.
    public static let sentProviderByteCount = 128 << 10
    /// Bytes of a request that is read.
    ///
    /// go-libp2p reads 4 MiB here, too, but the largest request there is (a record of 10 KiB, or a
    /// provider whose addresses were trimmed to 8 KiB) is far from it, and each open stream may
    /// hold one.
    public static let requestByteCount = 64 << 10
    /// Bytes of a key: multihashes have up to 80, record keys fewer.
    public static let keyByteCount = 1024
    /// Bytes of a multihash that may be provided; go-libp2p's limit.
    public static let multihashByteCount = 80
    /// Bytes of a record's value; ten times what IPNS allows.
    public static let valueByteCount = 100 << 10
    /// Closer peers that are taken from a message: twice k.
    public static let closerPeerCount = 40
    /// Providers that are taken from a message.
    public static let providerPeerCount = 1024
    /// Addresses of one peer that are taken or sent.
    public static let addressCount = 32
    /// Bytes of one address that is taken.
    public static let addressByteCount = 1024
    /// Bytes that the entry of one peer takes in a message that is sent; go-libp2p's limit.
    public static let peerEntryByteCount = 8 << 10
}
