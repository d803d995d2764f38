// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// What a peer says of itself in `/ipfs/id/1.0.0` and `/ipfs/id/push/1.0.0`.
///
/// It travels in up to ten messages with a varint length before each, which are merged until the
/// sender closes its half: read them with ``MessageReader`` and give them to ``merge(_:)``. Nothing
/// in it is to be believed before ``verified(for:from:)``.
/// Spec: <https://github.com/libp2p/specs/blob/master/identify/README.md>.
public struct IdentifyMessage: Hashable, Sendable {
    /// The protocol in which the dialer of the stream reads.
    public static let protocolID: ProtocolID = "/ipfs/id/1.0.0"
    /// The protocol in which the dialer of the stream writes, when something changed.
    public static let pushProtocolID: ProtocolID = "/ipfs/id/push/1.0.0"
    /// The longest message that is read, in bytes; go-libp2p's limit.
    public static let maximumMessageByteCount = 8 << 10
    /// The most messages that are merged; go-libp2p's limit.
    public static let maximumMessageCount = 10
    /// The most protocols that are kept; go-libp2p's limit.
    public static let maximumProtocolCount = 1024
    /// The most addresses that are kept; go-libp2p's limit.
    public static let maximumAddressCount = PeerRecord.maximumAddressCount
    /// The longest first message that is written, in bytes; go-libp2p's limit for its own.
    public static let maximumOwnByteCount = 4 << 10
    /// Over this, the signed record has a message of its own; older readers take no more.
    private static let splitByteCount = 2 << 10

    /// The identity key, as protobuf.
    public var publicKey: [UInt8]?
    /// Where the peer says that it listens.
    public var listenAddresses: [Multiaddr] = []
    /// What it speaks; always the whole list.
    public var protocols: [ProtocolID] = []
    /// Where it sees this side.
    public var observedAddress: Multiaddr?
    /// A name of its family of protocols, such as `ipfs/0.1.0`.
    public var protocolVersion: String?
    /// A name of its program: any text.
    public var agentVersion: String?
    /// A ``PeerRecord`` in its ``SignedEnvelope``.
    public var signedPeerRecord: [UInt8]?

    private var messageCount = 0

    /// A message that says nothing yet.
    public init() {}

    /// Adds what another message says: lists grow, all else is replaced.
    ///
    /// Addresses and protocol names that cannot be read are left out, and so are those over the
    /// limits.
    /// - Throws: ``IdentifyError``.
    public mutating func merge(_ message: [UInt8]) throws(IdentifyError) {
        guard messageCount < Self.maximumMessageCount else { throw .tooManyMessages }
        guard message.count <= Self.maximumMessageByteCount else {
            throw .message(.tooLong(offset: 0, byteCount: message.count))
        }
        messageCount += 1
        do {
            var reader = ProtobufReader(message)
            while let (field, type) = try reader.next() { try merge(field, type, &reader) }
        } catch { throw .message(error) }
    }

    /// The message, or two with the signed record in the second, ready to be written each with its
    /// length.
    ///
    /// Addresses that make the first too long are left out, last first.
    public var messages: [[UInt8]] {
        var first = self
        while first.protobuf(withRecord: false).count > Self.maximumOwnByteCount,
            !first.listenAddresses.isEmpty
        {
            first.listenAddresses.removeLast()
        }
        let whole = first.protobuf(withRecord: true)
        guard let signedPeerRecord, whole.count > Self.splitByteCount else { return [whole] }
        var second = ProtobufWriter(reserving: signedPeerRecord.count + 4)
        second.bytes(8, signedPeerRecord)
        return [first.protobuf(withRecord: false), second.bytes]
    }

    private mutating func merge(
        _ field: Int, _ type: ProtobufReader.WireType, _ reader: inout ProtobufReader
    ) throws(ProtobufError) {
        switch field {
        case 1: publicKey = Array(try reader.bytes())
        case 2:
            let bytes = Array(try reader.bytes())
            // An address that cannot be read is left out, whatever is wrong with it.
            if let address = try? Multiaddr(bytes),
                listenAddresses.count < Self.maximumAddressCount
            {
                listenAddresses.append(address)
            }
        case 3:
            let name = String(validating: try reader.bytes(), as: UTF8.self)
            if let name, protocols.count < Self.maximumProtocolCount {
                protocols.append(ProtocolID(name))
            }
        case 4:
            let bytes = Array(try reader.bytes())
            // The same.
            observedAddress = try? Multiaddr(bytes)
        case 5: protocolVersion = String(decoding: try reader.bytes(), as: UTF8.self)
        case 6: agentVersion = String(decoding: try reader.bytes(), as: UTF8.self)
        case 8: signedPeerRecord = Array(try reader.bytes())
        default: try reader.skip(type)
        }
    }

    private func protobuf(withRecord: Bool) -> [UInt8] {
        var writer = ProtobufWriter(reserving: 1024)
        if let publicKey { writer.bytes(1, publicKey) }
        for address in listenAddresses { writer.bytes(2, address.bytes) }
        for name in protocols { writer.string(3, name.description) }
        if let observedAddress { writer.bytes(4, observedAddress.bytes) }
        if let protocolVersion { writer.string(5, protocolVersion) }
        if let agentVersion { writer.string(6, agentVersion) }
        if withRecord, let signedPeerRecord { writer.bytes(8, signedPeerRecord) }
        return writer.bytes
    }
}

/// Why what a peer says of itself is not accepted.
public enum IdentifyError: Error, Hashable, Sendable {
    /// A message is no protobuf, or too long.
    case message(ProtobufError)
    /// More messages than ``IdentifyMessage/maximumMessageCount``.
    case tooManyMessages
    /// The public key is none.
    case key(KeyError)
    /// The public key is another peer's.
    case otherPeer
}

extension IdentifyError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .message(let error): "identify: \(error)"
        case .tooManyMessages: "identify: too many messages"
        case .key(let error): "identify: \(error)"
        case .otherPeer: "identify: the public key is another peer's"
        }
    }
}
