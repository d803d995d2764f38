// SPDX-License-Identifier: Apache-2.0

/// When a request that failed is tried again, as a value without clock or dice.
struct RetryPolicy: Sendable {
    let options: S3Options.Retry

    /// The pause before the next try; nil if there is none.
    ///
    /// Pauses double, each random between half and all of itself, so that clients that failed together
    /// do not come back together.
    /// - Parameters:
    ///   - attemptCount: how many tries failed.
    ///   - elapsed: the time since the first began.
    ///   - asked: the pause that the server asked for.
    ///   - fraction: a random number from 0 up to 1.
    func delay(
        after attemptCount: Int, elapsed: Duration, asked: Duration?, fraction: Double
    ) -> Duration? {
        guard attemptCount < options.attemptCount else { return nil }
        var delay = options.firstDelay
        for _ in 1..<max(attemptCount, 1) where delay < options.longestDelay { delay *= 2 }
        delay = min(delay, options.longestDelay) * (0.5 + fraction / 2)
        delay = max(delay, asked ?? .zero)
        return elapsed + delay <= options.timeLimit ? delay : nil
    }
}
