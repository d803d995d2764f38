// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import PackStore
public import Repository

/// Rebuilds the catalog from the packs alone: what `cairn reindex` does (promise P4).
///
/// Only the packs' own indexes are read, and the records of snapshots, pins and removals, which
/// may be met in any order; a pack whose index is
/// damaged is read whole. Others may ingest meanwhile: what they commit stays.
public struct Reindex: Sendable {
    let repository: Repository

    /// A rebuild of the catalog of `repository`, which may be empty or wrong.
    public init(_ repository: Repository) { self.repository = repository }

    /// Rebuilds the catalog; `onPack` hears of each pack that is done.
    ///
    /// - Throws: `CatalogError`, or `PackError` if the tier cannot be listed. A pack that cannot
    ///   be read is a result. Interrupted, the catalog says that it must be rebuilt.
    public func run(
        onPack: @Sendable (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) async throws -> ReindexReport {
        var report = ReindexReport()
        try await repository.catalog.beginRebuild()
        var files: [(id: PackID, tier: PackTier)] = []
        var unreachable: Set<PackTier> = []
        for (tier, error) in try await repository.salvageAllParts(&report.salvagedPackCount) {
            report.failures.append("\(error)")
            unreachable.insert(tier)
        }
        for tier in repository.tiers where !unreachable.contains(tier) {
            files += try await repository.packs.packs(in: tier).map { ($0, tier) }
        }
        let packs = try await arrange(files)
        for (index, pack) in packs.enumerated() {
            try Task.checkCancellation()
            do {
                try await add(pack.id, pack.tier, &report)
                for tier in pack.copies {
                    try await repository.catalog.addCopy(of: pack.id, in: tier)
                }
            } catch let error as PackError {
                report.failures.append("\(error)")
            }
            onPack(index + 1, packs.count)
        }
        report.snapshotCount = try await repository.catalog.snapshots(limit: nil).count
        report.pinCount = try await repository.catalog.pins().count
        try await repository.catalog.finishRebuild()
        return report
    }

    private func add(
        _ id: PackID, _ tier: PackTier, _ report: inout ReindexReport
    ) async throws {
        let index: PackIndex
        var hasMarks = true
        do { index = try await repository.packs.index(of: id, tier: tier) } catch let error
            as PackError where error.code == .damaged
        {
            index = try await repository.packs.recoverIndex(of: id, tier: tier)
            hasMarks = false
            report.failures.append("\(error); its sound blocks were recovered")
        }
        try await repository.commit(index, tier: tier)
        report.packCount += 1
        report.blockCount += index.blocks.count
        // Only what was ingested here has records, here or in a mirror: a peer may send anything.
        guard tier != .cache else { return }
        let records =
            hasMarks
            ? try await repository.recordBlocks(in: index, tier: tier)
            : try await repository.unmarkedRecordBlocks(in: index, tier: tier)
        let (snapshots, others) = try await repository.apply(records: records)
        report.failures += others.map { "block \($0.cid) is marked as a record and is none" }
        report.recordedSnapshotCount += snapshots
    }
}

/// What a rebuild found.
public struct ReindexReport: Sendable {
    /// Packs whose blocks are in the catalog now.
    public var packCount = 0
    /// Blocks in them, counted once per pack.
    public var blockCount = 0
    /// Records of snapshots found, those included that were forgotten later.
    public var recordedSnapshotCount = 0
    /// Snapshots in the catalog now.
    public var snapshotCount = 0
    /// Pins in the catalog now.
    public var pinCount = 0
    /// Packs that were completed from what a dead writer had left.
    public var salvagedPackCount = 0
    /// What could not be read, in words.
    public var failures: [String] = []
}
