// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Time that cores have spent on this program, in user and kernel mode.
public enum CPUClock {
    /// The time of all threads, those that have ended included.
    public static var process: Duration { now(CLOCK_PROCESS_CPUTIME_ID) }

    /// The time of the calling thread.
    public static var thread: Duration { now(CLOCK_THREAD_CPUTIME_ID) }

    private static func now(_ clock: clockid_t) -> Duration {
        var time = timespec()
        // Cannot fail: the clocks exist everywhere and `time` lives across the call.
        _ = unsafe clock_gettime(clock, &time)
        return .seconds(Int(time.tv_sec)) + .nanoseconds(Int(time.tv_nsec))
    }
}
