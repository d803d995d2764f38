// SPDX-License-Identifier: Apache-2.0

/// How an announcer fares.
public struct ProvideStatus: Hashable, Sendable {
    /// What is announced, such as `all` or `snapshots+roots`.
    public var strategy = ""
    /// Whether this process announces now; if not, ``connectivity`` says nothing, and there is no
    /// ``warning``.
    public var isRunning = false
    /// `online`, `disconnected` or `offline`.
    public var connectivity = ""
    /// Whether no record can be sent, as this node has no address that peers could dial.
    public var lacksAddress = false
    /// Multihashes that are announced.
    public var keyCount = 0
    /// Those that were announced, and are not due again.
    public var doneCount = 0
    /// Those whose turn has come.
    public var dueCount = 0
    /// Those that never were announced yet.
    public var freshCount = 0
    /// Those in regions whose last attempt failed.
    public var failingCount = 0
    /// Parts of the key space in the schedule.
    public var regionCount = 0
    /// Parts being worked on now.
    public var runningCount = 0
    /// Parts whose last attempt failed.
    public var failingRegionCount = 0
    /// Packs whose blocks are still to be added.
    public var waitingPackCount: Int64 = 0
    /// Records sent per second over the last minute; one key is some 20 records.
    public var recordsPerSecond = 0.0
    /// Records sent since the announcer started.
    public var recordCount = 0
    /// Lookups since then.
    public var lookupCount = 0
    /// Sends to a peer that failed since then.
    public var failedSendCount = 0
    /// When the cycle began, in seconds since 1970.
    public var cycleStart: Int64 = 0
    /// When it ends.
    public var cycleEnd: Int64 = 0
    /// How late the latest region is, in seconds; 0 if none is.
    public var lateSeconds: Int64 = 0
    /// What has to be done about it if the announcer cannot work, or keep up; nil if it can.
    public var warning: String?
    /// Failures of regions, the longest in a row first, at most ten.
    public var errors: [String] = []

    /// Nothing known yet.
    public init() {}
}
