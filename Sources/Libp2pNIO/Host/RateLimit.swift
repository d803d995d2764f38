// SPDX-License-Identifier: Apache-2.0

/// Something that may happen `burst` times at once, and then once in an interval.
struct RateLimit: Sendable {
    private let burst: Double
    private let interval: Duration
    private var tokens: Double
    private var updated: Duration

    /// A limit of which nothing is used.
    init(burst: Int, interval: Duration, now: Duration) {
        self.burst = Double(burst)
        self.interval = interval
        tokens = Double(burst)
        updated = now
    }

    /// Uses one; false if there is none left.
    mutating func take(now: Duration) -> Bool {
        tokens = min(burst, tokens + (now - updated) / interval)
        updated = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
