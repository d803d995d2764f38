// SPDX-License-Identifier: Apache-2.0

/// Four BLAKE3 compressions side by side, word by word; lane i of each word is compression i.
///
/// On vectors of four a single compression costs about what four do, so there is no other code
/// for single ones.
struct BLAKE3Lanes {
    typealias Word = SIMD4<UInt32>

    static let chunkStart: UInt32 = 1
    static let chunkEnd: UInt32 = 2
    static let parent: UInt32 = 4
    static let root: UInt32 = 8

    static let initialization = SIMD8<UInt32>(
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
        0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19)

    private var v0, v1, v2, v3, v4, v5, v6, v7: Word
    private var v8, v9, v10, v11, v12, v13, v14, v15: Word

    /// The sixteen words of the state.
    var words: InlineArray<16, Word> {
        [v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15]
    }

    init(
        values: InlineArray<8, Word>, counterLow: Word, counterHigh: Word, byteCount: UInt32,
        flags: UInt32
    ) {
        (v0, v1, v2, v3) = (values[0], values[1], values[2], values[3])
        (v4, v5, v6, v7) = (values[4], values[5], values[6], values[7])
        v8 = Word(repeating: Self.initialization[0])
        v9 = Word(repeating: Self.initialization[1])
        v10 = Word(repeating: Self.initialization[2])
        v11 = Word(repeating: Self.initialization[3])
        (v12, v13) = (counterLow, counterHigh)
        (v14, v15) = (Word(repeating: byteCount), Word(repeating: flags))
    }

    /// The chaining values of all lanes, word by word.
    var chainingValues: InlineArray<8, Word> {
        [v0 ^ v8, v1 ^ v9, v2 ^ v10, v3 ^ v11, v4 ^ v12, v5 ^ v13, v6 ^ v14, v7 ^ v15]
    }

    /// The chaining value of one lane.
    func chainingValue(lane: Int) -> SIMD8<UInt32> {
        let values = chainingValues
        return SIMD8(
            values[0][lane], values[1][lane], values[2][lane], values[3][lane],
            values[4][lane], values[5][lane], values[6][lane], values[7][lane])
    }

    /// The state after seven rounds; the arguments are powers of the message permutation.
    func compressed(_ m: borrowing InlineArray<16, Word>) -> BLAKE3Lanes {
        var w = self
        w.round(m, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        w.round(m, 2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
        w.round(m, 3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1)
        w.round(m, 10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6)
        w.round(m, 12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4)
        w.round(m, 9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7)
        w.round(m, 11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13)
        return w
    }

    @inline(__always)
    private mutating func round(
        _ m: borrowing InlineArray<16, Word>,
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
        _ a: inout Word, _ b: inout Word, _ c: inout Word, _ d: inout Word, _ x: Word, _ y: Word
    ) {
        a = a &+ b &+ x
        d = rotate(d ^ a, 16)
        c = c &+ d
        b = rotate(b ^ c, 12)
        a = a &+ b &+ y
        d = rotate(d ^ a, 8)
        c = c &+ d
        b = rotate(b ^ c, 7)
    }

    /// The halves are disjoint, so `&+` joins them as `|` would; but Swift 6.3 compiles `|` of
    /// vectors lane by lane, and a rotation made so as four of single words.
    @inline(__always)
    private static func rotate(_ word: Word, _ bitCount: UInt32) -> Word {
        (word &>> Word(repeating: bitCount)) &+ (word &<< Word(repeating: 32 - bitCount))
    }
}
