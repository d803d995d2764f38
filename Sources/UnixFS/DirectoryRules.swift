// SPDX-License-Identifier: Apache-2.0

/// When a directory becomes a HAMT, and of what width.
public struct DirectoryRules: Hashable, Sendable {
    /// How a directory's size is estimated.
    public enum Estimator: String, Sendable, CaseIterable {
        /// Name bytes plus CID bytes, summed: Kubo's default and `unixfs-v0-2015`.
        case links
        /// The byte count of the basic directory's block: `unixfs-v1-2025`.
        case block
    }

    /// A directory whose estimate in bytes is over this is sharded; nil if size never decides.
    public let hamtThreshold: Int?
    /// How the estimate is made.
    public let estimator: Estimator
    /// Buckets of a shard: a power of two in 8...1024.
    public let fanout: Int
    /// A directory with more entries than this is sharded; nil if their number never decides.
    public let maxDirectoryLinks: Int?

    /// The threshold of both published profiles, in bytes: 256 KiB.
    public static let defaultHAMTThreshold = 262_144
    /// The fanout of both published profiles.
    public static let defaultFanout = 256

    /// Checks and keeps the rules; a threshold or link limit below one means none.
    ///
    /// - Throws: ``UnixFSBuildError/invalidFanout(_:)``.
    public init(
        hamtThreshold: Int? = defaultHAMTThreshold, estimator: Estimator = .links,
        fanout: Int = defaultFanout, maxDirectoryLinks: Int? = nil
    ) throws(UnixFSBuildError) {
        guard HAMTShape(fanout: fanout) != nil else { throw .invalidFanout(fanout) }
        self.hamtThreshold = hamtThreshold.flatMap { $0 > 0 ? $0 : nil }
        self.estimator = estimator
        self.fanout = fanout
        self.maxDirectoryLinks = maxDirectoryLinks.flatMap { $0 > 0 ? $0 : nil }
    }

    private init(profile estimator: Estimator) {
        hamtThreshold = Self.defaultHAMTThreshold
        self.estimator = estimator
        fanout = Self.defaultFanout
        maxDirectoryLinks = nil
    }

    /// The rules of `unixfs-v0-2015` and of Kubo by default.
    public static let v0_2015 = DirectoryRules(profile: .links)
    /// The rules of `unixfs-v1-2025`.
    public static let v1_2025 = DirectoryRules(profile: .block)
}
