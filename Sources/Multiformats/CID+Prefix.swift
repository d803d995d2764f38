// SPDX-License-Identifier: Apache-2.0

extension CID {
    /// All of a CID but its digest: what a receiver needs to compute the CID of a block.
    ///
    /// Bitswap sends it with each block. Spec:
    /// <https://specs.ipfs.tech/bitswap-protocol/#bitswap-1-1-0>.
    public struct Prefix: Hashable, Sendable {
        /// The version.
        public let version: Version
        /// What the block's bytes are.
        public let codec: Multicodec
        /// The hash function.
        public let hashCode: Multicodec
        /// The length of the digest.
        public let digestByteCount: Int

        /// The prefix of every version 0 CID.
        public static let version0 = Prefix(
            version: .v0, codec: .dagPB, hashCode: .sha2_256, digestByteCount: 32)

        private init(
            version: Version, codec: Multicodec, hashCode: Multicodec, digestByteCount: Int
        ) {
            self.version = version
            self.codec = codec
            self.hashCode = hashCode
            self.digestByteCount = digestByteCount
        }

        fileprivate init(of cid: CID) {
            let fields = cid.multihashFields
            version = cid.version
            codec = cid.codec
            hashCode = fields.code
            digestByteCount = cid.bytes.count - fields.digestOffset
        }

        /// Parses a prefix that fills `bytes` exactly.
        ///
        /// - Throws: ``CIDError``.
        public init(_ bytes: [UInt8]) throws(CIDError) {
            var cursor = 0
            let span = bytes.span
            let number = try CID.readVarint(from: span, at: &cursor)
            guard number <= 1 else { throw .unknownVersion(offset: 0, number) }
            version = number == 0 ? .v0 : .v1
            codec = Multicodec(rawValue: try CID.readVarint(from: span, at: &cursor))
            let multihashOffset = cursor
            hashCode = Multicodec(rawValue: try CID.readVarint(from: span, at: &cursor))
            let length = try CID.readVarint(from: span, at: &cursor)
            guard cursor == bytes.count else { throw .trailingBytes(offset: cursor) }
            guard length <= UInt64(Multihash.maximumDigestByteCount) else {
                throw .multihash(.digestTooLong(offset: multihashOffset, byteCount: length))
            }
            digestByteCount = Int(length)
            if version == .v0 {
                guard codec == .dagPB, hashCode == .sha2_256, digestByteCount == 32 else {
                    throw .notVersion0(offset: 0)
                }
            }
        }

        /// The binary form: four varints, in the order of the properties.
        public var bytes: [UInt8] {
            var bytes: [UInt8] = [version.rawValue]
            Varint.append(codec.rawValue, to: &bytes)
            Varint.append(hashCode.rawValue, to: &bytes)
            Varint.append(UInt64(digestByteCount), to: &bytes)
            return bytes
        }
    }

    /// The CID without its digest.
    public var prefix: Prefix { Prefix(of: self) }
}
