// SPDX-License-Identifier: Apache-2.0

/// The key stream XSalsa20: Salsa20 with a nonce of 24 bytes.
///
/// Specs: <https://cr.yp.to/snuffle/spec.pdf>, <https://cr.yp.to/snuffle/xsalsa-20110204.pdf>.
struct XSalsa20: Sendable {
    static let nonceByteCount = 24
    private static let blockByteCount = 64
    /// "expand 32-byte k" in little-endian words.
    private static let constants: [UInt32] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]

    /// The words of the next block.
    private var state: SIMD16<UInt32>
    private var block = SIMD64<UInt8>()
    /// How much of the block is used.
    private var used = XSalsa20.blockByteCount

    /// Starts the stream of a key of 32 and a nonce of 24 bytes.
    init(key: [UInt8], nonce: [UInt8]) {
        precondition(
            key.count == 32 && nonce.count == Self.nonceByteCount,
            "key of \(key.count) and nonce of \(nonce.count) bytes")
        let hashed = Self.rounds(Self.arranged(Self.words(key[...]), Self.words(nonce[..<16])))
        // HSalsa20: the words that started as constants and nonce.
        let subkey = [0, 5, 10, 15, 6, 7, 8, 9].map { hashed[$0] }
        state = Self.arranged(subkey, Self.words(nonce[16...]) + [0, 0])
    }

    /// Encrypts or decrypts `bytes`, which follow those of the calls before.
    ///
    /// - Complexity: O(bytes); does not allocate.
    mutating func apply(to bytes: inout [UInt8]) {
        var output = bytes.mutableSpan
        var offset = 0
        while offset < output.count {
            if used == Self.blockByteCount { nextBlock() }
            let taken = min(output.count - offset, Self.blockByteCount - used)
            for index in 0..<taken { output[offset + index] ^= block[used + index] }
            offset += taken
            used += taken
        }
    }

    private mutating func nextBlock() {
        let sum = Self.rounds(state) &+ state
        for index in 0..<16 {
            let word = sum[index]
            block[4 * index] = UInt8(truncatingIfNeeded: word)
            block[4 * index + 1] = UInt8(truncatingIfNeeded: word >> 8)
            block[4 * index + 2] = UInt8(truncatingIfNeeded: word >> 16)
            block[4 * index + 3] = UInt8(truncatingIfNeeded: word >> 24)
        }
        used = 0
        state[8] &+= 1
        if state[8] == 0 { state[9] &+= 1 }
    }

    private static func words(_ bytes: ArraySlice<UInt8>) -> [UInt32] {
        stride(from: bytes.startIndex, to: bytes.endIndex, by: 4).map { start in
            (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        }
    }

    /// Constants on the diagonal, eight words of key and four of input between them.
    private static func arranged(_ key: [UInt32], _ input: [UInt32]) -> SIMD16<UInt32> {
        SIMD16(
            [constants[0]] + key[..<4] + [constants[1]] + input + [constants[2]] + key[4...]
                + [constants[3]])
    }

    /// Twenty rounds, in pairs of one over columns and one over rows, without the final addition.
    private static func rounds(_ start: SIMD16<UInt32>) -> SIMD16<UInt32> {
        // A diagonal to a vector: the four quarter rounds of a round are one on vectors.
        var a = SIMD4(start[0], start[5], start[10], start[15])
        var b = SIMD4(start[4], start[9], start[14], start[3])
        var c = SIMD4(start[8], start[13], start[2], start[7])
        var d = SIMD4(start[12], start[1], start[6], start[11])
        for _ in 0..<20 {
            b ^= rotated(a &+ d, 7)
            c ^= rotated(b &+ a, 9)
            d ^= rotated(c &+ b, 13)
            a ^= rotated(d &+ c, 18)
            // Columns become rows, and rows columns.
            (b, d) = (SIMD4(d[1], d[2], d[3], d[0]), SIMD4(b[3], b[0], b[1], b[2]))
            c = SIMD4(c[2], c[3], c[0], c[1])
        }
        return SIMD16(
            a[0], d[1], c[2], b[3], b[0], a[1], d[2], c[3], c[0], b[1], a[2], d[3], d[0], c[1],
            b[2], a[3])
    }

    private static func rotated(_ vector: SIMD4<UInt32>, _ count: UInt32) -> SIMD4<UInt32> {
        vector &<< count | vector &>> (32 - count)
    }
}
