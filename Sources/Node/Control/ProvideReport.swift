// SPDX-License-Identifier: Apache-2.0

/// How announcing goes, for people and scripts.
public struct ProvideReport: Codable, Hashable, Sendable {
    /// Which CIDs are announced.
    public var strategy: String
    /// CIDs that are announced.
    public var total: Int
    /// Announced in time.
    public var done: Int
    /// Due now.
    public var due: Int
    /// Failed at the last attempt.
    public var failing: Int
    /// Regions of the key space in the current cycle.
    public var regions: Int
    /// Regions that are done in this cycle.
    public var regionsDone: Int
    /// Records a second, over the last minutes.
    public var recordsPerSecond: Double
    /// When the cycle ends, in milliseconds since 1970; nil if there is no telling.
    public var cycleEndsAtMilliseconds: Int64?
    /// The interval between two announcements of a CID, in seconds.
    public var intervalSeconds: Double
    /// What the user should know: above all that announcing cannot keep up.
    public var warnings: [String]
    /// The newest errors.
    public var errors: [String]

    /// Whatever is known.
    public init(
        strategy: String, total: Int, done: Int, due: Int, failing: Int, regions: Int,
        regionsDone: Int, recordsPerSecond: Double, cycleEndsAtMilliseconds: Int64?,
        intervalSeconds: Double, warnings: [String], errors: [String]
    ) {
        self.strategy = strategy
        self.total = total
        self.done = done
        self.due = due
        self.failing = failing
        self.regions = regions
        self.regionsDone = regionsDone
        self.recordsPerSecond = recordsPerSecond
        self.cycleEndsAtMilliseconds = cycleEndsAtMilliseconds
        self.intervalSeconds = intervalSeconds
        self.warnings = warnings
        self.errors = errors
    }
}
