// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Holds work back, so that it takes no more than so many units a second on average.
///
/// Whoever takes units waits for those that were taken before, not for its own: a single large
/// piece goes at once, and the next one waits for it. Waiting holds no thread and ends when the task
/// is cancelled.
public final class RateLimiter: Sendable {
    /// The units a second.
    public let unitsPerSecond: Int
    private let plan: Mutex<RatePlan>
    private let origin = ContinuousClock.now

    /// A limit of `unitsPerSecond`, at least 1.
    public init(unitsPerSecond: Int) {
        self.unitsPerSecond = max(1, unitsPerSecond)
        plan = Mutex(RatePlan(unitsPerSecond: self.unitsPerSecond))
    }

    /// Takes `units`, and waits until those taken before are paid for.
    ///
    /// - Throws: `CancellationError`.
    public func take(_ units: Int) async throws {
        let delay = plan.withLock { $0.take(units, at: origin.duration(to: .now)) }
        if delay > .zero { try await Task.sleep(for: delay) }
    }
}

/// How long those wait who share a rate; knows no clock.
package struct RatePlan: Sendable {
    private let unitsPerSecond: Int
    /// When all that was taken will have been paid for.
    private var paid = Duration.zero

    package init(unitsPerSecond: Int) { self.unitsPerSecond = unitsPerSecond }

    /// Takes units at the time `now`; says how long to wait before they are used.
    package mutating func take(_ units: Int, at now: Duration) -> Duration {
        let start = max(paid, now)
        paid = start + .seconds(Double(units) / Double(unitsPerSecond))
        return start - now
    }
}
