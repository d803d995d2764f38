// SPDX-License-Identifier: Apache-2.0

import FileIO

/// The time of day as the scheduler sees it: the machine's, or one that tests turn.
public protocol ScheduleClock: Sendable {
    /// Milliseconds since 1970 (UTC).
    var milliseconds: Int64 { get }
    /// Waits until then, or somewhat longer or shorter: whoever sleeps looks at the time again.
    ///
    /// - Throws: `CancellationError`.
    func sleep(untilMilliseconds: Int64) async throws
}

/// The machine's clock.
public struct SystemClock: ScheduleClock {
    /// How long is slept at once: a clock that was set, or a machine that slept, is noticed after
    /// that time at the latest.
    private static let stride: Int64 = 20_000

    /// The machine's clock.
    public init() {}

    /// Milliseconds since 1970 (UTC).
    public var milliseconds: Int64 { WallClock.milliseconds }

    /// Waits until then, at most for twenty seconds.
    public func sleep(untilMilliseconds: Int64) async throws {
        let delay = min(max(untilMilliseconds - milliseconds, 0), Self.stride)
        try await Task.sleep(for: .milliseconds(delay))
    }
}
