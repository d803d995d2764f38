// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Why bytes are not a CAR; offsets count from the first byte of the input.
///
/// None is worth a retry on the same bytes.
public enum CARError: Error, Hashable, Sendable {
    /// The length in front of a header or section is no valid varint.
    case varint(VarintError)
    /// The input ends inside the header that starts at `offset`.
    case truncatedHeader(offset: Int)
    /// The header at `offset` declares more bytes than the limit allows.
    case headerTooLarge(offset: Int, byteCount: UInt64)
    /// The header's CBOR, which starts at `offset`, is invalid; the inner offset counts from it.
    case headerCBOR(offset: Int, DAGCBORError)
    /// The header's CBOR, which starts at `offset`, is not a map of `roots` and `version` alone.
    case headerForm(offset: Int)
    /// The header at `offset` is of a version that is neither 1 nor 2, or not 1 inside version 2.
    case unknownVersion(offset: Int, UInt64)
    /// The input ends inside the section that starts at `offset`.
    case truncatedSection(offset: Int)
    /// The section at `offset` has no bytes.
    case emptySection(offset: Int)
    /// The section at `offset` declares more bytes than the limit allows.
    case sectionTooLarge(offset: Int, byteCount: UInt64)
    /// The section at `offset` does not start with a CID; the inner offset counts from the CID.
    case cid(offset: Int, CIDError)
    /// The block in the section at `offset` does not hash to its CID.
    case mismatch(offset: Int, CID)
    /// The block in the section at `offset` has a CID of a hash function that is not known here.
    case unverifiable(offset: Int, CID)
    /// The data offset in the version 2 header at `offset` lies inside the header or too far off.
    case dataOffset(offset: Int, UInt64)
    /// The data size in the version 2 header at `offset` is zero, as in an unfinished file, or
    /// too large.
    case dataByteCount(offset: Int, UInt64)
    /// The index offset in the version 2 header at `offset` points before the end of the data.
    case indexOffset(offset: Int, UInt64)
    /// The input ends at `offset`, before the data of the version 2 file does.
    case truncatedData(offset: Int)
}

extension CARError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .varint(let error): "a length is bad: \(error)"
        case .truncatedHeader(let offset): "the header at byte \(offset) is cut short"
        case .headerTooLarge(let offset, let count):
            "the header at byte \(offset) has \(count) bytes, over the limit"
        case .headerCBOR(let offset, let error): "the header at byte \(offset) is bad: \(error)"
        case .headerForm(let offset): "the header at byte \(offset) is not of roots and a version"
        case .unknownVersion(let offset, let version):
            "the header at byte \(offset) has the unknown version \(version)"
        case .truncatedSection(let offset): "the section at byte \(offset) is cut short"
        case .emptySection(let offset): "the section at byte \(offset) is empty"
        case .sectionTooLarge(let offset, let count):
            "the section at byte \(offset) has \(count) bytes, over the limit"
        case .cid(let offset, let error): "the section at byte \(offset) has a bad CID: \(error)"
        case .mismatch(let offset, let cid):
            "the section at byte \(offset) does not hold the bytes of \(cid)"
        case .unverifiable(let offset, let cid):
            "the section at byte \(offset) cannot be verified: \(cid)"
        case .dataOffset(let offset, let value):
            "the header at byte \(offset) has the data at \(value)"
        case .dataByteCount(let offset, let value):
            "the header at byte \(offset) has \(value) bytes of data"
        case .indexOffset(let offset, let value):
            "the header at byte \(offset) has the index inside the data, at \(value)"
        case .truncatedData(let offset): "the data ends too early, at byte \(offset)"
        }
    }
}
