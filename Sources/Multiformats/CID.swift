// SPDX-License-Identifier: Apache-2.0

/// A content identifier: how a block's bytes are encoded, and their multihash.
///
/// Held in binary form; equality, hashing and order are those of the bytes. Version 0 is a bare
/// sha2-256 multihash and implies DAG-PB. Spec: <https://github.com/multiformats/cid>.
public struct CID: Sendable {
    /// The two versions in use.
    public enum Version: UInt8, Sendable {
        case v0 = 0
        case v1 = 1
    }

    /// The binary form.
    public let bytes: [UInt8]

    /// What the block's bytes are.
    public let codec: Multicodec

    /// Where the multihash starts in ``bytes``: 0 in version 0 only, else at most 10.
    private let multihashStart: UInt8

    /// Makes a version 1 CID.
    public init(v1 codec: Multicodec, _ multihash: Multihash) {
        var bytes = Self.version1Prefix(codec, reserving: multihash.bytes.count)
        let multihashOffset = bytes.count
        bytes.append(contentsOf: multihash.bytes)
        self.init(valid: bytes, codec: codec, multihashOffset: multihashOffset)
    }

    /// Makes a version 0 CID; nil unless the multihash is sha2-256 with 32 bytes.
    public init?(v0 multihash: Multihash) {
        guard multihash.code == .sha2_256, multihash.bytes.count == 34 else { return nil }
        self.init(valid: multihash.bytes, codec: .dagPB, multihashOffset: 0)
    }

    /// Parses a CID that fills `bytes` exactly.
    ///
    /// - Throws: ``CIDError``.
    public init(_ bytes: [UInt8]) throws(CIDError) {
        var cursor = 0
        let layout = try Self.layout(of: bytes.span, at: &cursor)
        guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
        self.init(valid: bytes, codec: layout.codec, multihashOffset: layout.multihashOffset)
    }

    /// Wraps bytes that are known to be a CID with its multihash at `multihashOffset`.
    init(valid bytes: [UInt8], codec: Multicodec, multihashOffset: Int) {
        self.bytes = bytes
        self.codec = codec
        self.multihashStart = UInt8(multihashOffset)
    }

    /// Reads the CID at `cursor`, which moves past it; on error it stays.
    ///
    /// - Throws: ``CIDError`` with the byte offset.
    /// - Complexity: O(CID length); one allocation.
    public static func read(
        from bytes: Span<UInt8>, at cursor: inout Int
    ) throws(CIDError) -> CID {
        let start = cursor
        let layout = try Self.layout(of: bytes, at: &cursor)
        let copy = unsafe bytes.extracting(start..<cursor).withUnsafeBufferPointer { buffer in
            // The buffer is copied whole before the closure ends.
            unsafe [UInt8](buffer)
        }
        return CID(valid: copy, codec: layout.codec, multihashOffset: layout.multihashOffset)
    }

    /// The version.
    public var version: Version { multihashStart == 0 ? .v0 : .v1 }

    /// The multihash part.
    ///
    /// - Complexity: O(digest length); one allocation for version 1, none for version 0.
    public var multihash: Multihash {
        let fields = multihashFields
        return Multihash(
            valid: version == .v0 ? bytes : [UInt8](multihashBytes), code: fields.code,
            digestOffset: fields.digestOffset - multihashOffset)
    }

    /// The bytes of the multihash part, without a copy of their own.
    public var multihashBytes: ArraySlice<UInt8> { bytes[multihashOffset...] }

    /// The multihash's function, and where its digest starts in ``bytes``.
    var multihashFields: (code: Multicodec, digestOffset: Int) {
        var cursor = multihashOffset
        guard let fields = try? Multihash.parse(bytes.span, at: &cursor) else {
            // Every initializer has parsed these bytes or made them.
            preconditionFailure("CID \(bytes) holds an invalid multihash")
        }
        return fields
    }

    private var multihashOffset: Int { Int(multihashStart) }

    /// The bytes before the multihash of a version 1 CID, with room for `byteCount` more.
    static func version1Prefix(_ codec: Multicodec, reserving byteCount: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + Varint.byteCount(of: codec.rawValue) + byteCount)
        bytes.append(Version.v1.rawValue)
        Varint.append(codec.rawValue, to: &bytes)
        return bytes
    }

    /// Checks the CID at `cursor` and moves past it; the offset returned counts from its start.
    private static func layout(
        of bytes: Span<UInt8>, at cursor: inout Int
    ) throws(CIDError) -> (codec: Multicodec, multihashOffset: Int) {
        let start = cursor
        if bytes.count - start >= 2, bytes[start] == 0x12, bytes[start + 1] == 0x20 {
            guard bytes.count - start >= 34 else { throw .truncated(offset: start) }
            cursor = start + 34
            return (.dagPB, 0)
        }
        var position = start
        let version = try readVarint(from: bytes, at: &position)
        guard version == 1 else { throw .unknownVersion(offset: start, version) }
        let codec = try readVarint(from: bytes, at: &position)
        let multihashOffset = position - start
        do { _ = try Multihash.parse(bytes, at: &position) } catch { throw .multihash(error) }
        cursor = position
        return (Multicodec(rawValue: codec), multihashOffset)
    }

    static func readVarint(
        from bytes: Span<UInt8>, at cursor: inout Int
    ) throws(CIDError) -> UInt64 {
        do { return try Varint.read(from: bytes, at: &cursor) } catch { throw .varint(error) }
    }
}

extension CID: Hashable, Comparable {
    /// Whether the binary forms are the same.
    public static func == (left: CID, right: CID) -> Bool { left.bytes == right.bytes }

    /// Orders by the binary form, byte by byte.
    public static func < (left: CID, right: CID) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }

    /// Hashes the binary form.
    ///
    /// All of it: CIDs in a message need no block behind them, so a peer could send any number
    /// that agree in a part of the digest and make a table of them slow.
    public func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { buffer in
            // The buffer is read within this call only.
            unsafe hasher.combine(bytes: buffer)
        }
    }
}
