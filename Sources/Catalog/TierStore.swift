// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// What a catalog knows of tiers besides the one place of each pack: further copies, and when packs
/// were used.
///
/// Each call is one transaction, as with all of ``Catalog``.
public protocol TierStore: Sendable {
    /// The further copies of all packs, oldest pack first.
    func copies() async throws -> [PackCopy]

    /// The tiers that hold a pack: first the one that is read, then those of further copies.
    ///
    /// Empty if the catalog does not know the pack.
    func tiers(of id: PackID) async throws -> [PackTier]

    /// Records that a whole copy of a pack lies in another tier, too.
    ///
    /// - Throws: ``CatalogError/Code/packMissing``.
    func addCopy(of id: PackID, in tier: PackTier) async throws

    /// Gives up a further copy, whose file is to be deleted from now on.
    ///
    /// - Returns: false if there was no such copy; the one that is read is none.
    func dropCopy(of id: PackID, in tier: PackTier) async throws -> Bool

    /// Records that a pack is read from `destination` from now on, and that its file in `source`
    /// is to be deleted: the one step of a move that counts.
    ///
    /// - Parameter milliseconds: since 1970 (UTC); kept if `destination` is `hot`, since a pack that
    ///   was recalled stays there for a while.
    /// - Returns: false, and nothing is changed, if the pack is no longer read from `source`, or is
    ///   gone.
    func move(
        _ id: PackID, from source: PackTier, to destination: PackTier, atMilliseconds: Int64
    ) async throws -> Bool

    /// Records that a pack is read from one of its further copies from now on; where it was read
    /// before becomes a further copy.
    ///
    /// - Returns: false, and nothing is changed, if there is no such copy.
    func prefer(_ id: PackID, in tier: PackTier) async throws -> Bool

    /// When packs were last read and recalled; those that never were are left out.
    func accesses() async throws -> [PackID: PackAccess]

    /// Keeps the later of what is known and what is given, in milliseconds since 1970 (UTC); packs
    /// that are gone are ignored.
    func noteAccesses(_ times: [PackID: Int64]) async throws

    /// Records a pack of the tier `cache` that took over the blocks of others there, and dooms their
    /// files; no stat cache becomes stale, as nothing relies on that tier.
    ///
    /// Packs of `replaced` that lie elsewhere, or are gone, stay as they are.
    func commitCached(
        _ pack: PackRecord, blocks: [NewBlock], replacing replaced: [PackID]) async throws
}

/// A further copy of a pack.
public struct PackCopy: Hashable, Sendable {
    /// The pack.
    public var id: PackID
    /// The tier that holds the copy.
    public var tier: PackTier

    /// Pairs a pack with a tier.
    public init(id: PackID, tier: PackTier) {
        self.id = id
        self.tier = tier
    }
}

/// When a pack was used, in milliseconds since 1970 (UTC).
public struct PackAccess: Hashable, Sendable {
    /// When a block of it was last read, as far as that was noted: to the hour.
    public var readAtMilliseconds: Int64?
    /// When it last came back to `hot`.
    public var recalledAtMilliseconds: Int64?

    /// Pairs the two.
    public init(readAtMilliseconds: Int64? = nil, recalledAtMilliseconds: Int64? = nil) {
        self.readAtMilliseconds = readAtMilliseconds
        self.recalledAtMilliseconds = recalledAtMilliseconds
    }

    /// Takes over what is later in `other`.
    mutating func join(_ other: PackAccess) {
        readAtMilliseconds = Self.later(readAtMilliseconds, other.readAtMilliseconds)
        recalledAtMilliseconds = Self.later(recalledAtMilliseconds, other.recalledAtMilliseconds)
    }

    private static func later(_ one: Int64?, _ other: Int64?) -> Int64? {
        guard let one, let other else { return one ?? other }
        return max(one, other)
    }
}
