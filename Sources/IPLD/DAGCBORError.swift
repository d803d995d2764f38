// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why bytes are not DAG-CBOR, or a value has no such form; offsets count from the first byte.
public enum DAGCBORError: Error, Hashable, Sendable {
    /// The item at `offset` needs more bytes than are left.
    case truncated(offset: Int)
    /// The number or length of the item at `offset` could be written shorter.
    case notShortest(offset: Int)
    /// The item at `offset` has an indefinite length or a reserved length form.
    case lengthForm(offset: Int)
    /// The item at `offset` carries a tag other than 42, the tag of a CID.
    case tag(offset: Int, UInt64)
    /// The item at `offset` is a simple value other than false, true and null.
    case simpleValue(offset: Int)
    /// The float at `offset` is not written in 64 bits.
    case floatWidth(offset: Int)
    /// The float at `offset` is not a finite number.
    case floatNotFinite(offset: Int)
    /// The text at `offset` is not UTF-8.
    case invalidUTF8(offset: Int)
    /// The map key at `offset` is not text.
    case keyKind(offset: Int)
    /// The map key at `offset` sorts before its predecessor.
    case keyOrder(offset: Int)
    /// The map key at `offset` is the same as its predecessor.
    case repeatedKey(offset: Int)
    /// Tag 42 at `offset` is not over a byte string that starts with a zero byte.
    case linkForm(offset: Int)
    /// The CID in the link at `offset` is invalid; the inner offset counts from the CID's start.
    case link(offset: Int, CIDError)
    /// The item at `offset` is nested deeper than allowed.
    case tooDeep(offset: Int)
    /// Bytes follow the item, from `offset` on.
    case trailingBytes(offset: Int)
    /// An integer outside of -2^64 … 2^64-1 cannot be written.
    case integerRange(Int128)
    /// A float that is not a finite number cannot be written.
    case unwritableFloat
}

extension DAGCBORError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .truncated(let offset): "the item at byte \(offset) is cut short"
        case .notShortest(let offset): "the number at byte \(offset) is not in its shortest form"
        case .lengthForm(let offset): "the length at byte \(offset) is indefinite or reserved"
        case .tag(let offset, let tag): "the tag \(tag) at byte \(offset) is not that of a CID"
        case .simpleValue(let offset): "the simple value at byte \(offset) is not of the data model"
        case .floatWidth(let offset): "the float at byte \(offset) does not have 64 bits"
        case .floatNotFinite(let offset): "the float at byte \(offset) is not a finite number"
        case .invalidUTF8(let offset): "the text at byte \(offset) is not UTF-8"
        case .keyKind(let offset): "the key at byte \(offset) is not text"
        case .keyOrder(let offset): "the key at byte \(offset) is out of order"
        case .repeatedKey(let offset): "the key at byte \(offset) is there twice"
        case .linkForm(let offset): "the link at byte \(offset) is not a CID behind a zero byte"
        case .link(let offset, let error): "the link at byte \(offset) is bad: \(error)"
        case .tooDeep(let offset): "the item at byte \(offset) is nested too deep"
        case .trailingBytes(let offset): "bytes follow the item, from byte \(offset) on"
        case .integerRange(let value): "\(value) does not fit in 64 bits and a sign"
        case .unwritableFloat: "the float is not a finite number"
        }
    }
}
