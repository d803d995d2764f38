// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// What a catalog does so that dead blocks can go while ingests and reads go on.
///
/// Blocks are *condemned* first: from then on ``Catalog/durablePlaces(of:)`` passes them over, so
/// that no session that begins later relies on them. When all sessions have ended that began before,
/// what their roots reach is *spared*; the rest is *swept*. Why nothing that was acknowledged can
/// be lost on the way: `Docs/decisions/`, "Epochs of reclamation".
///
/// All calls throw ``CatalogError`` or `CancellationError`, as ``Catalog`` says.
public protocol ReclamationStore: Sendable {
    /// Records a session; its first look-up must come after this call.
    func begin(_ session: Session) async throws

    /// Removes a session that ended by itself; unknown ids are ignored.
    func end(_ id: String) async throws

    /// Ends sessions whose processes are dead: what they commit from now on is refused, and
    /// ``adopt(_:)`` records no snapshot of theirs.
    func abandon(_ ids: [String]) async throws

    /// The sessions that have neither ended nor been abandoned, oldest first.
    func sessions() async throws -> [Session]

    /// Records the snapshot of a run that ended between sealing the pack with its record and
    /// recording it.
    ///
    /// - Returns: false, and nothing is recorded, if the run's session was abandoned: what it
    ///   counted as present may have been swept since.
    func adopt(_ snapshot: SnapshotRecord) async throws -> Bool

    /// All that keeps blocks alive, and a number that has moved whenever a root was added.
    func roots() async throws -> (generation: Int64, roots: [CatalogRoot])

    /// Condemns blocks, in place of those that were condemned before.
    ///
    /// Packs that the catalog does not have, or of other block counts, are passed over.
    ///
    /// - Parameter liveCaches: caches whose sources' roots are live; all others, and those that a
    ///   run has changed since, are not given to runs that begin from now on.
    /// - Returns: the sessions that may rely on what is condemned: those of that moment.
    /// - Throws: ``CatalogError/Code/rebuilding`` while the catalog may miss roots.
    func condemn(
        _ packs: [PackBlocks], liveCaches: [RememberedSource]
    ) async throws -> [Session]

    /// What is condemned, oldest pack first.
    func condemned() async throws -> [PackBlocks]

    /// Takes blocks out of what is condemned, and lets runs have those caches again whose sources'
    /// roots have turned out to be live.
    func spare(_ packs: [PackBlocks], liveCaches: [RememberedSource]) async throws

    /// Ends a collection, whole or broken off: nothing is condemned any more.
    func releaseCondemned() async throws

    /// Removes packs of which each block is condemned, and dooms their files; caches that name none
    /// of their blocks stay current.
    ///
    /// - Parameter generation: that of the roots that were looked at last.
    /// - Returns: false, and nothing is removed, if a root has been added since.
    /// - Throws: ``CatalogError/Code/notCondemned`` if one has a block that is not condemned.
    func sweep(_ packs: [PackID], ifRootGeneration generation: Int64) async throws -> Bool

    /// Commits a pack that took over the living blocks of others, removes these, and dooms their
    /// files, as ``sweep(_:ifRootGeneration:)`` does; it was used when the latest of them was.
    ///
    /// If the catalog has `pack` already, it is taken for unknown.
    ///
    /// - Returns: as of a sweep.
    /// - Throws: ``CatalogError/Code/notCondemned`` if `blocks` are fewer than those of `replaced`
    ///   that are neither condemned nor quarantined.
    func commitRewrite(
        _ pack: PackRecord, blocks: [NewBlock], replacing replaced: [PackID],
        ifRootGeneration generation: Int64
    ) async throws -> Bool

    /// Removes packs that lie in the `cache` tier, which nothing relies on, and dooms their files.
    ///
    /// - Returns: those that were there.
    func evict(_ packs: [PackID]) async throws -> [PackID]

    /// The files that are to be deleted, and must not be taken in again.
    func doomedPacks() async throws -> [DoomedPack]

    /// Takes files that have been deleted from the list.
    func undoom(_ packs: [DoomedPack]) async throws

    /// The stat caches that runs can be given, for a collection to find those that are live.
    func statCaches() async throws -> [RememberedSource]

    /// Marks blocks whose bytes are bad: they count as absent until they are stored again.
    ///
    /// Adds to what is quarantined; passed over as by ``condemn(_:liveCaches:)``. A block that was
    /// not is a loss: all stat caches become stale, so that runs read what they would store again.
    func quarantine(_ packs: [PackBlocks]) async throws

    /// What is quarantined, oldest pack first.
    func quarantined() async throws -> [PackBlocks]

    /// Takes blocks out of quarantine.
    func release(quarantined packs: [PackBlocks]) async throws
}

/// Some blocks of one pack.
public struct PackBlocks: Hashable, Sendable {
    /// The pack.
    public var id: PackID
    /// The blocks, by ordinal; as many bits as the pack has blocks.
    public var blocks: BlockBitmap

    /// Pairs a pack with some of its blocks.
    public init(id: PackID, blocks: BlockBitmap) {
        self.id = id
        self.blocks = blocks
    }
}

/// A file that is to be deleted.
public struct DoomedPack: Hashable, Sendable {
    /// The pack; it may live on in another tier.
    public var id: PackID
    /// Where the file lies.
    public var tier: PackTier

    /// Pairs a pack with a tier.
    public init(id: PackID, tier: PackTier) {
        self.id = id
        self.tier = tier
    }
}

/// A stat cache, as a collection sees it.
public struct RememberedSource: Hashable, Sendable {
    /// The small name of the cache.
    public var number: Int64
    /// Counts the runs that have changed it.
    public var version: Int64
    /// What it is known by.
    public var key: [UInt8]
    /// The row of directory 0, which says what the source became; empty if there is none.
    public var row: [UInt8]
}
