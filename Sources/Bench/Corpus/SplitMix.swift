// SPDX-License-Identifier: Apache-2.0

/// The generator SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): a counter and a mixer.
///
/// Any seed is a good seed, and a stream begins at once, so that every file can have its own.
struct SplitMix {
    private var state: UInt64

    /// The stream of `seed`.
    init(seed: UInt64) { state = seed }

    /// A seed that differs for each pair of `seed` and `stream`.
    static func derive(_ seed: UInt64, _ stream: UInt64) -> UInt64 {
        mix(mix(seed &+ gamma) ^ (stream &* gamma))
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        state &+= Self.gamma
        return Self.mix(state)
    }

    /// A number from 0 up to, but not including, `bound`, which is positive.
    ///
    /// The bias is below `bound` / 2^64.
    mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "no number is below \(bound)")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number of `range`.
    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.count)
    }

    /// A number whose binary logarithm is spread evenly over `bits`: from 2^lower up to, but not
    /// including, 2^(upper + 1).
    ///
    /// Integers only, so that every machine gives the same.
    mutating func withBits(_ bits: ClosedRange<Int>) -> Int {
        let lower = 1 << within(bits)
        return lower + below(lower)
    }

    /// True in `share` of `whole` calls.
    mutating func chance(_ share: Int, of whole: Int) -> Bool { below(whole) < share }

    /// Fills `buffer` with the stream, little-endian.
    ///
    /// - Complexity: O(byte count), some 5 GB/s; does not allocate.
    mutating func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        var offset = 0
        while offset + 8 <= buffer.count {
            buffer.storeBytes(of: next().littleEndian, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        var rest = next()
        while offset < buffer.count {
            buffer[offset] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
            offset += 1
        }
    }

    private static let gamma: UInt64 = 0x9e37_79b9_7f4a_7c15

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
