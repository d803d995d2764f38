// SPDX-License-Identifier: Apache-2.0

/// MurmurHash3, x64 variant with 128 bits and seed 0; not a cryptographic hash.
///
/// Multicodec 0x22 (`murmur3-x64-64`) is its first half, by which HAMT shards place their entries.
/// Reference: <https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp>.
public enum Murmur3 {
    private static let c1: UInt64 = 0x87c3_7b91_1142_53d5
    private static let c2: UInt64 = 0x4cf5_ad43_2745_937f

    /// The first 64 bits of the hash, as a number; HAMT shards read it most significant byte first.
    ///
    /// - Complexity: O(bytes); does not allocate.
    public static func x64Hash64(_ bytes: Span<UInt8>) -> UInt64 {
        var h1: UInt64 = 0
        var h2: UInt64 = 0
        var offset = 0
        while bytes.count - offset >= 16 {
            h1 ^= mixed1(word(bytes, at: offset, byteCount: 8))
            h1 = (rotate(h1, 27) &+ h2) &* 5 &+ 0x52dc_e729
            h2 ^= mixed2(word(bytes, at: offset + 8, byteCount: 8))
            h2 = (rotate(h2, 31) &+ h1) &* 5 &+ 0x3849_5ab5
            offset += 16
        }
        let rest = bytes.count - offset
        h2 ^= mixed2(word(bytes, at: offset + 8, byteCount: max(0, rest - 8)))
        h1 ^= mixed1(word(bytes, at: offset, byteCount: min(8, rest)))
        h1 ^= UInt64(bytes.count)
        h2 ^= UInt64(bytes.count)
        h1 &+= h2
        h2 &+= h1
        // The second half would be h2 finished plus this; only the first is used.
        return finished(h1) &+ finished(h2)
    }

    /// Up to eight bytes, least significant first; 0 for none.
    private static func word(_ bytes: Span<UInt8>, at offset: Int, byteCount: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<byteCount { word |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        return word
    }

    private static func mixed1(_ word: UInt64) -> UInt64 { rotate(word &* c1, 31) &* c2 }

    private static func mixed2(_ word: UInt64) -> UInt64 { rotate(word &* c2, 33) &* c1 }

    private static func rotate(_ word: UInt64, _ bitCount: UInt64) -> UInt64 {
        word &<< bitCount | word &>> (64 - bitCount)
    }

    private static func finished(_ word: UInt64) -> UInt64 {
        var word = word
        word ^= word >> 33
        word &*= 0xff51_afd7_ed55_8ccd
        word ^= word >> 33
        word &*= 0xc4ce_b9fe_1a85_ec53
        word ^= word >> 33
        return word
    }
}
