// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Multiformats
import PackStore

/// The tier `cache`: blocks from peers, bounded by bytes and by age, least recently used first.
///
/// Nothing relies on what lies there: an ingest that meets such a block stores it again. So packs
/// are let go at any time; whoever is reading one reads on, or asks peers again.
public struct CacheTier: Sendable {
    /// What is kept.
    public struct Limits: Hashable, Sendable {
        /// The most bytes of packs.
        public var storedByteCount: Int64
        /// Packs that were neither read nor written for so long go, in milliseconds; nil for no
        /// such bound.
        public var ageMilliseconds: Int64?

        /// 10 GiB of any age.
        public static let standard = Limits(storedByteCount: 10 << 30)

        /// Pairs the bounds.
        public init(storedByteCount: Int64, ageMilliseconds: Int64? = nil) {
            self.storedByteCount = storedByteCount
            self.ageMilliseconds = ageMilliseconds
        }
    }

    /// What went.
    public struct Report: Hashable, Sendable {
        /// Packs that were let go.
        public var evictedPackCount = 0
        /// Bytes of their files.
        public var evictedByteCount: Int64 = 0
        /// Packs that are left.
        public var packCount = 0
        /// Bytes of their files.
        public var storedByteCount: Int64 = 0
    }

    /// A pack of the cache and when it was last used.
    private struct Member {
        var pack: PackRecord
        var usedAt: Int64
    }

    private let repository: Repository

    /// The cache of `repository`.
    public init(_ repository: Repository) { self.repository = repository }

    /// Lets packs go until the tier is within its limits and has room for more.
    ///
    /// - Parameters:
    ///   - room: bytes that are about to be written.
    ///   - slack: bytes that are made free beyond that if anything must go for want of room.
    ///   - milliseconds: the time, since 1970 (UTC).
    ///   - dryRun: only tell what would go.
    /// - Throws: `CatalogError`; `IOError`. A file that cannot be deleted stays on the list of those
    ///   that are to be.
    public func trim(
        to limits: Limits, room: Int64 = 0, slack: Int64 = 0,
        atMilliseconds milliseconds: Int64, dryRun: Bool = false
    ) async throws -> Report {
        let members = try await members()
        var report = Report()
        report.packCount = members.count
        report.storedByteCount = members.reduce(0) { $0 + $1.pack.storedByteCount }
        let isTooLarge = report.storedByteCount + room > limits.storedByteCount
        let wanted = limits.storedByteCount - room - (isTooLarge ? slack : 0)
        var leaving: [PackID] = []
        for member in members {
            let isOld = limits.ageMilliseconds.map { milliseconds - member.usedAt > $0 } ?? false
            guard isOld || isTooLarge && report.storedByteCount > wanted else { continue }
            leaving.append(member.pack.id)
            report.evictedPackCount += 1
            report.evictedByteCount += member.pack.storedByteCount
            report.packCount -= 1
            report.storedByteCount -= member.pack.storedByteCount
        }
        if dryRun || leaving.isEmpty { return report }
        for id in try await repository.catalog.evict(leaving) { repository.forgetPlace(of: id) }
        try await repository.removeDoomed()
        return report
    }

    /// The packs, least recently used first.
    private func members() async throws -> [Member] {
        // What this process has read counts as well.
        try await repository.writeAccessTimes()
        let accesses = try await repository.catalog.accesses()
        return try await repository.catalog.packs().filter { $0.tier == .cache }
            .map { pack in
                let readAt = accesses[pack.id]?.readAtMilliseconds ?? .min
                return Member(pack: pack, usedAt: max(readAt, pack.createdAtMilliseconds))
            }
            .sorted { ($0.usedAt, $0.pack.id) < ($1.usedAt, $1.pack.id) }
    }
}

extension CacheTier {
    /// Packs below this size are small: a guess between a second's worth of a slow fetch and the 16
    /// MiB in which fast ones are written.
    private static let smallByteCount: Int64 = 4 << 20
    /// So many small packs of one kind are merged, and no fewer: each merge writes all of them.
    private static let smallPackLimit = 32
    /// How large a merged pack becomes; small enough to be let go as one.
    private static let mergedByteCount: Int64 = 32 << 20

    /// Merges small packs once there are many, so that a fetch of hours leaves some packs and not
    /// thousands.
    ///
    /// Blocks that are found damaged on the way are left out.
    /// - Returns: how many packs went into larger ones.
    /// - Throws: `CatalogError`, `PackError`, `IOError`.
    @discardableResult
    public func merge() async throws -> Int {
        var count = 0
        for kind in PackKind.allCases {
            let small = try await members().filter {
                $0.pack.kind == kind && $0.pack.storedByteCount < Self.smallByteCount
            }
            guard small.count >= Self.smallPackLimit else { continue }
            count += try await merge(small, kind)
        }
        return count
    }

    private func merge(_ small: [Member], _ kind: PackKind) async throws -> Int {
        let merged = try await repository.packs.merge(
            small.map(\.pack.id), kind: kind, tier: .cache, storedByteLimit: Self.mergedByteCount)
        guard let (pack, sources) = merged else { return 0 }
        let usedAt = small.filter { sources.contains($0.pack.id) }.map(\.usedAt).max() ?? 0
        let record = PackRecord(
            id: pack.id, kind: pack.kind, tier: pack.tier, blockCount: pack.blockCount,
            byteCount: pack.byteCount, storedByteCount: pack.storedByteCount,
            createdAtMilliseconds: pack.createdAtMilliseconds)
        let blocks = pack.blocks.enumerated().map { ordinal, block in
            NewBlock(multihash: Array(block.cid.multihashBytes), ordinal: UInt32(ordinal))
        }
        try await repository.catalog.commitCached(record, blocks: blocks, replacing: sources)
        try await repository.catalog.noteAccesses([pack.id: usedAt])
        for id in sources { repository.forgetPlace(of: id) }
        try await repository.removeDoomed()
        return sources.count
    }
}

extension Repository {
    /// The bounds of the cache, as configured.
    public var cacheLimits: CacheTier.Limits {
        var limits = CacheTier.Limits.standard
        if let size = config.network.cacheMiB { limits.storedByteCount = Int64(size.value) << 20 }
        if let days = config.network.cacheDays {
            limits.ageMilliseconds = Int64(days.value) * 86_400_000
        }
        return limits
    }
}
