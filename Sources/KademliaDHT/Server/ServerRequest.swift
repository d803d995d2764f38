// SPDX-License-Identifier: Apache-2.0

public import Libp2p
public import Multiformats

/// A request that keeps the rules, and so is to be carried out.
public enum ServerRequest: Hashable, Sendable {
    /// Answer with the same message.
    case ping
    /// Answer with the peers nearest to the key.
    case findNode(key: [UInt8])
    /// Answer with the providers of the block and the peers nearest to it.
    case getProviders(Multihash)
    /// Remember the provider of the block; no answer.
    case addProvider(Multihash, PeerInfo)
    /// Answer with the peers nearest to the key, and its value if there is one.
    case getValue(RecordKey)
    /// Keep the value, and answer with the same message.
    case putValue(DHTValue)

    /// Checks a request of `peer`; `filter` says which addresses of providers are kept.
    ///
    /// - Throws: ``ServerRefusal``, upon which the stream is to be reset.
    public init(
        _ message: KademliaMessage, from peer: PeerID, filter: ScopeFilter
    ) throws(ServerRefusal) {
        switch message.kind {
        case .ping: self = .ping
        case .findNode:
            guard !message.key.isEmpty else { throw .noKey }
            self = .findNode(key: message.key)
        case .getProviders: self = .getProviders(try Self.multihash(message.key))
        case .addProvider:
            let multihash = try Self.multihash(message.key)
            // Others' entries are ignored, as in go-libp2p, but one of the asker must be there.
            guard let provider = message.providerPeers.first(where: { $0.id == peer }) else {
                throw message.providerPeers.isEmpty ? .noProvider : .otherProvider
            }
            guard !provider.addresses.isEmpty else { throw .noAddress }
            // A record may be kept with no address left: the asker may be known by identify.
            let kept = PeerInfo(id: peer, addresses: filter.kept(provider.addresses))
            // Nobody would be told of more.
            self = .addProvider(multihash, kept.cutToEntry)
        case .getValue:
            guard let key = RecordKey(message.key) else { throw .unknownNamespace }
            self = .getValue(key)
        case .putValue: self = try Self.put(message)
        }
    }

    private static func multihash(_ key: [UInt8]) throws(ServerRefusal) -> Multihash {
        guard !key.isEmpty else { throw .noKey }
        guard key.count <= KademliaLimits.multihashByteCount else { throw .keyTooLong }
        do { return try Multihash(key) } catch { throw .notAMultihash }
    }

    private static func put(_ message: KademliaMessage) throws(ServerRefusal) -> ServerRequest {
        guard let record = message.record, record.key == message.key else {
            throw .otherRecordKey
        }
        guard let key = RecordKey(message.key) else { throw .unknownNamespace }
        return .putValue(try DHTValue(record.value, for: key))
    }
}

/// The key of a value: a namespace and a peer.
public enum RecordKey: Hashable, Sendable {
    /// `/pk/`: the public key of the peer.
    case publicKey(PeerID)
    /// `/ipns/`: what the peer's name points at.
    case ipns(PeerID)

    /// Reads a record key; nil if it is neither.
    public init?(_ bytes: [UInt8]) {
        if let peer = Self.peer(in: bytes, after: "/pk/") {
            self = .publicKey(peer)
        } else if let peer = Self.peer(in: bytes, after: "/ipns/") {
            self = .ipns(peer)
        } else {
            return nil
        }
    }

    /// The bytes of the key.
    public var bytes: [UInt8] {
        switch self {
        case .publicKey(let peer): Array("/pk/".utf8) + peer.bytes
        case .ipns(let peer): Array("/ipns/".utf8) + peer.bytes
        }
    }

    private static func peer(in bytes: [UInt8], after namespace: String) -> PeerID? {
        guard bytes.starts(with: namespace.utf8) else { return nil }
        // What follows is the peer ID, or the key is not one of ours.
        return try? PeerID(Array(bytes.dropFirst(namespace.utf8.count)))
    }
}

/// Why a request is refused.
public enum ServerRefusal: Error, Hashable, Sendable {
    /// The message is no protobuf, or of an unknown kind.
    case malformed(ProtobufError)
    /// The request lacks its key.
    case noKey
    /// The key is longer than ``KademliaLimits/multihashByteCount``.
    case keyTooLong
    /// The key of a provider request is no multihash.
    case notAMultihash
    /// ADD_PROVIDER names nobody.
    case noProvider
    /// ADD_PROVIDER names others than the asker.
    case otherProvider
    /// ADD_PROVIDER comes without any address that can be read.
    case noAddress
    /// The record to put is not there, or under another key than the message's.
    case otherRecordKey
    /// The key of a value is in neither of the namespaces of ``RecordKey``.
    case unknownNamespace
    /// The value under `/pk/` is not the key of that peer.
    case otherPublicKey
    /// The value under `/ipns/` is no record of that name.
    case invalidName(IPNSError)
    /// The value holds no longer.
    case expired
    /// There is a better value of that key.
    case olderValue
    /// A limit of the store is met.
    case full
}
