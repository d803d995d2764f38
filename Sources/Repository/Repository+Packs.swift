// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
import Multiformats
public import PackStore

extension Repository {
    /// Records a sealed pack in the catalog.
    public func commit(_ pack: SealedPack) async throws {
        try await catalog.commit(PackRecord(pack), blocks: Self.places(of: pack.blocks))
    }

    /// Records a pack in the catalog whose index was read.
    public func commit(_ pack: PackIndex, tier: PackTier) async throws {
        let record = PackRecord(
            id: pack.id, kind: pack.kind, tier: tier, blockCount: pack.blocks.count,
            byteCount: pack.byteCount,
            storedByteCount: try await packs.storedByteCount(of: pack.id, tier: tier),
            createdAtMilliseconds: pack.createdAtMilliseconds)
        try await catalog.commit(record, blocks: Self.places(of: pack.blocks))
    }

    static func places(of blocks: [PackBlock]) -> [NewBlock] {
        blocks.enumerated().map { ordinal, block in
            NewBlock(multihash: Array(block.cid.multihashBytes), ordinal: UInt32(ordinal))
        }
    }

    /// Takes in what was written and never reached the catalog, as after a crash.
    ///
    /// Of packs that dead writers left unfinished every whole frame is kept; packs that were
    /// sealed but not committed are committed, and what they record of snapshots, pins and removals
    /// is applied. Safe
    /// beside live writers: committing a pack twice changes nothing.
    ///
    /// - Returns: what was found; parts that could not be completed stay for the next time.
    /// - Throws: `CatalogError`, or `PackError` if the tier cannot be listed.
    @discardableResult
    public func salvage() async throws -> SalvageReport {
        var report = SalvageReport()
        for tier in Self.tiers { report += try await packs.salvage(tier) }
        for pack in report.packs { try await commit(pack) }
        for tier in Self.tiers { try await adopt(tier) }
        return report
    }

    /// Commits sealed packs that the catalog does not know.
    private func adopt(_ tier: PackTier) async throws {
        let known = Set(try await catalog.packs().map(\.id))
        let unknown = try await packs.packs(in: tier).filter { !known.contains($0) }
        if unknown.isEmpty { return }
        // Their writer may have ended between giving a pack its name and making that durable.
        try await BlockingPool.shared.run { [path] in
            try Directory(path + "/packs/" + tier.name).synchronize()
        }
        for id in unknown {
            // A pack whose index is damaged is left to `cairn verify` and `cairn reindex`.
            guard let index = try? await packs.index(of: id, tier: tier) else { continue }
            try await commit(index, tier: tier)
            // Only what was ingested here has records: a peer may send anything.
            if tier == .hot { try await apply(records: try await recordBlocks(in: index)) }
        }
    }
}

extension PackRecord {
    init(_ pack: SealedPack) {
        self.init(
            id: pack.id, kind: pack.kind, tier: pack.tier, blockCount: pack.blockCount,
            byteCount: pack.byteCount, storedByteCount: pack.storedByteCount,
            createdAtMilliseconds: pack.createdAtMilliseconds)
    }
}
