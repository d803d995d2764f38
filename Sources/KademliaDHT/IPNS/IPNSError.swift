// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Libp2p

/// Why bytes are no record of a peer's name.
public enum IPNSError: Error, Hashable, Sendable {
    /// The signed fields, by their names.
    public enum Field: String, Hashable, Sendable, CaseIterable {
        case value = "Value"
        case validity = "Validity"
        case validityType = "ValidityType"
        case sequence = "Sequence"
        case timeToLive = "TTL"
    }

    /// More than ``IPNSRecord/maximumByteCount``.
    case tooLong(byteCount: Int)
    /// The bytes are no protobuf message.
    case message(ProtobufError)
    /// The signature of version 2, or what it signs, is missing.
    case unsigned
    /// Neither the record nor the name holds the key.
    case noKey
    /// The key in the record is none.
    case key(KeyError)
    /// The key in the record is another peer's.
    case otherKey
    /// The peer has not signed this.
    case signature
    /// What is signed is no DAG-CBOR.
    case data(DAGCBORError)
    /// A signed field is missing, or of the wrong kind, or has a value that is not known.
    case field(Field)
    /// The copy of a signed field, for readers of version 1, differs from it.
    case copy(Field)
}

extension IPNSError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .tooLong(let byteCount): "the name's record is too long: \(byteCount) bytes"
        case .message(let error): "the name's record: \(error)"
        case .unsigned: "the name's record has no signature of version 2"
        case .noKey: "the name's record lacks the key"
        case .key(let error): "the name's record: \(error)"
        case .otherKey: "the name's record has the key of another peer"
        case .signature: "the signature of the name's record is wrong"
        case .data(let error): "the signed data of the name's record: \(error)"
        case .field(let field): "the name's record has no valid \(field.rawValue)"
        case .copy(let field): "the name's record has two values of \(field.rawValue)"
        }
    }
}
