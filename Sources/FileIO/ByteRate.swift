// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Holds up those who move bytes, so that all together move no more than so many a second.
///
/// Whoever takes bytes waits for those that were taken before, not for its own: a single large
/// piece goes at once, and the next one waits for it.
public final class ByteRate: Sendable {
    /// The bytes a second.
    public let bytesPerSecond: Int
    /// When the bytes taken so far will have been paid for.
    private let paid: Mutex<ContinuousClock.Instant>

    /// A rate of `bytesPerSecond`, at least 1.
    public init(bytesPerSecond: Int) {
        self.bytesPerSecond = max(bytesPerSecond, 1)
        paid = Mutex(.now)
    }

    /// Takes `byteCount` bytes, and waits until those taken before are paid for.
    ///
    /// Blocks the thread.
    public func take(_ byteCount: Int) {
        let now = ContinuousClock.now
        let start = paid.withLock { paid in
            let start = max(paid, now)
            paid = start + .seconds(Double(byteCount) / Double(bytesPerSecond))
            return start
        }
        let delay = now.duration(to: start).components
        guard delay.seconds > 0 || delay.attoseconds > 0 else { return }
        var wanted = timespec(
            tv_sec: Int(delay.seconds), tv_nsec: Int(delay.attoseconds / 1_000_000_000))
        var left = timespec()
        // A signal may cut the sleep short; what is left is slept then.
        while unsafe nanosleep(&wanted, &left) != 0, errno == EINTR { wanted = left }
    }
}
