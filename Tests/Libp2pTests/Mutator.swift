// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Makes wrong inputs of right ones, all from one seed.
struct Mutator {
    private var random: SeededGenerator

    /// How many inputs each parser is tried with in a run: 2,000, or what `CAIRN_FUZZ_INPUTS` says.
    static let inputCount =
        ProcessInfo.processInfo.environment["CAIRN_FUZZ_INPUTS"].flatMap(Int.init) ?? 2000

    /// A mutator of its own for each `purpose`; prints the run's seed.
    init(_ purpose: String) {
        print("CAIRN_SEED=\(SeededGenerator.runSeed) for \(purpose)")
        let salt = purpose.utf8.reduce(UInt64(17)) { $0 &* 31 &+ UInt64($1) }
        random = SeededGenerator(seed: SeededGenerator.runSeed &+ salt)
    }

    /// A number from 0 up to `bound`.
    mutating func number(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    /// One of `choices`, which are not empty.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[number(below: choices.count)]
    }

    /// Random bytes, at most `limit`.
    mutating func noise(atMost limit: Int) -> [UInt8] {
        (0..<number(below: limit + 1)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    /// One of `inputs` with one to four changes.
    mutating func mutate(_ inputs: [[UInt8]]) -> [UInt8] {
        var bytes = pick(inputs)
        for _ in 0...number(below: 4) { change(&bytes, inputs) }
        return bytes
    }

    /// `bytes` in pieces of random sizes.
    mutating func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.pieces(of: pick([1, 2, 3, 7, 12, 13, 64, 1000, 100_000]))
    }

    private mutating func change(_ bytes: inout [UInt8], _ inputs: [[UInt8]]) {
        let start = number(below: bytes.count + 1)
        let end = min(bytes.count, start + number(below: 9))
        switch number(below: 8) {
        case 0 where start < bytes.count: bytes[start] ^= 1 << number(below: 8)
        case 1 where start < bytes.count: bytes[start] = pick([0, 1, 0x7f, 0x80, 0xff, 0x2f, 0x0a])
        case 2: bytes.removeSubrange(start..<end)
        case 3: bytes.insert(contentsOf: bytes[start..<end], at: start)
        case 4: bytes.insert(contentsOf: noise(atMost: 8), at: start)
        case 5: bytes = Array(bytes[..<start])
        case 6:
            let other = pick(inputs)
            bytes = Array(bytes[..<start] + other[number(below: other.count + 1)...])
        default:
            // Lengths that no input has: varints and big-endian numbers of 2, 4 and 8 bytes.
            let lengths = [
                "ff7f", "ffffffff0f", "ffffffffffffffff7f", "ffffffffffffffffff01", "80", "8000",
                "ffff", "7fffffff", "ffffffff", "80000000", "7fffffffffffffff",
            ]
            let length = [UInt8](hex: pick(lengths))
            bytes.replaceSubrange(start..<min(bytes.count, start + length.count), with: length)
        }
    }
}
