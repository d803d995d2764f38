// SPDX-License-Identifier: Apache-2.0

extension CID {
    /// Checks that `bytes` are the block this CID names.
    ///
    /// Besides the functions of ``HashFunction``, SHA-1, SHA2-384 and BLAKE2b of other lengths
    /// are verified, and digests cut to no less than 20 bytes, as boxo's `verifcid` allows.
    ///
    /// - Throws: ``BlockVerificationError``; a hash function that is not known is an error, too.
    /// - Complexity: O(bytes).
    public func verify(_ bytes: Span<UInt8>) throws(BlockVerificationError) {
        let (code, digestOffset) = multihashFields
        let expected = self.bytes[digestOffset...]
        guard var digester = Digester(verifying: code, digestByteCount: expected.count) else {
            throw .cannotVerify(code, digestByteCount: expected.count)
        }
        unsafe bytes.withUnsafeBytes { buffer in
            // The buffer is read within this call only.
            unsafe digester.update(buffer)
        }
        var digest: [UInt8] = []
        do { try digester.appendDigest(to: &digest) } catch {
            // Only a block too long for an identity digest, so for this one, too.
            throw .mismatch(expected: self)
        }
        let isWhole = code != .identity || digest.count == expected.count
        guard isWhole, digest.starts(with: expected) else { throw .mismatch(expected: self) }
    }
}

/// Why bytes are not known to be the block of a CID.
public enum BlockVerificationError: Error, Hashable, Sendable {
    /// The bytes have another digest than `expected` says.
    case mismatch(expected: CID)
    /// A hash function that is not known here, or a digest too short or too long to trust.
    case cannotVerify(Multicodec, digestByteCount: Int)
}

extension BlockVerificationError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .mismatch(let expected): "the bytes are not those of block \(expected)"
        case .cannotVerify(let code, let digestByteCount):
            "a \(code) digest of \(digestByteCount) bytes cannot be verified"
        }
    }
}
