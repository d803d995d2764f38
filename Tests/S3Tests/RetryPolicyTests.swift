// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

struct RetryPolicyTests {
    private let policy: RetryPolicy

    init() {
        var options = S3Options.Retry()
        options.attemptCount = 6
        options.timeLimit = .seconds(100)
        options.firstDelay = .milliseconds(100)
        options.longestDelay = .milliseconds(1000)
        policy = RetryPolicy(options: options)
    }

    private func delay(
        _ count: Int, elapsed: Duration = .zero, asked: Duration? = nil, fraction: Double = 1
    ) -> Duration? {
        policy.delay(after: count, elapsed: elapsed, asked: asked, fraction: fraction)
    }

    @Test func `pauses double up to the longest, and then tries end`() {
        let delays = (1...6).map { delay($0) }
        #expect(
            delays
                == [100, 200, 400, 800, 1000].map { .milliseconds($0) } as [Duration?] + [nil])
    }

    @Test func `a pause is random in its upper half`() {
        #expect(delay(2, fraction: 0) == .milliseconds(100))
        #expect(delay(2, fraction: 0.5) == .milliseconds(150))
    }

    @Test func `the server may ask for longer pauses, not for shorter ones`() {
        #expect(delay(1, asked: .seconds(30)) == .seconds(30))
        #expect(delay(1, asked: .zero) == .milliseconds(100))
        #expect(delay(1, asked: .seconds(101)) == nil)
    }

    @Test func `no try begins behind the time limit`() {
        #expect(delay(1, elapsed: .seconds(99)) == .milliseconds(100))
        #expect(delay(1, elapsed: .seconds(100)) == nil)
    }

    @Test func `Retry-After is seconds or a date`() {
        let now = UTCTime(seconds: 1_369_353_590)
        #expect(RetryAfter("7")?.delay(from: now) == .seconds(7))
        #expect(
            RetryAfter("Fri, 24 May 2013 00:00:00 GMT")?.delay(from: now) == .seconds(10))
        #expect(
            RetryAfter("Fri, 24 May 2013 00:00:00 GMT")?.delay(
                from: UTCTime(seconds: 2_000_000_000))
                == .zero)
        #expect(RetryAfter("-1") == nil)
        #expect(RetryAfter("soon") == nil)
    }
}
