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
