// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a CID or a CID prefix.
public enum CIDError: Error, Hashable, Sendable {
    /// Version, codec or a field of a prefix is no valid varint.
    case varint(VarintError)
    /// The multihash part is invalid.
    case multihash(MultihashError)
    /// The input ends inside the version 0 CID that starts at `offset`.
    case truncated(offset: Int)
    /// A version other than 1 (in a prefix: other than 0 and 1) where a version is written.
    case unknownVersion(offset: Int, UInt64)
    /// The prefix at `offset` says version 0 with another codec or multihash than version 0 has.
    case notVersion0(offset: Int)
    /// Bytes follow the CID or prefix, from `offset` on.
    case trailingBytes(offset: Int)
}

extension CIDError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .varint(let error): error.description
        case .multihash(let error): error.description
        case .truncated(let offset): "the CID at byte \(offset) is cut short"
        case .unknownVersion(let offset, let version):
            "the CID at byte \(offset) has unknown version \(version)"
        case .notVersion0(let offset):
            "the CID prefix at byte \(offset) has version 0 but is not dag-pb with sha2-256"
        case .trailingBytes(let offset): "bytes follow the CID, from byte \(offset) on"
        }
    }
}
