// SPDX-License-Identifier: Apache-2.0

/// The hash functions that Cairn makes CIDs with.
///
/// More are verified than made: see ``CID/verify(_:)``.
public enum HashFunction: Hashable, Sendable, CaseIterable {
    /// No hash: the digest is the bytes, at most ``Multihash/maximumDigestByteCount`` of them.
    case identity
    /// SHA2-256, the default everywhere in IPFS.
    case sha2_256
    /// SHA2-512.
    case sha2_512
    /// BLAKE2b with a digest of 32 bytes (RFC 7693).
    case blake2b_256
    /// BLAKE3 in hash mode with a digest of 32 bytes.
    case blake3

    /// The function with this multicodec code; nil if Cairn does not make such multihashes.
    public init?(code: Multicodec) {
        guard let function = Self.allCases.first(where: { $0.code == code }) else { return nil }
        self = function
    }

    /// The function with this multicodec name, such as `sha2-256`.
    public init?(name: String) {
        guard let function = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = function
    }

    /// The multicodec code.
    public var code: Multicodec {
        switch self {
        case .identity: .identity
        case .sha2_256: .sha2_256
        case .sha2_512: .sha2_512
        case .blake2b_256: .blake2b_256
        case .blake3: .blake3
        }
    }

    /// The multicodec name.
    public var name: String {
        switch self {
        case .identity: "identity"
        case .sha2_256: "sha2-256"
        case .sha2_512: "sha2-512"
        case .blake2b_256: "blake2b-256"
        case .blake3: "blake3"
        }
    }

    /// The length of a digest in bytes; nil for identity, whose digests are as long as the input.
    public var digestByteCount: Int? {
        switch self {
        case .identity: nil
        case .sha2_512: 64
        case .sha2_256, .blake2b_256, .blake3: 32
        }
    }

    /// The multihash of `bytes`.
    ///
    /// - Throws: ``HashingError`` if the function is identity and `bytes` too long for it.
    public func multihash(of bytes: Span<UInt8>) throws(HashingError) -> Multihash {
        var hasher = MultihashHasher(self)
        hasher.update(bytes)
        return try hasher.finalize()
    }

    /// The digest of `bytes`, without a prefix.
    ///
    /// - Throws: ``HashingError`` if the function is identity and `bytes` too long for it.
    public func digest(of bytes: Span<UInt8>) throws(HashingError) -> [UInt8] {
        var hasher = MultihashHasher(self)
        hasher.update(bytes)
        return try hasher.finalizeDigest()
    }
}

extension HashFunction: CustomStringConvertible {
    /// The multicodec name.
    public var description: String { name }
}

/// Why bytes have no multihash.
public enum HashingError: Error, Hashable, Sendable {
    /// An identity digest of `byteCount` bytes, over ``Multihash/maximumDigestByteCount``.
    case identityTooLong(byteCount: Int)
}

extension HashingError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .identityTooLong(let byteCount):
            "an identity hash holds at most \(Multihash.maximumDigestByteCount) bytes, "
                + "not \(byteCount)"
        }
    }
}
