// SPDX-License-Identifier: Apache-2.0

/// A self-describing digest: hash function code, digest length, digest.
///
/// Held in binary form; equality, hashing and order are those of the bytes.
/// Spec: <https://github.com/multiformats/multihash>.
public struct Multihash: Sendable {
    /// The longest digest that is accepted, in bytes; the longest known function gives 64, an
    /// identity digest in a CID at most 128 (IPIP-512).
    public static let maximumDigestByteCount = 128

    /// The binary form: varint code, varint digest length, digest.
    public let bytes: [UInt8]

    /// The hash function.
    public let code: Multicodec

    /// Where the digest starts in ``bytes``, at most 11.
    private let digestStart: UInt8

    /// Wraps a digest that `code`'s function gave.
    ///
    /// `digest` must be at most ``maximumDigestByteCount`` long.
    public init(code: Multicodec, digest: some Collection<UInt8>) {
        precondition(
            digest.count <= Self.maximumDigestByteCount, "digest of \(digest.count) bytes")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digest.count + Varint.byteCount(of: code.rawValue) + 2)
        Varint.append(code.rawValue, to: &bytes)
        Varint.append(UInt64(digest.count), to: &bytes)
        let digestOffset = bytes.count
        bytes.append(contentsOf: digest)
        self.init(valid: bytes, code: code, digestOffset: digestOffset)
    }

    /// Parses a multihash that fills `bytes` exactly.
    ///
    /// - Throws: ``MultihashError``.
    public init(_ bytes: [UInt8]) throws(MultihashError) {
        var cursor = 0
        let parsed = try Self.parse(bytes.span, at: &cursor)
        guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
        self.init(valid: bytes, code: parsed.code, digestOffset: parsed.digestOffset)
    }

    /// Wraps bytes that are known to be a multihash.
    init(valid bytes: [UInt8], code: Multicodec, digestOffset: Int) {
        self.bytes = bytes
        self.code = code
        self.digestStart = UInt8(digestOffset)
    }

    /// The digest without its prefix.
    public var digest: ArraySlice<UInt8> { bytes[Int(digestStart)...] }

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

extension Multihash: Hashable, Comparable {
    /// Whether the binary forms are the same.
    public static func == (left: Multihash, right: Multihash) -> Bool {
        left.bytes == right.bytes
    }

    /// Orders by the binary form, byte by byte.
    public static func < (left: Multihash, right: Multihash) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// Hashes the binary form.
    public func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { buffer in
            // The buffer is read within this call only.
            unsafe hasher.combine(bytes: buffer)
        }
    }
}

extension Multihash: CustomStringConvertible {
    /// The function's name and the digest in hexadecimal, such as `sha2-256:2cf2...`.
    public var description: String {
        "\(code):" + MultibaseEncoding.base16.encode(bytes.span.extracting(Int(digestStart)...))
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

extension MultihashError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .varint(let error): error.description
        case .truncated(let offset): "the multihash at byte \(offset) is cut short"
        case .digestTooLong(let offset, let byteCount):
            "the multihash at byte \(offset) declares a digest of \(byteCount) bytes, over "
                + "\(Multihash.maximumDigestByteCount)"
        case .trailingBytes(let offset): "bytes follow the multihash, from byte \(offset) on"
        }
    }
}
