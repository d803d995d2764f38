// SPDX-License-Identifier: Apache-2.0

/// What a catalog remembers of announcements: which multihashes are announced, when each last was,
/// and the schedule by which they are announced again.
///
/// Multihashes are kept in the order of their ``AnnounceKey``, so that a region of the key space is
/// a range. All of it can be lost without harm but that everything is announced once more.
/// Transactions are small, so that no other writer waits long. Throws as ``Catalog`` does.
public protocol AnnounceStore: Sendable {
    /// A number that is another one once any process has committed anything; for polling, as it
    /// costs microseconds.
    func changeMark() async throws -> Int64

    /// Sums, marks and settings.
    func announceSummary() async throws -> AnnounceSummary

    /// Forgets all announcements and the schedule, and begins anew with another strategy: all
    /// snapshots and packs count as not looked through.
    ///
    /// - Parameters:
    ///   - strategy: of the caller's own meaning, not 0.
    ///   - cycleStart: seconds since 1970 from which slots are counted.
    func resetAnnouncements(strategy: Int64, cycleStart: Int64) async throws

    /// Snapshots that were committed and not yet looked through, in the order of their commits.
    ///
    /// - Parameter sequence: only those after it; 0 for all.
    func snapshotsToAnnounce(
        after sequence: Int64, limit: Int
    ) async throws -> [SnapshotToAnnounce]

    /// Says that snapshots have been looked through, by ``SnapshotToAnnounce/sequence``.
    func finishSnapshots(_ sequences: [Int64]) async throws

    /// Packs committed after the one with that mark, in the order of their commits.
    func packs(after mark: Int64, limit: Int) async throws -> [MarkedPack]

    /// Says that the blocks of all packs up to that mark have been added.
    func setAnnouncedPack(_ mark: Int64) async throws

    /// Adds multihashes that are not there yet, as never announced.
    ///
    /// - Parameter multihashes: at most ``AnnounceLimits/batch``; cheapest if their keys are near
    ///   to each other.
    /// - Returns: how many were new.
    func addAnnouncements(_ multihashes: [[UInt8]]) async throws -> Int

    /// The announcement of one multihash, if there is one.
    func announcement(of multihash: [UInt8]) async throws -> Announcement?

    /// Announcements with keys in `range`, in the order of keys.
    ///
    /// - Parameters:
    ///   - time: only those last announced before it, in seconds since 1970; 1 for those that never
    ///     were, which are found without reading the others.
    ///   - limit: how many at most, not above ``AnnounceLimits/page``.
    func announcements(
        in range: ClosedRange<AnnounceKey>, before time: Int64, limit: Int
    ) async throws -> [Announcement]

    /// How many announcements have keys in `range`.
    func announcementCount(in range: ClosedRange<AnnounceKey>) async throws -> Int

    /// Records what came of announcing: `provided` were announced at `time`, `absent` are no
    /// longer to be.
    ///
    /// - Parameters:
    ///   - provided: with `absent` at most ``AnnounceLimits/batch``; both in the order of keys.
    ///   - time: seconds since 1970, 1 or more.
    func settleAnnouncements(
        provided: [Announcement], absent: [Announcement], at time: Int64) async throws

    /// The whole schedule, in the order of keys.
    func announceRegions() async throws -> [AnnounceRegion]

    /// Replaces a part of the schedule in one transaction.
    func updateRegions(_ regions: [AnnounceRegion], removing: [KeyPrefix]) async throws
}

/// How much goes through an ``AnnounceStore`` at once.
public enum AnnounceLimits {
    /// Multihashes in one transaction that writes: some tens of milliseconds at most.
    public static let batch = 2_048
    /// Announcements that one call may return: about 2 MiB.
    public static let page = 16_384
}

/// One multihash that is announced.
public struct Announcement: Hashable, Sendable {
    /// The multihash in binary form.
    public var multihash: [UInt8]
    /// Its place in the key space.
    public var key: AnnounceKey
    /// When it was last announced, in seconds since 1970; nil for never.
    public var providedAt: Int64?

    /// Puts an announcement together.
    public init(multihash: [UInt8], key: AnnounceKey, providedAt: Int64? = nil) {
        self.multihash = multihash
        self.key = key
        self.providedAt = providedAt
    }

    /// An announcement never made.
    public init(_ multihash: [UInt8]) {
        self.init(multihash: multihash, key: AnnounceKey(hashing: multihash))
    }
}

/// A part of the key space in the schedule of announcements.
public struct AnnounceRegion: Hashable, Sendable {
    /// Which keys.
    public var prefix: KeyPrefix
    /// When its keys are to be announced next, in seconds since 1970.
    public var dueAt: Int64
    /// When that was last done; nil for never.
    public var providedAt: Int64?
    /// When a failed attempt is repeated; nil if the last one did not fail.
    public var retryAt: Int64?
    /// Keys at the last visit.
    public var keyCount = 0
    /// Peers found for it at the last visit.
    public var peerCount = 0
    /// Failures in a row.
    public var attempts = 0
    /// What the last failure was.
    public var error: String?

    /// A region that was never visited.
    public init(prefix: KeyPrefix, dueAt: Int64) {
        self.prefix = prefix
        self.dueAt = dueAt
    }

    /// When something is to be done for it.
    public var nextAt: Int64 { retryAt ?? dueAt }
}

/// Sums and marks of announcements.
public struct AnnounceSummary: Hashable, Sendable {
    /// What was given to the last reset; 0 if there was none.
    public var strategy: Int64 = 0
    /// Multihashes that are announced.
    public var count = 0
    /// Those that never were yet.
    public var freshCount = 0
    /// Snapshots not yet looked through.
    public var snapshotCount = 0
    /// The last pack whose blocks were added, 0 for none.
    public var announcedPack: Int64 = 0
    /// The last pack that was committed, 0 for none.
    public var lastPack: Int64 = 0
    /// Seconds since 1970 from which slots are counted.
    public var cycleStart: Int64 = 0
}

/// A snapshot that was not yet looked through for what to announce.
public struct SnapshotToAnnounce: Hashable, Sendable {
    /// Names the entry, ascending with commits.
    public var sequence: Int64
    /// The snapshot; nil if it has been removed since.
    public var snapshot: SnapshotRecord?
}

/// A pack and its place in the order of commits.
public struct MarkedPack: Hashable, Sendable {
    /// Ascends with commits; never used twice in one catalog.
    public var mark: Int64
    /// The pack.
    public var pack: PackRecord
}
