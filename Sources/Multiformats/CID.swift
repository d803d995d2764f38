// SPDX-License-Identifier: Apache-2.0

/// A content identifier: how a block's bytes are encoded, and their multihash.
///
/// Held in binary form, so that equality and hashing are those of the bytes. Version 0 is a bare
/// sha2-256 multihash and implies DAG-PB. Spec: <https://github.com/multiformats/cid>.
public struct CID: Hashable, Sendable {
    /// The two versions in use.
    public enum Version: UInt8, Sendable {
        case v0 = 0
        case v1 = 1
    }

    /// The binary form.
    public let bytes: [UInt8]

    /// The version.
    public let version: Version

    /// What the block's bytes are.
    public let codec: Multicodec

    /// Where the multihash starts in ``bytes``.
    private let multihashOffset: Int

    /// Makes a version 1 CID.
    public init(v1 codec: Multicodec, _ multihash: Multihash) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(multihash.bytes.count + 4)
        Varint.append(1, to: &bytes)
        Varint.append(codec.rawValue, to: &bytes)
        self.multihashOffset = bytes.count
        bytes.append(contentsOf: multihash.bytes)
        self.bytes = bytes
        self.version = .v1
        self.codec = codec
    }

    /// Makes a version 0 CID; nil unless the multihash is sha2-256 with 32 bytes.
    public init?(v0 multihash: Multihash) {
        guard multihash.code == .sha2_256, multihash.bytes.count == 34 else { return nil }
        self.bytes = multihash.bytes
        self.version = .v0
        self.codec = .dagPB
        self.multihashOffset = 0
    }

    /// Parses a CID that fills `bytes` exactly.
    ///
    /// - Throws: ``CIDError``.
    public init(_ bytes: [UInt8]) throws(CIDError) {
        var cursor = 0
        self = try Self.read(from: bytes.span, at: &cursor)
        guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
    }

    /// Reads the CID at `cursor`, which moves past it; on error it stays.
    ///
    /// - Throws: ``CIDError`` with the byte offset.
    /// - Complexity: O(CID length); one allocation.
    public static func read(
        from bytes: Span<UInt8>, at cursor: inout Int
    ) throws(CIDError) -> CID {
        let start = cursor
        if bytes.count - start >= 2, bytes[start] == 0x12, bytes[start + 1] == 0x20 {
            guard bytes.count - start >= 34 else { throw .truncated(offset: start) }
            cursor = start + 34
            return CID(
                bytes: Self.copy(bytes, start..<cursor), version: .v0, codec: .dagPB,
                multihashOffset: 0)
        }
        var position = start
        let version: UInt64
        let codec: UInt64
        do {
            version = try Varint.read(from: bytes, at: &position)
            guard version == 1 else { throw CIDError.unknownVersion(offset: start, version) }
            codec = try Varint.read(from: bytes, at: &position)
        } catch let error as VarintError {
            throw .varint(error)
        } catch let error as CIDError {
            throw error
        } catch {
            preconditionFailure("only varint and CID errors are thrown above")
        }
        let multihashOffset = position - start
        do { _ = try Multihash.parse(bytes, at: &position) } catch { throw .multihash(error) }
        cursor = position
        return CID(
            bytes: Self.copy(bytes, start..<position), version: .v1,
            codec: Multicodec(rawValue: codec), multihashOffset: multihashOffset)
    }

    private init(bytes: [UInt8], version: Version, codec: Multicodec, multihashOffset: Int) {
        self.bytes = bytes
        self.version = version
        self.codec = codec
        self.multihashOffset = multihashOffset
    }

    /// The multihash part.
    ///
    /// - Complexity: O(digest length); one allocation for version 1, none for version 0.
    public var multihash: Multihash {
        var cursor = multihashOffset
        guard
            let parsed = try? Multihash.parse(bytes.span, at: &cursor)  // valid since `init`
        else { preconditionFailure("CID holds an invalid multihash") }
        return Multihash(code: parsed.code, digest: bytes[parsed.digestOffset..<cursor])
    }

    /// The bytes of the multihash part, without a copy of their own.
    public var multihashBytes: ArraySlice<UInt8> { bytes[multihashOffset...] }

    private static func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            // Exactly `range.count` elements are written, the capacity asked for.
            for index in range { unsafe buffer[index - range.lowerBound] = bytes[index] }
            count = range.count
        }
    }
}

/// Why bytes or text are not a CID.
public enum CIDError: Error, Hashable, Sendable {
    /// Version or codec is no valid varint.
    case varint(VarintError)
    /// The multihash part is invalid.
    case multihash(MultihashError)
    /// The input ends inside the CID that starts at `offset`.
    case truncated(offset: Int)
    /// A version other than 1 where a version is written.
    case unknownVersion(offset: Int, UInt64)
    /// Bytes follow the CID, from `offset` on.
    case trailingBytes(offset: Int)
}
