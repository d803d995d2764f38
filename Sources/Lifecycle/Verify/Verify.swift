// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import PackStore
public import Repository
import Synchronization

/// Reads packs and checks every byte of every block against its CID, and whether catalog, packs
/// and snapshots agree: what `cairn verify` does.
///
/// Runs beside ingests, reads and everything else. A pack that passes is marked with the time in
/// the catalog; what does not pass goes into quarantine: it counts as absent for whoever stores
/// blocks, and a read tries it last. What passes again leaves quarantine.
public final class Verify: Sendable {
    /// Lost content that is named; a lost directory may take millions of files with it.
    private static let namedFindingLimit = 10_000

    let repository: Repository
    let options: Options
    private let report = Mutex(VerifyReport())
    private let onFinding: @Sendable (VerifyFinding) -> Void
    private let pool: BlockingPool

    /// A verification that has not begun; `onFinding` hears of each fault at once.
    public init(
        _ repository: Repository, options: Options = Options(),
        onFinding: @escaping @Sendable (VerifyFinding) -> Void = { _ in }
    ) {
        self.repository = repository
        self.options = options
        self.onFinding = onFinding
        pool =
            options.isInBackground
            ? BlockingPool(width: options.width, niceness: 19) : .shared
    }

    /// What was checked and found so far.
    public var progress: VerifyReport { report.withLock { $0 } }

    /// Checks what the options ask for.
    ///
    /// - Throws: `CatalogError`, `PackError` if a tier of this machine cannot be listed; faults are
    ///   results.
    public func run() async throws -> VerifyReport {
        let pace = ReadPace(bytesPerSecond: options.bytesPerSecond, deadline: deadline)
        // What a crash kept from the catalog is no fault; it is taken in first.
        let salvaged = try await repository.salvage()
        for failure in salvaged.failures { find(.unfinishedPack("\(failure)")) }
        try await checkCatalogFile(pace)
        let listed = try await listPacks()
        let chosen = choose(from: listed)
        report.withLock {
            $0.packCount = chosen.count
            $0.storedByteCount = chosen.reduce(0) { $0 + $1.storedByteCount }
        }
        try await check(chosen, pace)
        if options.walksSnapshots ?? options.isWhole { try await checkSnapshots() }
        try await finish()
        return progress
    }

    private var deadline: ContinuousClock.Instant? {
        if case .time(let duration) = options.budget { .now + duration } else { nil }
    }

    /// The packs of the catalog that are where it says, in the tiers to be read; tells of others.
    private func listPacks() async throws -> [PackRecord] {
        let known = try await repository.catalog.packs()
        var present: [PackTier: Set<PackID>] = [:]
        for tier in repository.tiers {
            do { present[tier] = Set(try await repository.packs.packs(in: tier)) } catch let error
                as PackError where error.code == .unreachable
            {
                // A tier that is not in use yet has nothing to miss.
                guard known.contains(where: { $0.tier == tier }) else { continue }
                find(.unreachableTier(tier, error))
            }
        }
        var readable: [PackRecord] = []
        for pack in known {
            guard let there = present[pack.tier] else { continue }
            if there.contains(pack.id) {
                readable.append(pack)
            } else if try await isStillMissing(pack) {
                try await repository.quarantineAll(of: pack)
                find(.missingPack(pack.id, pack.tier))
            }
        }
        let catalogued = Set(known.map(\.id))
        for (tier, ids) in present {
            for id in ids.sorted() where !catalogued.contains(id) {
                if try await isLeftOut(id, tier) { find(.unknownPack(id, tier)) }
            }
        }
        return chooseTiers(readable)
    }

    /// Leaves out packs in tiers that are not to be read: without a word those on this machine are.
    private func chooseTiers(_ packs: [PackRecord]) -> [PackRecord] {
        if let tiers = options.tiers { return packs.filter { tiers.contains($0.tier) } }
        let far = repository.farTiers
        for tier in far {
            let count = packs.count { $0.tier == tier }
            guard count > 0 else { continue }
            note("\(count) packs in tier \(tier) were not read; `cairn verify --tier \(tier)` does")
        }
        return packs.filter { !far.contains($0.tier) }
    }

