// SPDX-License-Identifier: Apache-2.0

/// The clocks of an announcer.
struct AnnounceTime: Sendable {
    /// Time since an arbitrary start.
    let elapsed: @Sendable () -> Duration
    /// Waits; throws `CancellationError`.
    let sleep: @Sendable (Duration) async throws -> Void
    /// Seconds since 1970.
    let seconds: @Sendable () -> Int64

    init(_ clock: some Clock<Duration>, seconds: @escaping @Sendable () -> Int64) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: clock.now.advanced(by: $0), tolerance: nil) }
        self.seconds = seconds
    }
}
