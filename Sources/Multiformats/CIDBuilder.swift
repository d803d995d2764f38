// SPDX-License-Identifier: Apache-2.0

/// How the CIDs of new blocks are made.
///
/// Version, hash function and inlining follow Kubo's `--cid-version`, `--hash` and `--inline`.
public struct CIDBuilder: Hashable, Sendable {
    /// The version of DAG-PB blocks; other codecs have version 1 always.
    public let version: CID.Version

    /// The hash function of blocks that are not inlined.
    public let function: HashFunction

    /// The length in bytes up to which a block gets an identity CID of version 1, whatever its
    /// codec; nil for never, 0 for the empty block only.
    public let inlineLimit: Int?

    /// Makes a builder; the default is version 1, sha2-256, nothing inlined.
    ///
    /// - Throws: ``CIDBuilderError`` for version 0 with another function than sha2-256, and for an
    ///   inline limit outside 0 to ``Multihash/maximumDigestByteCount``.
    public init(
        version: CID.Version = .v1, function: HashFunction = .sha2_256, inlineLimit: Int? = nil
    ) throws(CIDBuilderError) {
        guard version == .v1 || function == .sha2_256 else {
            throw .version0NeedsSHA2_256(function)
        }
        if let inlineLimit, !(0...Multihash.maximumDigestByteCount).contains(inlineLimit) {
            throw .inlineLimitOutOfRange(inlineLimit)
        }
        self.version = version
        self.function = function
        self.inlineLimit = inlineLimit
    }

    /// The CID of the block `bytes`.
    ///
    /// - Throws: ``HashingError`` if the function is identity and the block too long for it.
    /// - Complexity: O(bytes), once through the hash function.
    public func cid(
        codec: Multicodec, hashing bytes: Span<UInt8>
    ) throws(HashingError) -> CID {
        let empty = bytes.extracting(0..<0)
        return try cid(codec: codec, hashing: empty, bytes, empty)
    }

    /// The CID of the block that is `prefix`, `body` and `suffix` on end, which are not joined.
    ///
    /// - Throws: ``HashingError`` if the function is identity and the block too long for it.
    /// - Complexity: O(bytes), once through the hash function.
    public func cid(
        codec: Multicodec, hashing prefix: Span<UInt8>, _ body: Span<UInt8>, _ suffix: Span<UInt8>
    ) throws(HashingError) -> CID {
        let byteCount = prefix.count + body.count + suffix.count
        let isInline = inlineLimit.map { byteCount <= $0 } ?? false
        let isVersion0 = version == .v0 && codec == .dagPB && !isInline
        var hasher = MultihashHasher(isInline ? .identity : function)
        hasher.update(prefix)
        hasher.update(body)
        hasher.update(suffix)
        // Room for code, length and the longest digest that is not identity.
        var cid = isVersion0 ? [] : CID.version1Prefix(codec, reserving: 68)
        let multihashOffset = cid.count
        try hasher.appendMultihash(to: &cid)
        return CID(valid: cid, codec: codec, multihashOffset: multihashOffset)
    }
}

/// Why settings do not make a ``CIDBuilder``.
public enum CIDBuilderError: Error, Hashable, Sendable {
    /// Version 0 with another hash function; only version 1 can say which one it is.
    case version0NeedsSHA2_256(HashFunction)
    /// An inline limit below 0 or over ``Multihash/maximumDigestByteCount``.
    case inlineLimitOutOfRange(Int)
}

extension CIDBuilderError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .version0NeedsSHA2_256(let function):
            "CID version 0 implies sha2-256; \(function) needs version 1"
        case .inlineLimitOutOfRange(let limit):
            "the inline limit is 0 to \(Multihash.maximumDigestByteCount) bytes, not \(limit)"
        }
    }
}
