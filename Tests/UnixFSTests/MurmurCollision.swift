// SPDX-License-Identifier: Apache-2.0

import UnixFS

/// Makes two names with the same 128 bits of MurmurHash3, as anybody can.
///
/// The second block of one name is chosen so that it leads to the state of the other.
enum MurmurCollision {
    private static let c1: UInt64 = 0x87c3_7b91_1142_53d5
    private static let c2: UInt64 = 0x4cf5_ad43_2745_937f

    private struct State {
        var h1: UInt64 = 0
        var h2: UInt64 = 0

        mutating func absorb(_ k1: UInt64, _ k2: UInt64) {
            h1 ^= rotate(k1 &* c1, 31) &* c2
            h1 = (rotate(h1, 27) &+ h2) &* 5 &+ 0x52dc_e729
            h2 ^= rotate(k2 &* c2, 33) &* c1
            h2 = (rotate(h2, 31) &+ h1) &* 5 &+ 0x3849_5ab5
        }

        /// The words that lead from here to `goal`.
        func words(to goal: State) -> (UInt64, UInt64) {
            let fifth = inverse(5)
            let mixed1 = rotate((goal.h1 &- 0x52dc_e729) &* fifth &- h2, 64 - 27) ^ h1
            let mixed2 = rotate((goal.h2 &- 0x3849_5ab5) &* fifth &- goal.h1, 64 - 31) ^ h2
            return (
                rotate(mixed1 &* inverse(c2), 64 - 31) &* inverse(c1),
                rotate(mixed2 &* inverse(c1), 64 - 33) &* inverse(c2)
            )
        }
    }

    /// Two valid names of 32 bytes.
    static func names() -> ([UInt8], [UInt8]) {
        let first = Array("two names that are hashed alike.".utf8)
        var goal = State()
        goal.absorb(word(first[0..<8]), word(first[8..<16]))
        goal.absorb(word(first[16..<24]), word(first[24..<32]))
        for number in 0..<10_000 {
            let head = Array("head\(100_000_000_000 + number)".utf8)
            var state = State()
            state.absorb(word(head[0..<8]), word(head[8..<16]))
            let (k1, k2) = state.words(to: goal)
            let second = head + bytes(k1) + bytes(k2)
            if DirectoryEntry.isValidName(second) { return (first, second) }
        }
        return (first, first)
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func bytes(_ word: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }

    private static func rotate(_ word: UInt64, _ bitCount: UInt64) -> UInt64 {
        word << bitCount | word >> (64 - bitCount)
    }

    /// The inverse of an odd number modulo 2^64, by Newton's iteration.
    private static func inverse(_ number: UInt64) -> UInt64 {
        var result = number
        for _ in 0..<6 { result = result &* (2 &- number &* result) }
        return result
    }
}
