// SPDX-License-Identifier: Apache-2.0

/// Counts over the last minute, in steps of five seconds; a value, told the time.
struct RateMeter {
    private static let step = Duration.seconds(5)
    private static let stepCount = 12
    private var counts: [Int] = Array(repeating: 0, count: stepCount)
    private var current = 0
    private var began: Duration?

    /// Counts what happened at `now`.
    mutating func add(_ count: Int, at now: Duration) {
        advance(to: now)
        counts[current % Self.stepCount] += count
    }

    /// The mean per second over the last minute, or since the first count if that is later.
    mutating func perSecond(at now: Duration) -> Double {
        guard let began else { return 0 }
        advance(to: now)
        let age = min(max((now - began) / .seconds(1), 1), 60)
        return Double(counts.reduce(0, +)) / age
    }

    private mutating func advance(to now: Duration) {
        if began == nil { began = now }
        let step = Int(now / Self.step)
        if step - current >= Self.stepCount {
            counts = Array(repeating: 0, count: Self.stepCount)
        } else {
            while current < step {
                current += 1
                counts[current % Self.stepCount] = 0
            }
        }
        current = max(current, step)
    }
}

/// Spreads events evenly under a rate; a value, told the time.
struct RateLimit {
    private let perSecond: Double
    private var free: Duration = .zero

    init(perSecond: Int) { self.perSecond = Double(max(perSecond, 1)) }

    /// Takes `count` events.
    ///
    /// - Returns: how long to wait before them. A second's worth may come at once.
    mutating func take(_ count: Int, at now: Duration) -> Duration {
        free = max(free, now - .seconds(1))
        free += .seconds(Double(count) / perSecond)
        return max(free - now, .zero)
    }
}
