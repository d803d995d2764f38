// SPDX-License-Identifier: Apache-2.0

/// How an announcer works.
public struct ProvideOptions: Hashable, Sendable {
    /// What is announced: everything unless told.
    public var strategy: ProvideStrategy = .all
    /// Time between two announcements of a key: 22 hours unless told, as records live for 48.
    public var interval: Duration = .seconds(22 * 3600)
    /// How late an announcement may be before that is called falling behind: 1 hour unless told.
    public var maximumDelay: Duration = .seconds(3600)
    /// How many peers get each record, and the least peers of a region: 20 unless told.
    public var replication = 20
    /// Who works at once, and how hard.
    public var workers = Workers()
    /// How often the catalog is asked whether anything was committed: 200 ms unless told.
    ///
    /// One question takes microseconds. New roots are announced this late at most.
    public var pollInterval: Duration = .milliseconds(200)
    /// First and longest wait before a failed region is tried again: 30 s and 1 hour unless told;
    /// each failure in a row doubles it.
    public var retry = Backoff(first: .seconds(30), longest: .seconds(3600))
    /// Wait between questions whether the network is back: 1 s to 1 minute unless told.
    public var connectivityCheck = Backoff(first: .seconds(1), longest: .seconds(60))
    /// The share of the peers of a region that must take records for it to count: 20 % unless told.
    public var minimumReach = 0.2

    /// All at their defaults.
    public init() {}
}

extension ProvideOptions {
    /// Widths and limits of the work.
    public struct Workers: Hashable, Sendable {
        /// Regions worked on at once: 4 unless told, at least 2.
        public var count = 4
        /// Those of them that only do what is due by the schedule: 2 unless told.
        public var periodic = 2
        /// Those of them that only do what was never announced: 1 unless told.
        public var burst = 1
        /// Peers that one worker sends to at once: 20 unless told.
        public var peersPerWorker = 20
        /// Single keys announced at once, each by a lookup of its own: 4 unless told.
        public var singles = 4
        /// Keys of a region in memory at once: 4,096 unless told, at most 16,384.
        ///
        /// What was sent is recorded per so many keys, so a crash repeats at most so many per
        /// worker.
        public var batch = 4_096
        /// Records sent per second, by all workers together: no limit unless told.
        public var recordsPerSecond: Int?

        /// All at their defaults.
        public init() {}
    }

    /// Waits that double from failure to failure.
    public struct Backoff: Hashable, Sendable {
        /// After the first failure.
        public var first: Duration
        /// Not beyond this.
        public var longest: Duration

        /// Sets both.
        public init(first: Duration, longest: Duration) {
            self.first = first
            self.longest = longest
        }

        /// The wait after that many failures in a row, at least one.
        func wait(afterFailures count: Int) -> Duration {
            min(first * (1 << min(max(count, 1) - 1, 30)), longest)
        }
    }
}
