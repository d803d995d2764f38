// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
import Multiformats
public import PackStore

extension Repository {
    /// Records a sealed pack in the catalog, as one of a session if it is.
    ///
    /// - Throws: `CatalogError`.
    public func commit(_ pack: SealedPack, in session: RepositorySession? = nil) async throws {
        try await catalog.commit(
            PackRecord(pack, in: session), blocks: Self.places(of: pack.blocks))
    }

    /// Records a pack in the catalog whose index was read, as one of a session if it is.
    ///
    /// - Throws: `CatalogError`, `PackError`.
    public func commit(
        _ pack: PackIndex, tier: PackTier, in session: RepositorySession? = nil
    ) async throws {
        let record = PackRecord(
            id: pack.id, kind: pack.kind, tier: tier, blockCount: pack.blocks.count,
            byteCount: pack.byteCount,
            storedByteCount: try await packs.storedByteCount(of: pack.id, tier: tier),
            createdAtMilliseconds: pack.createdAtMilliseconds, sessionID: session?.id)
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
    /// is applied. Then the sessions of dead processes are ended, and files in ``localTiers``
    /// deleted that nothing relies on any more. Safe beside live writers: what a
    /// living session has begun is left alone.
    ///
    /// - Parameter session: that of the run for which this is done; without, one of its own.
    /// - Returns: what was found; parts that could not be completed stay for the next time.
    /// - Throws: `CatalogError`, `IOError`, or `PackError` if the tier cannot be listed.
    @discardableResult
    public func salvage(in session: RepositorySession? = nil) async throws -> SalvageReport {
        guard let session else {
            return try await withSession(.salvage) { try await salvage(in: $0) }
        }
        // A pack that is in the catalog now and not afterwards was removed in between.
        let known = try await knownPacks()
        var report = SalvageReport()
        for tier in Self.localTiers { report += try await salvageParts(in: tier) }
        for pack in report.packs { try await commit(pack, in: session) }
        for tier in Self.localTiers { try await adopt(tier, besides: known, in: session) }
        try await endDeadSessions()
        try await removeDoomed(in: Self.localTiers)
        return report
    }

    private func knownPacks() async throws -> Set<PackID> {
        Set(try await catalog.packs().map(\.id))
    }

    /// Commits sealed packs that the catalog does not know and no living session has begun.
    ///
    /// A collection cannot remove a pack in the meantime that this would take in again: it waits
    /// for sessions that began before it condemned, and what it condemned before this one began
    /// was in the catalog then, so it is among `known`.
    private func adopt(
        _ tier: PackTier, besides known: Set<PackID>, in session: RepositorySession
    ) async throws {
        let listed = try await packs.packs(in: tier).filter { !known.contains($0) }
        if listed.isEmpty { return }
        // In this order: a session that has ended when it is looked for has committed its packs.
        let begun = try await findSessions().packs
        let committed = try await knownPacks()
        let doomed = Set(try await catalog.doomedPacks().filter { $0.tier == tier }.map(\.id))
        let unknown = listed.filter {
            !begun.contains($0) && !committed.contains($0) && !doomed.contains($0)
        }
        if unknown.isEmpty { return }
        // Their writer may have ended between giving a pack its name and making that durable.
        try await BlockingPool.shared.run { [path] in
            try Directory(path + "/packs/" + tier.name).synchronize()
        }
        for id in unknown {
            // A pack whose index is damaged is left to `cairn verify` and `cairn reindex`; one that
            // is gone by now was deleted as doomed.
            guard let index = try? await packs.index(of: id, tier: tier) else { continue }
            try await commit(index, tier: tier, in: session)
            // Only what was ingested here has records: a peer may send anything.
            if tier == .hot { try await apply(records: try await recordBlocks(in: index)) }
        }
    }
}

extension PackRecord {
    init(_ pack: SealedPack, in session: RepositorySession? = nil) {
        self.init(
            id: pack.id, kind: pack.kind, tier: pack.tier, blockCount: pack.blockCount,
            byteCount: pack.byteCount, storedByteCount: pack.storedByteCount,
            createdAtMilliseconds: pack.createdAtMilliseconds, sessionID: session?.id)
    }
}
