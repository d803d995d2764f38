// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Why bytes are not a CARv2 index; offsets count from the index's first byte.
///
/// None is worth a retry; an index can be made anew from the sections.
public enum CARIndexError: Error, Hashable, Sendable {
    /// The code of the form is no valid varint.
    case varint(VarintError)
    /// A form other than the two known ones.
    case unknownForm(Multicodec)
    /// The index ends inside the part that starts at `offset`.
    case truncated(offset: Int)
    /// The number of groups or codes at `offset` is negative or more than the bytes can hold.
    case groupCount(offset: Int, Int32)
    /// The entry width at `offset` has no room for an offset, or is over 32 MiB.
    case width(offset: Int, UInt32)
    /// The group's length at `offset` is no multiple of the width, or more than the bytes left.
    case groupByteCount(offset: Int, UInt64)
    /// The entry at `offset` sorts before its predecessor.
    case order(offset: Int)
    /// Bytes follow the index, from `offset` on.
    case trailingBytes(offset: Int)
}

extension CARIndexError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .varint(let error): "the code of the index is bad: \(error)"
        case .unknownForm(let code): "the index has the unknown form \(code)"
        case .truncated(let offset): "the index is cut short in the part at byte \(offset)"
        case .groupCount(let offset, let count):
            "the index cannot hold the \(count) groups of byte \(offset)"
        case .width(let offset, let width):
            "the index has entries of \(width) bytes at byte \(offset)"
        case .groupByteCount(let offset, let count):
            "the index cannot hold the group of \(count) bytes of byte \(offset)"
        case .order(let offset): "the entry of the index at byte \(offset) is out of order"
        case .trailingBytes(let offset): "bytes follow the index, from byte \(offset) on"
        }
    }
}
