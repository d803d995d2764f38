// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Where a peer says that it can be reached, to be carried in a ``SignedEnvelope``.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/RFC/0003-routing-records.md>, with the
/// domain and type that implementations use.
public struct PeerRecord: Hashable, Sendable {
    /// The envelope's domain.
    public static let domain = "libp2p-peer-record"
    /// The envelope's payload type, the multicodec 0x0301.
    public static let payloadType: [UInt8] = [0x03, 0x01]
    /// The most addresses that are read; more are dropped.
    ///
    /// What go-libp2p keeps.
    public static let maximumAddressCount = 500

    /// Who.
    public var peerID: PeerID
    /// Which of two records of the peer is newer: the higher one.
    ///
    /// Nanoseconds since 1970 usually.
    public var sequence: UInt64
    /// Where.
    public var addresses: [Multiaddr]

    /// Puts the three together.
    public init(peerID: PeerID, sequence: UInt64, addresses: [Multiaddr]) {
        self.peerID = peerID
        self.sequence = sequence
        self.addresses = addresses
    }

    /// Signs the record.
    ///
    /// - Throws: ``EnvelopeError`` with `otherPeer` if the key is another peer's, or `key`.
    public func seal(by key: PrivateKey) throws(EnvelopeError) -> SignedEnvelope {
        guard key.publicKey.peerID == peerID else { throw .otherPeer }
        return try .seal(protobuf, type: Self.payloadType, domain: Self.domain, by: key)
    }

    /// Opens an envelope with a record in it, which the peer itself signed.
    ///
    /// Whether it is newer than another one is for the caller to see.
    /// - Throws: ``EnvelopeError``.
    public static func open(
        _ envelope: [UInt8]
    ) throws(EnvelopeError) -> (record: PeerRecord, envelope: SignedEnvelope) {
        let envelope = try SignedEnvelope.open(envelope, domain: domain)
        guard envelope.payloadType == payloadType else { throw .payloadType }
        let record: PeerRecord
        do { record = try PeerRecord(protobuf: envelope.payload) } catch { throw .payload(error) }
        guard record.peerID == envelope.publicKey.peerID else { throw .otherPeer }
        return (record, envelope)
    }

    /// Parses the payload.
    ///
    /// Addresses that are none, or of unknown protocols, are left out.
    ///
    /// - Throws: ``ProtobufError``, with `invalid` for a peer ID that is none.
    public init(protobuf: [UInt8]) throws(ProtobufError) {
        var peerID: PeerID?
        var sequence: UInt64 = 0
        var addresses: [Multiaddr] = []
        var reader = ProtobufReader(protobuf)
        while let (field, type) = try reader.next() {
            switch field {
            case 1:
                let bytes = Array(try reader.bytes(atMost: 128))
                do { peerID = try PeerID(bytes) } catch { throw .invalid(field: 1) }
            case 2: sequence = try reader.varint()
            case 3:
                let address = try Self.address(try reader.bytes())
                if let address, addresses.count < Self.maximumAddressCount {
                    addresses.append(address)
                }
            default: try reader.skip(type)
            }
        }
        guard let peerID else { throw .missing(field: 1) }
        self.init(peerID: peerID, sequence: sequence, addresses: addresses)
    }

    /// The payload.
    public var protobuf: [UInt8] {
        var writer = ProtobufWriter()
        writer.bytes(1, peerID.bytes)
        writer.varint(2, sequence)
        for address in addresses { writer.message(3) { $0.bytes(1, address.bytes) } }
        return writer.bytes
    }

    private static func address(_ message: ArraySlice<UInt8>) throws(ProtobufError) -> Multiaddr? {
        var reader = ProtobufReader(message)
        var address: Multiaddr?
        while let (field, type) = try reader.next() {
            switch field {
            case 1:
                let bytes = Array(try reader.bytes())
                // An address that cannot be read is left out, whatever is wrong with it.
                address = try? Multiaddr(bytes)
            default: try reader.skip(type)
            }
        }
        return address
    }
}
