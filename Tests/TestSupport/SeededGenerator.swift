// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The 64-bit generator SplitMix64: small, seedable, good enough for test data.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The generator of `seed`.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// The seed of this test run, which tests print.
    ///
    /// `CAIRN_SEED` if set, else another one each time.
    public static let runSeed =
        ProcessInfo.processInfo.environment["CAIRN_SEED"].flatMap(UInt64.init)
        ?? UInt64.random(in: 0..<1_000_000)
}
