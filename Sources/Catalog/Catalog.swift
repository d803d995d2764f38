// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// What a store knows of its packs, blocks and snapshots.
///
/// A catalog is a cache: all of it can be rebuilt from the packs, which describe themselves. Each
/// call is one transaction; when a call that writes returns, what it wrote is durable. Any number
/// of processes may use one catalog at once. Calls may wait for disk, network or another writer,
/// but never on the cooperative pool.
///
/// All calls throw ``CatalogError``, or `CancellationError` when their task is cancelled; what a
/// cancelled call would have written is then either wholly there or not at all.
public protocol Catalog: StatCacheStore, AnnounceStore, PinStore, ReclamationStore, RunStore,
    TierStore, RepairStore
{
    /// Records a sealed, durable pack and where its blocks lie.
    ///
    /// A block that a pack of the catalog already holds keeps its older place, if that is durable.
    /// Committing the same pack id again changes nothing but the versions of `reused`.
    ///
    /// - Parameters:
    ///   - blocks: in any order; ordinals below ``BlockPlace/ordinalLimit``.
    ///   - replaced: packs whose living blocks `pack` took over; forgotten in the same transaction,
    ///     so that at no time a block is in neither.
    ///   - reused: packs with blocks that this commit counted as already present; the version of
    ///     each goes up by one.
    /// - Throws: ``CatalogError/Code/packMissing`` if a pack of `reused` has been removed, and
    ///   nothing is committed: the caller stores those blocks again. Within a session only losses
    ///   count, see ``forget(packs:)``: what else removes packs keeps the blocks that it relies on.
    ///   ``CatalogError/Code/sessionEnded`` if the pack's session has ended or was abandoned.
    ///   ``CatalogError/Code/packDoomed`` if the pack's file is about to be deleted.
    func commit(
        _ pack: PackRecord, blocks: [NewBlock], replacing replaced: [PackID],
        reusing reused: [PackID]) async throws

    /// Where blocks can be read, in the order asked; nil for a block that no pack of the catalog
    /// holds.
    ///
    /// The oldest durable place; where there is none, one that is condemned or in the `cache` tier;
    /// where there is none of these, one that is quarantined.
    ///
    /// - Parameter multihashes: in binary form; may repeat.
    func places(of multihashes: [[UInt8]]) async throws -> [BlockPlace?]

    /// Where blocks lie that whoever stores or pins something may rely on, in the order asked; nil
    /// for a block that must be stored, or stored again.
    ///
    /// A place is durable if its pack is in another tier than `cache` and the block is neither
    /// condemned nor quarantined. It stays so as long as the session lasts in which it was asked.
    ///
    /// - Parameter multihashes: in binary form; may repeat.
    func durablePlaces(of multihashes: [[UInt8]]) async throws -> [BlockPlace?]

    /// Whether blocks are held in any place at all, in the order asked.
    ///
    /// - Parameter multihashes: in binary form; may repeat.
    func contains(_ multihashes: [[UInt8]]) async throws -> [Bool]

    /// All packs, oldest first.
    func packs() async throws -> [PackRecord]

    /// The pack of that id, if the catalog has it.
    func pack(_ id: PackID) async throws -> PackRecord?

    /// Removes a pack and its blocks if no commit has reused it since `version` was read.
    ///
    /// - Returns: whether the pack is gone; false means that its version has moved on.
    func removePack(_ id: PackID, ifVersion version: Int) async throws -> Bool

    /// Removes packs and their blocks, whatever their versions; unknown ids are ignored.
    ///
    /// For packs that are lost: all stat caches become stale. A block that another pack holds too may or may not be found there
    /// afterwards, until that pack is committed again under the same or another id.
    func forget(packs: [PackID]) async throws

    /// Records that each block of a pack was read and matched its multihash.
    ///
    /// - Parameter milliseconds: since 1970 (UTC).
    /// - Throws: ``CatalogError/Code/packMissing``.
    func setVerified(_ id: PackID, atMilliseconds milliseconds: Int64) async throws

    /// Records that a pack now lies in another tier, and dooms the file in the former one.
    ///
    /// - Throws: ``CatalogError/Code/packMissing``.
    func setTier(_ id: PackID, to tier: PackTier) async throws

    /// Records a finished run; a record of the same id is replaced, one that was forgotten stays
    /// so.
    ///
    /// - Parameter reused: as for a pack's commit.
    /// - Throws: ``CatalogError/Code/packMissing`` as for a pack's commit.
    func add(_ snapshot: SnapshotRecord, reusing reused: [PackID]) async throws

    /// Snapshots, newest first by the time they started.
    ///
    /// - Parameter limit: how many at most; nil for all.
    func snapshots(limit: Int?) async throws -> [SnapshotRecord]

    /// The one snapshot whose id starts with `prefix`; nil if there is none.
    ///
    /// - Throws: ``CatalogError/Code/ambiguous`` if several do.
    func snapshot(matching prefix: String) async throws -> SnapshotRecord?

    /// Removes the snapshot of exactly that id from the catalog alone; a rebuild brings it back.
    ///
    /// For good it goes by ``RootChange/Action/forget(_:)``.
    ///
    /// - Returns: whether there was one.
    func removeSnapshot(_ id: String) async throws -> Bool

    /// Sums over packs, by kind and tier, and the catalog's own size.
    ///
    /// - Complexity: O(packs); the blocks are not counted one by one.
    func totals() async throws -> CatalogTotals

    /// Whether the catalog has neither packs nor snapshots, so that every look-up would miss.
    func isEmpty() async throws -> Bool

    /// Empties the catalog and marks it as being rebuilt.
    ///
    /// Packs and snapshots that are committed from now on, by anyone, stay.
    func beginRebuild() async throws

    /// Takes the mark of ``beginRebuild()`` away.
    func finishRebuild() async throws

    /// Whether a rebuild was begun and not finished: what the catalog says is true, but it may
    /// miss packs, and `cairn reindex` must be run.
    func needsRebuild() async throws -> Bool
}

extension Catalog {
    /// Records a sealed, durable pack and where its blocks lie; replaces and reuses none.
    ///
    /// - Throws: as the full form.
    public func commit(_ pack: PackRecord, blocks: [NewBlock]) async throws {
        try await commit(pack, blocks: blocks, replacing: [], reusing: [])
    }

    /// Records a finished run that reuses no pack.
    ///
    /// - Throws: as the full form.
    public func add(_ snapshot: SnapshotRecord) async throws {
        try await add(snapshot, reusing: [])
    }
}
