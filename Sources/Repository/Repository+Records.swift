// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Catalog
import FileIO
public import IPLD
import Multiformats
public import PackStore

extension Repository {
    /// Makes changes to what is kept; when it returns they are durable in a pack and in the
    /// catalog, all or none.
    ///
    /// - Parameter session: that in which it was seen to that all that pins keep is there; their
    ///   changes have its id. Without, one of its own.
    /// - Returns: the changes with the CIDs of their records.
    /// - Throws: `CatalogError` with `conflict` if the tags of a snapshot were changed at the same
    ///   time, and of other kinds; `PackError`, `IOError`.
    @discardableResult
    public func make(
        _ changes: [RootChange], in session: RepositorySession? = nil
    ) async throws -> [RootChange] {
        guard !changes.isEmpty else { return [] }
        var recorded: [RootChange] = []
        var blocks: [Block] = []
        for change in changes {
            let block = try RootChangeBlock.encode(change)
            var change = change
            change.recordCID = block.cid.bytes
            recorded.append(change)
            blocks.append(block)
        }
        // In a session, so that nobody takes the pack in before it is committed.
        if let session {
            try await store(recorded, blocks, in: session)
        } else {
            try await withSession(.pin) { [recorded, blocks] session in
                try await store(recorded, blocks, in: session)
            }
        }
        return recorded
    }

    private func store(
        _ changes: [RootChange], _ blocks: [Block], in session: RepositorySession
    ) async throws {
        let sealed = try await BlockingPool.shared.run { [self] in
            try storeRecords(blocks, in: session)
        }
        do {
            try await catalog.commit(
                PackRecord(sealed, in: session), blocks: Self.places(of: sealed.blocks),
                applying: changes)
        } catch let error as CatalogError where error.code == .conflict {
            // Nothing was committed; without this the next run would take the pack in.
            try await packs.delete(sealed.id, tier: sealed.tier)
            throw error
        }
    }

    /// Applies the changes that blocks record; adds the snapshots that they record.
    ///
    /// The order does not matter, neither of the blocks nor of the calls.
    /// - Returns: how many snapshots were among them, and the blocks that are no records.
    @discardableResult
    public func apply(records blocks: [Block]) async throws -> (snapshots: Int, others: [Block]) {
        var changes: [RootChange] = []
        var snapshots = 0
        var others: [Block] = []
        for block in blocks {
            if let record = SnapshotBlock.decode(block) {
                // False for one of a run that was given up: its blocks may be gone.
                if try await catalog.adopt(record) { snapshots += 1 }
            } else if let change = RootChangeBlock.decode(block) {
                changes.append(change)
            } else {
                others.append(block)
            }
        }
        try await catalog.apply(changes)
        return (snapshots, others)
    }

    /// The blocks of a pack that are marked as records.
    ///
    /// - Throws: `PackError` if one is damaged.
    public func recordBlocks(
        in index: PackIndex, tier: PackTier = .hot
    ) async throws -> [Block] {
        try await blocks(of: index, tier, read: { $0.flags.contains(.snapshotRecord) })
    }

    /// The blocks of a pack without marks that add to what is kept: snapshots and pins.
    ///
    /// For a pack whose index was lost, and with it the marks. What takes away is left out: a
    /// block without a mark may have come in from anybody.
    /// - Throws: `PackError` if one is damaged.
    public func unmarkedRecordBlocks(
        in index: PackIndex, tier: PackTier = .hot
    ) async throws -> [Block] {
        try await blocks(of: index, tier) {
            $0.cid.codec == .dagCBOR
        } kept: { block in
            if SnapshotBlock.decode(block) != nil { return true }
            guard case .pin? = RootChangeBlock.decode(block)?.action else { return false }
            return true
        }
    }

    private func blocks(
        of index: PackIndex, _ tier: PackTier, read isRead: (PackBlock) -> Bool,
        kept isKept: (Block) -> Bool = { _ in true }
    ) async throws -> [Block] {
        var blocks: [Block] = []
        for (ordinal, entry) in index.blocks.enumerated() where isRead(entry) {
            let block = try await packs.block(
                in: index.id, tier: tier, ordinal: ordinal, expecting: entry.cid)
            if isKept(block) { blocks.append(block) }
        }
        return blocks
    }

    /// Writes records to a pack of their own, durably.
    ///
    /// Blocks.
    private func storeRecords(
        _ blocks: [Block], in session: RepositorySession
    ) throws -> SealedPack {
        var writer = try session.beginPack(kind: .nodes)
        let frame = FrameBuilder(compression: .default)
        do throws(PackError) {
            for block in blocks {
                if frame.isFull { try writer.append(try frame.finish()) }
                try frame.append(block, flags: .snapshotRecord)
            }
            try writer.append(try frame.finish())
        } catch {
            writer.abandon()
            throw error
        }
        let finished = try writer.finish()
        do throws(PackError) { return try finished.seal() } catch {
            // What was not synced must not be salvaged.
            finished.abandon()
            throw error
        }
    }
}
