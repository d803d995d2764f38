// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// A payload with a signature over it, its type and the purpose it serves.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/RFC/0002-signed-envelopes.md>.
public struct SignedEnvelope: Hashable, Sendable {
    /// The longest envelope that is opened, in bytes: a message of identify.
    public static let maximumByteCount = 8 << 10

    /// Who signed.
    public let publicKey: PublicKey
    /// What the payload is: a multicodec in bytes.
    public let payloadType: [UInt8]
    /// What was signed.
    public let payload: [UInt8]
    /// The signature.
    public let signature: [UInt8]

    /// Signs `payload` for use in `domain` only.
    ///
    /// - Throws: ``EnvelopeError`` with `key`.
    public static func seal(
        _ payload: [UInt8], type payloadType: [UInt8], domain: String, by key: PrivateKey
    ) throws(EnvelopeError) -> SignedEnvelope {
        let signed = signedBytes(payload, type: payloadType, domain: domain)
        let signature: [UInt8]
        do { signature = try key.sign(signed) } catch { throw .key(error) }
        return SignedEnvelope(
            publicKey: key.publicKey, payloadType: payloadType, payload: payload,
            signature: signature)
    }

    /// Parses an envelope and checks its signature for `domain`.
    ///
    /// - Throws: ``EnvelopeError``.
    public static func open(
        _ bytes: [UInt8], domain: String
    ) throws(EnvelopeError) -> SignedEnvelope {
        let envelope = try SignedEnvelope(unverified: bytes)
        let signed = signedBytes(
            envelope.payload, type: envelope.payloadType, domain: domain)
        guard envelope.publicKey.verify(envelope.signature, of: signed) else {
            throw .signature
        }
        return envelope
    }

    /// The protobuf message.
    public var bytes: [UInt8] {
        var writer = ProtobufWriter(reserving: payload.count + 160)
        writer.bytes(1, publicKey.protobuf)
        writer.bytes(2, payloadType)
        writer.bytes(3, payload)
        writer.bytes(5, signature)
        return writer.bytes
    }

    private init(
        publicKey: PublicKey, payloadType: [UInt8], payload: [UInt8], signature: [UInt8]
    ) {
        self.publicKey = publicKey
        self.payloadType = payloadType
        self.payload = payload
        self.signature = signature
    }

    private init(unverified bytes: [UInt8]) throws(EnvelopeError) {
        guard bytes.count <= Self.maximumByteCount else {
            throw .message(.tooLong(offset: 0, byteCount: bytes.count))
        }
        var fields: [Int: ArraySlice<UInt8>] = [:]
        do {
            var reader = ProtobufReader(bytes)
            while let (field, type) = try reader.next() {
                switch field {
                case 1, 2, 3, 5: fields[field] = try reader.bytes()
                default: try reader.skip(type)
                }
            }
        } catch { throw .message(error) }
        guard let key = fields[1] else { throw .message(.missing(field: 1)) }
        guard let signature = fields[5] else { throw .message(.missing(field: 5)) }
        let publicKey: PublicKey
        do { publicKey = try PublicKey(protobuf: Array(key)) } catch { throw .key(error) }
        self.init(
            publicKey: publicKey, payloadType: Array(fields[2] ?? []),
            payload: Array(fields[3] ?? []), signature: Array(signature))
    }

    /// Domain, type and payload, each with its length before it.
    private static func signedBytes(
        _ payload: [UInt8], type payloadType: [UInt8], domain: String
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        for part in [Array(domain.utf8), payloadType, payload] {
            Varint.append(UInt64(part.count), to: &bytes)
            bytes += part
        }
        return bytes
    }
}

/// Why an envelope or the record in it is not accepted.
public enum EnvelopeError: Error, Hashable, Sendable {
    /// The bytes are no envelope, or too many.
    case message(ProtobufError)
    /// The key in it, or the one to sign with, is of no use.
    case key(KeyError)
    /// The signature is not one of the key for this payload, type and domain.
    case signature
    /// The payload is of another type than asked for.
    case payloadType
    /// The payload is no record of a peer.
    case payload(ProtobufError)
    /// The record is about another peer than the one that signed it.
    case otherPeer
}

extension EnvelopeError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .message(let error): "envelope: \(error)"
        case .key(let error): error.description
        case .signature: "the envelope's signature is wrong"
        case .payloadType: "the envelope holds something else"
        case .payload(let error): "peer record: \(error)"
        case .otherPeer: "the peer record is signed by another peer"
        }
    }
}
