// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why bytes are not a DAG-PB node; offsets count from the block's first byte.
public enum DAGPBError: Error, Hashable, Sendable {
    /// The protobuf varint at `offset` goes past the end, ten bytes or 64 bits.
    case varint(offset: Int)
    /// The field at `offset` declares more bytes than are left.
    case truncated(offset: Int)
    /// The field at `offset` has a number that its message does not have.
    case unknownField(offset: Int, number: UInt64)
    /// The field at `offset` is encoded with another wire type than its own.
    case wireType(offset: Int, UInt8)
    /// The field at `offset` occurs a second time.
    case repeatedField(offset: Int, number: UInt64)
    /// The link field at `offset` comes after one with a higher number.
    case fieldOrder(offset: Int, number: UInt64)
    /// The link at `offset` comes after data that came after other links.
    case splitLinks(offset: Int)
    /// The link at `offset` has no Hash.
    case missingHash(offset: Int)
    /// A link's Hash is no CID.
    case hash(CIDError)
    /// The CID in the Hash at `offset` is shorter or longer than the field.
    case hashByteCount(offset: Int)
    /// The Tsize at `offset` is over 2^63-1.
    case tsizeTooLarge(offset: Int)
}

extension DAGPBError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .varint(let offset): "the varint at byte \(offset) is too long or cut short"
        case .truncated(let offset): "the field at byte \(offset) is cut short"
        case .unknownField(let offset, let number):
            "the field at byte \(offset) has the unknown number \(number)"
        case .wireType(let offset, let type):
            "the field at byte \(offset) has the wire type \(type)"
        case .repeatedField(let offset, let number):
            "field \(number) at byte \(offset) is there twice"
        case .fieldOrder(let offset, let number):
            "field \(number) at byte \(offset) is out of order"
        case .splitLinks(let offset): "the link at byte \(offset) is parted from the others by data"
        case .missingHash(let offset): "the link at byte \(offset) has no CID"
        case .hash(let error): "a link is bad: \(error)"
        case .hashByteCount(let offset): "the CID at byte \(offset) does not fill its field"
        case .tsizeTooLarge(let offset): "the Tsize at byte \(offset) is over 2^63-1"
        }
    }
}
