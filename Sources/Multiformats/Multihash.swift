// SPDX-License-Identifier: Apache-2.0

/// A self-describing digest: hash function code, digest length, digest.
///
/// Held in binary form. Spec: <https://github.com/multiformats/multihash>.
public struct Multihash: Hashable, Sendable {
    /// The longest digest that is accepted, in bytes; the longest known function gives 64, an
    /// identity digest in a CID at most 128 (IPIP-512).
    public static let maximumDigestByteCount = 128

    /// The binary form: varint code, varint digest length, digest.
    public let bytes: [UInt8]

    /// The hash function.
    public let code: Multicodec

    /// Where the digest starts in ``bytes``.
    let digestOffset: Int

    /// Wraps a digest that `code`'s function gave.
    ///
    /// `digest` must be at most ``maximumDigestByteCount`` long.
    public init(code: Multicodec, digest: some Collection<UInt8>) {
        precondition(
            digest.count <= Self.maximumDigestByteCount, "digest of \(digest.count) bytes")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digest.count + 4)
        Varint.append(code.rawValue, to: &bytes)
        Varint.append(UInt64(digest.count), to: &bytes)
        self.digestOffset = bytes.count
        bytes.append(contentsOf: digest)
        self.bytes = bytes
        self.code = code
    }

    /// Parses a multihash that fills `bytes` exactly.
    ///
    /// - Throws: ``MultihashError``.
    public init(_ bytes: [UInt8]) throws(MultihashError) {
        var cursor = 0
        let parsed = try Self.parse(bytes.span, at: &cursor)
        guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
        self.bytes = bytes
        self.code = parsed.code
        self.digestOffset = parsed.digestOffset
    }

    /// The digest without its prefix.
    public var digest: ArraySlice<UInt8> { bytes[digestOffset...] }

    /// Whether the "digest" is the hashed bytes themselves.
    public var isIdentity: Bool { code == .identity }

    /// Reads the prefix at `cursor` and moves past the digest.
    static func parse(
        _ bytes: Span<UInt8>, at cursor: inout Int
    ) throws(MultihashError) -> (code: Multicodec, digestOffset: Int) {
        let start = cursor
        var position = cursor
        let code: UInt64
        let length: UInt64
        do {
            code = try Varint.read(from: bytes, at: &position)
            length = try Varint.read(from: bytes, at: &position)
        } catch { throw .varint(error) }
        guard length <= UInt64(maximumDigestByteCount) else {
            throw .digestTooLong(offset: start, byteCount: length)
        }
        guard bytes.count - position >= Int(length) else { throw .truncated(offset: start) }
        cursor = position + Int(length)
        return (Multicodec(rawValue: code), position)
    }
}

extension Multihash: Comparable {
    /// Orders by the binary form, byte by byte.
    public static func < (left: Multihash, right: Multihash) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// Why bytes are not a multihash; offsets are those of the multihash's first byte.
public enum MultihashError: Error, Hashable, Sendable {
    /// The code or the length is no valid varint.
    case varint(VarintError)
    /// The input ends inside the digest.
    case truncated(offset: Int)
    /// The declared digest is longer than ``Multihash/maximumDigestByteCount``.
    case digestTooLong(offset: Int, byteCount: UInt64)
    /// Bytes follow the digest, from `offset` on.
    case trailingBytes(offset: Int)
}
