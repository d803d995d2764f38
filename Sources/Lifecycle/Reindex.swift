// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import PackStore
public import Repository

/// Rebuilds the catalog from the packs alone: what `cairn reindex` does (promise P4).
///
/// Only the packs' own indexes are read, and the records of snapshots; a pack whose index is
/// damaged is read whole. Others may ingest meanwhile: what they commit stays.
public struct Reindex: Sendable {
    private let repository: Repository

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
        var packs: [(id: PackID, tier: PackTier)] = []
        for tier in Repository.tiers {
            report.salvagedPackCount += try await repository.packs.salvage(tier).packs.count
            packs += try await repository.packs.packs(in: tier).map { ($0, tier) }
        }
        for (index, pack) in packs.enumerated() {
            try Task.checkCancellation()
            do { try await add(pack.id, pack.tier, &report) } catch let error as PackError {
                report.failures.append("\(error)")
            }
            onPack(index + 1, packs.count)
        }
        try await repository.catalog.finishRebuild()
        return report
    }

    private func add(
        _ id: PackID, _ tier: PackTier, _ report: inout ReindexReport
    ) async throws {
        let index: PackIndex
        do { index = try await repository.packs.index(of: id, tier: tier) } catch let error
            as PackError where error.code == .damaged
        {
            index = try await repository.packs.recoverIndex(of: id, tier: tier)
            report.failures.append("\(error); its sound blocks were recovered")
        }
        try await repository.commit(index, tier: tier)
        report.packCount += 1
        report.blockCount += index.blocks.count
        // Only what was ingested here has snapshots: a peer may send anything.
        if tier == .hot { try await addSnapshots(in: index, &report) }
    }

    private func addSnapshots(
        in index: PackIndex, _ report: inout ReindexReport
    ) async throws {
        for block in try await repository.snapshotBlocks(in: index) {
            guard let record = SnapshotBlock.decode(block) else {
                report.failures.append("block \(block.cid) is marked as a snapshot and is none")
                continue
            }
            try await repository.catalog.add(record)
            report.snapshotCount += 1
        }
    }
}

/// What a rebuild found.
public struct ReindexReport: Sendable {
    /// Packs whose blocks are in the catalog now.
    public var packCount = 0
    /// Blocks in them, counted once per pack.
    public var blockCount = 0
    /// Snapshots found.
    public var snapshotCount = 0
    /// Packs that were completed from what a dead writer had left.
    public var salvagedPackCount = 0
    /// What could not be read, in words.
    public var failures: [String] = []
}
