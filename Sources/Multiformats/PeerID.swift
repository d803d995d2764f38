// SPDX-License-Identifier: Apache-2.0

/// The name of a libp2p peer: the multihash of its public key's protobuf.
///
/// Keys of up to 42 bytes (Ed25519, secp256k1) are held whole in an identity multihash, others by
/// their SHA-256. Compared by bytes, so that the base58 and the CID text of one peer are equal.
/// Spec: <https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md>.
public struct PeerID: Hashable, Sendable, Comparable {
    /// The longest public key that an ID holds whole, in bytes.
    public static let maximumInlineKeyByteCount = 42

    /// The multihash: identity of up to 42 bytes, or SHA-256.
    public let multihash: Multihash

    /// The multihash in binary form, as messages carry it.
    public var bytes: [UInt8] { multihash.bytes }

    /// Parses the binary form, which must fill `bytes`.
    ///
    /// - Throws: ``PeerIDError``.
    public init(_ bytes: [UInt8]) throws(PeerIDError) {
        let multihash: Multihash
        do { multihash = try Multihash(bytes) } catch { throw .multihash(error) }
        try self.init(multihash)
    }

    /// Takes a multihash that is a peer ID's.
    ///
    /// - Throws: ``PeerIDError`` with `notAPeerID`.
    public init(_ multihash: Multihash) throws(PeerIDError) {
        let byteCount = multihash.digest.count
        let isInline =
            multihash.isIdentity && byteCount > 0 && byteCount <= Self.maximumInlineKeyByteCount
        guard isInline || (multihash.code == .sha2_256 && byteCount == 32) else {
            throw .notAPeerID
        }
        self.multihash = multihash
    }

    /// The order of the bytes.
    public static func < (left: PeerID, right: PeerID) -> Bool { left.multihash < right.multihash }
}

/// Why bytes or text are no peer ID.
public enum PeerIDError: Error, Hashable, Sendable {
    /// The bytes are no multihash.
    case multihash(MultihashError)
    /// A multihash, but neither an inline key nor a SHA-256.
    case notAPeerID
    /// The text is neither base58 of a multihash nor a CID.
    case text
    /// A CID, but not of codec libp2p-key.
    case otherCodec(Multicodec)
}
