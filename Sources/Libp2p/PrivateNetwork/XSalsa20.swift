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
    private var state: [UInt32]
    private var block: [UInt8]
    /// How much of the block is used.
    private var used: Int

    /// Starts the stream of a key of 32 and a nonce of 24 bytes.
    init(key: [UInt8], nonce: [UInt8]) {
        precondition(
            key.count == 32 && nonce.count == Self.nonceByteCount,
            "key of \(key.count) and nonce of \(nonce.count) bytes")
        let hashed = Self.rounds(Self.words(key, Self.words(nonce[..<16])))
        // HSalsa20: the words that started as constants and nonce.
        let subkey = [0, 5, 10, 15, 6, 7, 8, 9].map { hashed[$0] }
        state = Self.arranged(subkey, Self.words(nonce[16...]) + [0, 0])
        block = []
        used = 0
    }

    /// Encrypts or decrypts `bytes`, which follow those of the calls before.
    ///
    /// - Complexity: O(bytes).
    mutating func apply(to bytes: inout [UInt8]) {
        var offset = 0
        while offset < bytes.count {
            if used == block.count { nextBlock() }
            let taken = min(bytes.count - offset, block.count - used)
            for index in 0..<taken { bytes[offset + index] ^= block[used + index] }
            offset += taken
            used += taken
        }
    }

    private mutating func nextBlock() {
        let mixed = Self.rounds(state)
        block.removeAll(keepingCapacity: true)
        for (word, start) in zip(mixed, state) {
            let sum = word &+ start
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                block.append(UInt8(truncatingIfNeeded: sum >> shift))
            }
        }
        used = 0
        state[8] &+= 1
        if state[8] == 0 { state[9] &+= 1 }
    }

    private static func words(_ bytes: some Collection<UInt8>) -> [UInt32] {
        let bytes = Array(bytes)
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
        }
    }

    private static func words(_ key: [UInt8], _ input: [UInt32]) -> [UInt32] {
        arranged(words(key), input)
    }

    /// Constants on the diagonal, eight words of key and four of input between them.
    private static func arranged(_ key: [UInt32], _ input: [UInt32]) -> [UInt32] {
        [constants[0]] + key[..<4] + [constants[1]] + input + [constants[2]] + key[4...]
            + [constants[3]]
    }

    /// Twenty rounds, in pairs of one over columns and one over rows, without the final addition.
    private static func rounds(_ start: [UInt32]) -> [UInt32] {
        // A diagonal to a vector: the four quarter rounds of a round are one on vectors.
        func diagonal(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> SIMD4<UInt32> {
            SIMD4(start[a], start[b], start[c], start[d])
        }
        var a = diagonal(0, 5, 10, 15)
        var b = diagonal(4, 9, 14, 3)
        var c = diagonal(8, 13, 2, 7)
        var d = diagonal(12, 1, 6, 11)
        func rotated(_ vector: SIMD4<UInt32>, _ count: UInt32) -> SIMD4<UInt32> {
            vector &<< count | vector &>> (32 - count)
        }
        for _ in 0..<10 {
            for _ in 0..<2 {
                b ^= rotated(a &+ d, 7)
                c ^= rotated(b &+ a, 9)
                d ^= rotated(c &+ b, 13)
                a ^= rotated(d &+ c, 18)
                // Columns become rows, and rows columns.
                (b, d) = (SIMD4(d[1], d[2], d[3], d[0]), SIMD4(b[3], b[0], b[1], b[2]))
                c = SIMD4(c[2], c[3], c[0], c[1])
            }
        }
        var words = [UInt32](repeating: 0, count: 16)
        for (vector, places) in [
            (a, [0, 5, 10, 15]), (b, [4, 9, 14, 3]), (c, [8, 13, 2, 7]), (d, [12, 1, 6, 11]),
        ] {
            for (index, place) in places.enumerated() { words[place] = vector[index] }
        }
        return words
    }
}
