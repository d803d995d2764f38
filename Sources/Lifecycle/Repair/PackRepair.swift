// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Multiformats
import PackStore
import Repository

/// Puts single packs right.
struct PackRepair {
    private let repository: Repository
    private let session: RepositorySession
    /// Damaged packs that this repair has set aside.
    private(set) var setAside: [(tier: PackTier, name: String)] = []

    init(_ repair: Repair, _ session: RepositorySession) {
        self.session = session
        repository = repair.repository
    }

    /// Puts the sound blocks of a damaged pack of the catalog into a new pack, in its place.
    ///
    /// The damaged file is copied aside first if blocks in it are bad: whoever knows more may get
    /// more out of it.
    mutating func rewrite(_ id: PackID, _ report: inout RepairReport) async throws {
        guard let record = try await repository.catalog.pack(id) else { return }  // gone meanwhile
        let result: PackVerification
        do { result = try await repository.packs.verify(id, tier: record.tier) } catch let error
            as PackError where error.code == .notFound
        {
            return try await forget(id, record.tier, &report)
        }
        if result.damage.isEmpty { return try await release(record) }
        if try await healFromCopy(record) {
            report.healedPackCount += 1
            return
        }
        let more = try await copies(of: result, record)
        let tier = record.tier
        let isIndexSound = !result.damage.contains { $0.place == .index }
        if !isIndexSound || result.badOrdinals.count > more.count {
            try await setAside(id, tier)
        }
        // Without an index, the file may be that of a pack of the other kind.
        let kind =
            isIndexSound
            ? record.kind : try await repository.packs.recoverIndex(of: id, tier: tier).kind
        let sealed = try await repository.packs.rewriteSound(
            id, tier: tier, adding: more, flags: Self.flags
        ) { [session] in try session.beginPack(kind: kind, tier: tier) }
        report.rewrittenPackCount += 1
        guard let sealed else {
            try await repository.catalog.forget(packs: [id])
            return try await delete(id, tier)
        }
        report.rewrittenBlockCount += sealed.blockCount
        try await repository.commit(sealed, replacing: [id])
        try await delete(id, tier)
    }

    /// Puts the sound blocks of a pack that the catalog does not know, and that cannot be adopted
    /// as it is, into a new one; the snapshots that it records are recorded.
    mutating func takeIn(
        _ id: PackID, _ tier: PackTier, _ report: inout RepairReport
    ) async throws {
        guard try await repository.catalog.pack(id) == nil else {
            return try await rewrite(id, &report)
        }
        try await setAside(id, tier)
        let found = try await repository.packs.recoverIndex(of: id, tier: tier)
        let sealed = try await repository.packs.rewriteSound(id, tier: tier, flags: Self.flags) {
            [session] in try session.beginPack(kind: found.kind, tier: tier)
        }
        if let sealed {
            report.rewrittenPackCount += 1
            report.rewrittenBlockCount += sealed.blockCount
            try await repository.commit(sealed, replacing: [])
            let index = try await repository.packs.index(of: sealed.id, tier: tier)
            // Only what was ingested here has snapshots: a peer may send anything.
            if tier != .cache {
                try await repository.apply(records: try await repository.recordBlocks(in: index))
            }
        }
        try await delete(id, tier)
    }

    /// Takes a missing pack out of the catalog, unless it is there again; blocks that other packs
    /// hold as well, and that the catalog had in this one, are recorded there.
    mutating func forget(
        _ id: PackID, _ tier: PackTier, _ report: inout RepairReport
    ) async throws {
        do {
            _ = try await repository.packs.storedByteCount(of: id, tier: tier)
            return
        } catch let error as PackError where error.code == .notFound {}
        if let record = try await repository.catalog.pack(id), try await healFromCopy(record) {
            report.healedPackCount += 1
            return
        }
        try await repository.catalog.forget(packs: [id])
        report.forgottenPackCount += 1
        for pack in try await repository.catalog.packs() where try await hasUnknown(pack) {
            try await recommit(pack.id)
        }
    }

    /// Records anew where the blocks of a pack lie.
    func recommit(_ id: PackID) async throws {
        guard let record = try await repository.catalog.pack(id) else { return }
        let index = try await repository.packs.index(of: id, tier: record.tier)
        let blocks = index.blocks.enumerated().map { ordinal, block in
            NewBlock(multihash: Array(block.cid.multihashBytes), ordinal: UInt32(ordinal))
        }
        try await repository.catalog.recommit(record, blocks: blocks)
    }

    private func hasUnknown(_ pack: PackRecord) async throws -> Bool {
        let index: PackIndex
        do {
            index = try await repository.packs.index(of: pack.id, tier: pack.tier)
        } catch is PackError {
            return false  // damaged or missing itself, which is a step of its own
        }
        for start in stride(from: 0, to: index.blocks.count, by: 4096) {
            let blocks = index.blocks[start..<min(start + 4096, index.blocks.count)]
            let known = try await repository.catalog.contains(
                blocks.map { Array($0.cid.multihashBytes) })
            if known.contains(false) { return true }
        }
        return false
    }

    /// Puts a sound copy of a pack from another tier in the place of the one that is read.
    ///
    /// - Returns: whether there is one.
    /// - Throws: `TierError` with `busy` while another process moves packs.
    private func healFromCopy(_ record: PackRecord) async throws -> Bool {
        let others = try await repository.places(ofPack: record.id).filter { $0 != record.tier }
        for tier in others {
            do {
                let copy = try await repository.packs.verify(record.id, tier: tier)
                guard copy.damage.isEmpty else { continue }
            } catch is PackError { continue }
            let step = TierStep(
                record.id, .heal(in: record.tier, from: tier),
                storedByteCount: record.storedByteCount, reason: "damaged or missing there")
            let report = try await TierMove(repository).run { TierPlan([step]) }
            guard report.doneCount == 1 else { continue }
            try await release(record)
            return true
        }
        return false
    }

    /// The bad blocks of a pack that a copy of it in another tier has.
    private func copies(
        of result: PackVerification, _ record: PackRecord
    ) async throws -> [Block] {
        let others = try await repository.places(ofPack: record.id).filter { $0 != record.tier }
        guard !others.isEmpty, !result.badOrdinals.isEmpty else { return [] }
        let index = try await repository.packs.index(of: record.id, tier: record.tier)
        var blocks: [Block] = []
        for ordinal in result.badOrdinals {
            for tier in others {
                do {
                    blocks.append(
                        try await repository.packs.block(
                            in: record.id, tier: tier, ordinal: ordinal,
                            expecting: index.blocks[ordinal].cid))
                    break
                } catch is PackError { continue }
            }
        }
        return blocks
    }

    /// The pack is sound after all: nothing of it stays in quarantine.
    private func release(_ record: PackRecord) async throws {
        try await repository.setQuarantine(
            of: record, to: [], was: try await repository.quarantine())
    }

    private mutating func setAside(_ id: PackID, _ tier: PackTier) async throws {
        let name = try await repository.packs.setAside(id, tier: tier)
        setAside.append((tier, name))
    }

    private func delete(_ id: PackID, _ tier: PackTier) async throws {
        do { try await repository.packs.delete(id, tier: tier) } catch let error as PackError {
            guard error.code == .notFound else { throw error }
        }
    }

    private static let flags: @Sendable (Block) -> BlockFlags = { block in
        Repository.isRecord(block) ? .snapshotRecord : []
    }
}
