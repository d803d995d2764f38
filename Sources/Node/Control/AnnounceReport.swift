// SPDX-License-Identifier: Apache-2.0

/// How announcing goes, for people and scripts.
public struct AnnounceReport: Codable, Hashable, Sendable {
    /// Which blocks are announced, such as `all`.
    public var strategy: String
    /// `online`, `disconnected` or `offline`.
    public var connectivity: String
    /// Blocks that are announced.
    public var total: Int
    /// Announced, and not due again.
    public var done: Int
    /// Due now.
    public var due: Int
    /// Never announced yet.
    public var fresh: Int
    /// In regions whose last attempt failed.
    public var failing: Int
    /// Packs whose blocks are still to be added.
    public var waitingPacks: Int
    /// Regions of the key space.
    public var regions: Int
    /// Regions being worked on.
    public var runningRegions: Int
    /// Regions whose last attempt failed.
    public var failingRegions: Int
    /// Records sent per second over the last minute.
    public var recordsPerSecond: Double
    /// Records sent since the node started.
    public var records: Int
    /// Look-ups since then.
    public var lookups: Int
    /// When the cycle ends, in seconds since 1970.
    public var cycleEnd: Int64
    /// How late the latest region is, in seconds.
    public var lateSeconds: Int64
    /// What the user should do something about: that announcing cannot keep up.
    public var warning: String?
    /// Failures of regions.
    public var errors: [String]
}
