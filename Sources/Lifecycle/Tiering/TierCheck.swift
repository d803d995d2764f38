// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import PackStore
public import Repository
import Synchronization

/// Reads every copy of packs that stand in several tiers: what `cairn tier check` does.
///
/// It tells which of them are bad; with ``TierMove`` a good copy then takes the place of a bad one.
public final class TierCheck: Sendable {
    /// What was read and found.
    public struct Report: Sendable {
        /// Copies to read.
        public var copyCount = 0
        /// Copies read.
        public var checkedCount = 0
        /// Bytes of their files.
        public var checkedByteCount: Int64 = 0
        /// What is wrong, in words.
        public var findings: [String] = []
        /// How it can be made good.
        public var plan = TierPlan()
    }

    private let repository: Repository
    private let report = Mutex(Report())

    /// A check that has not begun.
    public init(_ repository: Repository) { self.repository = repository }

    /// What was read so far.
    public var progress: Report { report.withLock { $0 } }

    /// Reads all copies; of a tier that cannot be reached that is told, and nothing concluded.
    ///
    /// - Parameter tier: only packs that have a copy there; nil for all.
    /// - Throws: `CatalogError`; `CancellationError`.
    public func run(of tier: PackTier? = nil) async throws -> Report {
        var copies: [PackID: [PackTier]] = [:]
        for copy in try await repository.catalog.copies() {
            copies[copy.id, default: []].append(copy.tier)
        }
        let packs = try await repository.catalog.packs().filter { pack in
            guard let others = copies[pack.id] else { return false }
            return tier.map { ([pack.tier] + others).contains($0) } ?? true
        }
        report.withLock { report in
            report.copyCount = packs.reduce(0) { $0 + 1 + (copies[$1.id]?.count ?? 0) }
        }
        for pack in packs {
            try await check(pack, in: [pack.tier] + (copies[pack.id] ?? []))
        }
        return progress
    }

    private func check(_ pack: PackRecord, in tiers: [PackTier]) async throws {
        var bad: [PackTier] = []
        var good: [PackTier] = []
        for tier in tiers {
            try Task.checkCancellation()
            do {
                let result = try await repository.packs.verify(pack.id, tier: tier)
                if let damage = result.damage.first {
                    find("pack \(pack.id) in tier \(tier): \(damage)")
                    bad.append(tier)
                } else {
                    good.append(tier)
                }
            } catch let error as PackError {
                find("\(error)")
                if error.code == .notFound || error.code == .damaged { bad.append(tier) }
            }
            report.withLock {
                $0.checkedCount += 1
                $0.checkedByteCount += pack.storedByteCount
            }
        }
        guard let source = good.first else { return }
        let steps = bad.map {
            TierStep(
                pack.id, .heal(in: $0, from: source), storedByteCount: pack.storedByteCount,
                reason: "damaged or missing there")
        }
        report.withLock { $0.plan.steps += steps }
    }

    private func find(_ text: String) { report.withLock { $0.findings.append(text) } }
}
