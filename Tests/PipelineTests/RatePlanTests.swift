// SPDX-License-Identifier: Apache-2.0

import Pipeline
import Testing

/// How long those wait who share a rate.
struct RatePlanTests {
    @Test func `whoever takes waits for what was taken before, not for its own`() {
        var plan = RatePlan(unitsPerSecond: 100)
        #expect(plan.take(50, at: .zero) == .zero)
        #expect(plan.take(50, at: .zero) == .milliseconds(500))
        #expect(plan.take(1, at: .milliseconds(500)) == .milliseconds(500))
    }

    @Test func `time in which nothing was taken is not saved up`() {
        var plan = RatePlan(unitsPerSecond: 100)
        #expect(plan.take(25, at: .seconds(60)) == .zero)
        #expect(plan.take(100, at: .seconds(60)) == .milliseconds(250))
        #expect(plan.take(1, at: .seconds(60)) == .milliseconds(1250))
    }

    @Test func `many small pieces take as long as one large one`() {
        var plan = RatePlan(unitsPerSecond: 1_000)
        var wait = Duration.zero
        for _ in 0..<10_001 { wait = plan.take(1, at: .zero) }
        #expect(wait > .milliseconds(9_999) && wait < .milliseconds(10_001))
    }

    @Test func `waiting ends with the task`() async {
        let limiter = RateLimiter(unitsPerSecond: 1)
        let wasCancelled = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await limiter.take(1_000_000)
                    try await limiter.take(1)
                    return false
                } catch { return error is CancellationError }
            }
            group.cancelAll()
            return await group.next() ?? false
        }
        #expect(wasCancelled)
    }
}
