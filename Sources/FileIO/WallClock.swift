// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The time of day, for records and for rules of age; durations are measured with
/// `ContinuousClock`.
///
/// A value, so that a test can turn the clock of a whole repository: what belongs to one takes the
/// clock that it was opened with.
public struct WallClock: Sendable {
    /// The machine's.
    public static let system = WallClock { now }

    private let read: @Sendable () -> FileStatus.Time

    /// A clock that tells what `read` gives.
    public init(_ read: @escaping @Sendable () -> FileStatus.Time) { self.read = read }

    /// What this clock tells.
    public var now: FileStatus.Time { read() }

    /// What this clock tells, in milliseconds since 1970 (UTC).
    public var milliseconds: Int64 { read().milliseconds }

    /// What the machine's clock tells, as fine as it is.
    public static var now: FileStatus.Time {
        var time = timespec()
        // Cannot fail: the clock exists everywhere and `time` lives across the call.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return FileStatus.Time(time)
    }

    /// What the machine's clock tells, in milliseconds since 1970 (UTC).
    public static var milliseconds: Int64 { now.milliseconds }
}

extension FileStatus.Time {
    /// Whole milliseconds since 1970 (UTC).
    fileprivate var milliseconds: Int64 { seconds * 1000 + Int64(nanoseconds) / 1_000_000 }
}
