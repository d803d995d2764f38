// SPDX-License-Identifier: Apache-2.0

/// Reads a clock as the time since an arbitrary start: what state machines take as `now`.
public struct ElapsedTime: Sendable {
    /// The time since this value was made.
    public let now: @Sendable () -> Duration

    /// Starts to count on `clock`.
    public init(_ clock: some Clock<Duration> = ContinuousClock()) {
        let start = clock.now
        now = { start.duration(to: clock.now) }
    }
}
