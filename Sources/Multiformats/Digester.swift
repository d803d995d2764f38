// SPDX-License-Identifier: Apache-2.0

import Crypto

/// The running state of one of the hash functions that are made or verified.
///
/// The states are optionals of one struct, not cases of an enum, so that an update changes the
/// one in use where it lies; taking it out of an enum and putting it back would copy it.
struct Digester: Sendable {
    private var sha256: SHA256?
    private var sha512: SHA512?
    private var sha384: SHA384?
    private var sha1: Insecure.SHA1?
    private var blake2b: BLAKE2b?
    private var blake3: BLAKE3?
    private var blake3ByteCount = 32
    private var identity: [UInt8]?

    /// The length of the message so far if the function is identity, else 0.
    private(set) var identityByteCount = 0

    init(_ function: HashFunction) {
        switch function {
        case .identity: identity = []
        case .sha2_256: sha256 = SHA256()
        case .sha2_512: sha512 = SHA512()
        case .blake2b_256: blake2b = BLAKE2b(digestByteCount: 32)
        case .blake3: blake3 = BLAKE3()
        }
    }

    /// A state whose digest, cut to `digestByteCount`, decides whether a multihash is right; nil
    /// for functions and lengths that are not verified.
    ///
    /// Digests may be cut, but to no less than 20 bytes, the floor of `verifcid` in boxo.
    init?(verifying code: Multicodec, digestByteCount: Int) {
        let shortest = 20
        if code == .identity {
            identity = []
            return
        }
        guard digestByteCount >= shortest else { return nil }
        let longest: Int
        switch code {
        case .sha1:
            sha1 = Insecure.SHA1()
            longest = 20
        case .sha2_256:
            sha256 = SHA256()
            longest = 32
        case .sha2_384:
            sha384 = SHA384()
            longest = 48
        case .sha2_512:
            sha512 = SHA512()
            longest = 64
        case .blake3:
            blake3 = BLAKE3()
            blake3ByteCount = max(digestByteCount, 32)
            longest = Multihash.maximumDigestByteCount
        default:
            guard let byteCount = code.blake2bDigestByteCount, byteCount >= shortest else {
                return nil
            }
            blake2b = BLAKE2b(digestByteCount: byteCount)
            longest = byteCount
        }
        guard digestByteCount <= longest else { return nil }
    }

    /// Hashes the next bytes, which are read during the call only.
    @unsafe mutating func update(_ bytes: UnsafeRawBufferPointer) {
        unsafe sha256?.update(bufferPointer: bytes)
        unsafe sha512?.update(bufferPointer: bytes)
        unsafe sha384?.update(bufferPointer: bytes)
        unsafe sha1?.update(bufferPointer: bytes)
        unsafe blake2b?.update(bytes)
        unsafe blake3?.update(bytes)
        if identity != nil {
            identityByteCount += bytes.count
            // Past the limit the message is only counted, so the error can say its length.
            if identityByteCount <= Multihash.maximumDigestByteCount {
                unsafe identity?.append(contentsOf: bytes)
            }
        }
    }

    /// Appends the digest of all bytes to `output`.
    ///
    /// - Throws: ``HashingError`` if the function is identity and the message too long for it.
    mutating func appendDigest(to output: inout [UInt8]) throws(HashingError) {
        // Each digest is copied whole before its closure ends.
        if let sha256 {
            unsafe sha256.finalize().withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        } else if let sha512 {
            unsafe sha512.finalize().withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        } else if let sha384 {
            unsafe sha384.finalize().withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        } else if let sha1 {
            unsafe sha1.finalize().withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        } else if blake2b != nil {
            blake2b?.finalize(appendingTo: &output)
        } else if blake3 != nil {
            blake3?.finalize(byteCount: blake3ByteCount, appendingTo: &output)
        } else if let identity {
            guard identityByteCount <= Multihash.maximumDigestByteCount else {
                throw .identityTooLong(byteCount: identityByteCount)
            }
            output.append(contentsOf: identity)
        }
    }
}

extension Multicodec {
    /// The digest length of a BLAKE2b code (0xb201 for one byte to 0xb240 for 64); nil for others.
    var blake2bDigestByteCount: Int? {
        (0xb201...0xb240).contains(rawValue) ? Int(rawValue - 0xb200) : nil
    }
}
