// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The time of day, for records; durations are measured with `ContinuousClock`.
public enum WallClock {
    /// The time of day, as fine as the clock is.
    public static var now: FileStatus.Time {
        var time = timespec()
        // As below.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return FileStatus.Time(time)
    }

    /// Milliseconds since 1970 (UTC).
    public static var milliseconds: Int64 {
        var time = timespec()
        // Cannot fail: the clock exists everywhere and `time` lives across the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
