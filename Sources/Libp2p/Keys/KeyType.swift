// SPDX-License-Identifier: Apache-2.0

/// The kinds of identity keys in libp2p.
///
/// Spec: <https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md>.
public enum KeyType: UInt64, Hashable, Sendable, CaseIterable {
    case rsa = 0
    case ed25519 = 1
    case secp256k1 = 2
    case ecdsa = 3
}

extension KeyType: CustomStringConvertible {
    /// The name.
    public var description: String {
        switch self {
        case .rsa: "RSA"
        case .ed25519: "Ed25519"
        case .secp256k1: "secp256k1"
        case .ecdsa: "ECDSA"
        }
    }
}

/// Why bytes are no key, or a key cannot do what is asked.
public enum KeyError: Error, Hashable, Sendable {
    /// The key's message is no protobuf, lacks a field, or is longer than any key.
    case message(ProtobufError)
    /// A type that is not in the specification.
    case unknownType(UInt64)
    /// The data are no key of this type.
    case malformed(KeyType)
    /// An RSA key of less than 2048 or more than 8192 bits.
    case rsaSize(bitCount: Int)
    /// A private key whose public half does not belong to it.
    case mismatchedHalves(KeyType)
    /// The key could not sign.
    case signing(KeyType)
}

extension KeyError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .message(let error): "key: \(error)"
        case .unknownType(let type): "a key of unknown type \(type)"
        case .malformed(let type): "no valid \(type) key"
        case .rsaSize(let bitCount): "an RSA key has 2048 to 8192 bits, not \(bitCount)"
        case .mismatchedHalves(let type): "the halves of the \(type) key do not belong together"
        case .signing(let type): "the \(type) key could not sign"
        }
    }
}

/// The message that both halves of a key travel in: a type and data.
enum KeyMessage {
    /// More than an RSA key of 8192 bits takes, 4,670 bytes with its private half.
    static let maximumByteCount = 8192

    static func decode(_ bytes: [UInt8]) throws(KeyError) -> (type: KeyType, data: [UInt8]) {
        guard bytes.count <= maximumByteCount else {
            throw .message(.tooLong(offset: 0, byteCount: bytes.count))
        }
        var number: UInt64?
        var data: ArraySlice<UInt8>?
        do throws(ProtobufError) {
            var reader = ProtobufReader(bytes)
            while let (field, wireType) = try reader.next() {
                switch field {
                case 1: number = try reader.varint()
                case 2: data = try reader.bytes()
                default: try reader.skip(wireType)
                }
            }
            guard number != nil else { throw .missing(field: 1) }
        } catch { throw .message(error) }
        guard let data else { throw .message(.missing(field: 2)) }
        guard let type = KeyType(rawValue: number ?? .max) else {
            throw .unknownType(number ?? .max)
        }
        return (type, Array(data))
    }

    static func encode(_ type: KeyType, _ data: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter(reserving: data.count + 8)
        writer.varint(1, type.rawValue)
        writer.bytes(2, data)
        return writer.bytes
    }
}
