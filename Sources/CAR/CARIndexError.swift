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