    /// Whether a pack that was not listed is missing, and not removed or moved meanwhile.
    private func isStillMissing(_ pack: PackRecord) async throws -> Bool {
        guard let now = try await repository.catalog.pack(pack.id) else { return false }
        do {
            _ = try await repository.packs.storedByteCount(of: now.id, tier: now.tier)
            return false
        } catch let error as PackError where error.code == .notFound { return true }
    }

    /// Whether a pack that the catalog does not name cannot be taken in: its index is damaged.
    ///
    /// Any other is about to be committed, or to be deleted, or is taken in by the next run.
    private func isLeftOut(_ id: PackID, _ tier: PackTier) async throws -> Bool {
        guard try await repository.catalog.pack(id) == nil else { return false }
        do {
            _ = try await repository.packs.index(of: id, tier: tier)
            return false
        } catch let error as PackError { return error.code == .damaged }
    }

    private func choose(from packs: [PackRecord]) -> [PackRecord] {
        let due = packs.filter { pack in
            guard let since = options.uncheckedSince else { return true }
            return (pack.verifiedAtMilliseconds ?? .min) < since
        }
        let oldestFirst = due.sorted {
            ($0.verifiedAtMilliseconds ?? .min, $0.id) < ($1.verifiedAtMilliseconds ?? .min, $1.id)
        }
        let count = (Double(oldestFirst.count) * options.sample).rounded(.up)
        let sampled = oldestFirst.prefix(Int(count))
        guard case .bytes(let limit) = options.budget else { return Array(sampled) }
        var left = limit
        return Array(
            sampled.prefix { pack in
                defer { left -= pack.storedByteCount }
                return left == limit || pack.storedByteCount <= left
            })
    }

    private func check(_ packs: [PackRecord], _ pace: ReadPace) async throws {
        let quarantine = try await repository.quarantine()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, pack) in packs.enumerated() {
                if index >= options.width { try await group.next() }
                if pace.isOver { break }
                group.addTask { try await self.check(pack, pace, quarantine) }
            }
            while try await group.next() != nil {}
        }
    }

    private func check(
        _ pack: PackRecord, _ pace: ReadPace, _ quarantine: Quarantine
    ) async throws {
        try Task.checkCancellation()
        let result: PackVerification
        do {
            result = try await repository.packs.verify(
                pack.id, tier: pack.tier, at: pace, on: pool)
        } catch let error as PackError {
            if pace.isOver { return }  // half read, it counts as unread
            if error.code == .notFound {
                guard try await isStillMissing(pack) else { return }
            }
            return find(.unreadablePack(pack.id, pack.tier, error))
        }
        for damage in result.damage { find(.damage(pack.id, pack.tier, damage)) }
        try await checkCatalog(of: pack, result)
        try await repository.setQuarantine(
            of: pack, to: try await badOrdinals(of: pack, result), was: quarantine)
        report.withLock {
            $0.checkedPackCount += 1
            $0.checkedBlockCount += result.soundBlockCount
            $0.checkedByteCount += result.soundByteCount
            $0.checkedStoredByteCount += pack.storedByteCount
        }
        if result.damage.isEmpty { try await setVerified(pack.id) }
    }

    private func setVerified(_ id: PackID) async throws {
        do {
            try await repository.catalog.setVerified(
                id, atMilliseconds: repository.clock.milliseconds)
        } catch let error as CatalogError {
            // Rewritten or removed meanwhile, by GC or another repair.
            guard error.code == .packMissing else { throw error }
        }
    }

    private func finish() async throws {
        let packs = try await repository.catalog.packs()
        let quarantined = try await repository.quarantine().blockCount
        report.withLock {
            $0.quarantinedBlockCount = quarantined
            $0.coverage = VerifyReport.Coverage(
                packs, atMilliseconds: repository.clock.milliseconds)
        }
    }

    func find(_ finding: VerifyFinding) {
        let isNamed = report.withLock { report in
            if report.findings.count < Self.namedFindingLimit {
                report.findings.append(finding)
                return true
            }
            report.unnamedFindingCount += 1
            return false
        }
        if isNamed { onFinding(finding) }
    }

    func note(_ text: String) { report.withLock { $0.notes.append(text) } }

    func count(snapshots: Int) { report.withLock { $0.snapshotCount = snapshots } }
}
