// SPDX-License-Identifier: Apache-2.0

import FileIO
import Testing

/// Bytes that are held up.
struct ByteRateTests {
    @Test
    func `bytes taken together take as long as the rate says, the last ones but for themselves`() {
        let rate = ByteRate(bytesPerSecond: 1_000_000)
        let start = ContinuousClock.now
        for _ in 0..<6 { rate.take(10_000) }
        // Five pieces are paid for before the sixth goes.
        #expect(start.duration(to: .now) >= .milliseconds(49))
    }

    @Test func `a large piece goes at once, and the next one waits for it`() {
        let rate = ByteRate(bytesPerSecond: 1_000_000_000)
        rate.take(20_000_000)
        let start = ContinuousClock.now
        rate.take(1)
        #expect(start.duration(to: .now) >= .milliseconds(15))
    }
}
