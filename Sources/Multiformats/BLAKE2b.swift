// SPDX-License-Identifier: Apache-2.0

/// BLAKE2b without a key, for digests of 1 to 64 bytes.
///
/// Spec: RFC 7693, <https://www.rfc-editor.org/rfc/rfc7693>.
package struct BLAKE2b: Sendable {
    private static let blockByteCount = 128

    private let digestByteCount: Int
    private var chain: SIMD8<UInt64>

    /// Bytes that were compressed; messages of 2^64 bytes and more do not occur.
    private var compressedByteCount: UInt64 = 0

    /// The last block is compressed with another flag, so a full block waits for what follows.
    private var pending: [UInt8]

    /// Makes the state for digests of `digestByteCount` bytes, which must be 1 to 64.
    package init(digestByteCount: Int) {
        precondition((1...64).contains(digestByteCount), "digest of \(digestByteCount) bytes")
        self.digestByteCount = digestByteCount
        self.chain = BLAKE2bWords.initialization
        self.chain[0] ^= 0x0101_0000 ^ UInt64(digestByteCount)
        self.pending = []
        self.pending.reserveCapacity(Self.blockByteCount)
    }

    /// Hashes the next bytes, which are read during the call only.
    @unsafe package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var offset = 0
        if !pending.isEmpty {
            offset = min(Self.blockByteCount - pending.count, bytes.count)
            unsafe pending.append(contentsOf: bytes[..<offset])
            guard offset < bytes.count else { return }
            compressPending(byteCount: Self.blockByteCount, isLast: false)
        }
        while bytes.count - offset > Self.blockByteCount {
            // More than a block lies at `offset`, so 128 bytes may be read.
            compressedByteCount &+= UInt64(Self.blockByteCount)
            unsafe compress(base + offset, isLast: false)
            offset += Self.blockByteCount
        }
        unsafe pending.append(contentsOf: bytes[offset...])
    }

    /// Appends the digest to `output`; the state must not be used afterwards.
    package mutating func finalize(appendingTo output: inout [UInt8]) {
        let byteCount = pending.count
        while pending.count < Self.blockByteCount { pending.append(0) }
        compressPending(byteCount: byteCount, isLast: true)
        for index in 0..<digestByteCount {
            output.append(UInt8(truncatingIfNeeded: chain[index / 8] >> UInt64(8 * (index % 8))))
        }
    }

    private mutating func compressPending(byteCount: Int, isLast: Bool) {
        compressedByteCount &+= UInt64(byteCount)
        // Taken out, so that the buffer has one owner and is reused.
        var block: [UInt8] = []
        swap(&block, &pending)
        unsafe block.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            // `pending` was filled to 128 bytes by every caller.
            unsafe compress(base, isLast: isLast)
        }
        block.removeAll(keepingCapacity: true)
        pending = block
    }

    /// Compresses the 128 bytes at `block`.
    @unsafe private mutating func compress(_ block: UnsafeRawPointer, isLast: Bool) {
        let message = InlineArray<16, UInt64> { index in
            // Words 0 to 15 of eight bytes each: 128 bytes.
            UInt64(
                littleEndian: unsafe block.loadUnaligned(
                    fromByteOffset: 8 * index, as: UInt64.self))
        }
        chain = BLAKE2bWords(chain, byteCount: compressedByteCount, isLast: isLast)
            .compressed(message, into: chain)
    }
}

/// The sixteen working words of one compression, held apart so that they stay in registers.
private struct BLAKE2bWords {
    static let initialization = SIMD8<UInt64>(
        0x6a09_e667_f3bc_c908, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b,
        0xa54f_f53a_5f1d_36f1, 0x510e_527f_ade6_82d1, 0x9b05_688c_2b3e_6c1f,
        0x1f83_d9ab_fb41_bd6b, 0x5be0_cd19_137e_2179)

    private var v0, v1, v2, v3, v4, v5, v6, v7: UInt64
    private var v8, v9, v10, v11, v12, v13, v14, v15: UInt64

    init(_ chain: SIMD8<UInt64>, byteCount: UInt64, isLast: Bool) {
        let initial = Self.initialization
        (v0, v1, v2, v3) = (chain[0], chain[1], chain[2], chain[3])
        (v4, v5, v6, v7) = (chain[4], chain[5], chain[6], chain[7])
        (v8, v9, v10, v11) = (initial[0], initial[1], initial[2], initial[3])
        (v12, v13) = (initial[4] ^ byteCount, initial[5])
        (v14, v15) = (isLast ? ~initial[6] : initial[6], initial[7])
    }

    /// The chain value after twelve rounds; the arguments are rows of the schedule in RFC 7693,
    /// section 2.7, of which the first two are used again at the end.
    func compressed(_ m: InlineArray<16, UInt64>, into chain: SIMD8<UInt64>) -> SIMD8<UInt64> {
        var w = self
        w.round(m, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        w.round(m, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
        w.round(m, 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4)
        w.round(m, 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8)
        w.round(m, 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13)
        w.round(m, 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9)
        w.round(m, 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11)
        w.round(m, 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10)
        w.round(m, 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5)
        w.round(m, 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0)
        w.round(m, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        w.round(m, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
        return chain ^ SIMD8(w.v0, w.v1, w.v2, w.v3, w.v4, w.v5, w.v6, w.v7)
            ^ SIMD8(w.v8, w.v9, w.v10, w.v11, w.v12, w.v13, w.v14, w.v15)
    }

    @inline(__always)
    private mutating func round(
        _ m: borrowing InlineArray<16, UInt64>,
        _ s0: Int, _ s1: Int, _ s2: Int, _ s3: Int, _ s4: Int, _ s5: Int, _ s6: Int, _ s7: Int,
        _ s8: Int, _ s9: Int, _ s10: Int, _ s11: Int, _ s12: Int, _ s13: Int, _ s14: Int,
        _ s15: Int
    ) {
        Self.mix(&v0, &v4, &v8, &v12, m[s0], m[s1])
        Self.mix(&v1, &v5, &v9, &v13, m[s2], m[s3])
        Self.mix(&v2, &v6, &v10, &v14, m[s4], m[s5])
        Self.mix(&v3, &v7, &v11, &v15, m[s6], m[s7])
        Self.mix(&v0, &v5, &v10, &v15, m[s8], m[s9])
        Self.mix(&v1, &v6, &v11, &v12, m[s10], m[s11])
        Self.mix(&v2, &v7, &v8, &v13, m[s12], m[s13])
        Self.mix(&v3, &v4, &v9, &v14, m[s14], m[s15])
    }

    @inline(__always)
    private static func mix(
        _ a: inout UInt64, _ b: inout UInt64, _ c: inout UInt64, _ d: inout UInt64,
        _ x: UInt64, _ y: UInt64
    ) {
        a = a &+ b &+ x
        d = rotate(d ^ a, 32)
        c = c &+ d
        b = rotate(b ^ c, 24)
        a = a &+ b &+ y
        d = rotate(d ^ a, 16)
        c = c &+ d
        b = rotate(b ^ c, 63)
    }

    @inline(__always)
    private static func rotate(_ word: UInt64, _ bitCount: UInt64) -> UInt64 {
        word &>> bitCount | word &<< (64 - bitCount)
    }
}
