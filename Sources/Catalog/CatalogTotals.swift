// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// Sums over the packs of a catalog.
public struct CatalogTotals: Hashable, Sendable {
    /// The packs of one kind in one tier.
    public struct Group: Hashable, Sendable {
        /// What the packs hold.
        public var kind: PackKind
        /// Where they lie.
        public var tier: PackTier
        /// How many packs there are.
        public var packCount: Int
        /// How many blocks they hold; a block in two packs counts twice.
        public var blockCount: Int
        /// The bytes of the blocks, before compression.
        public var byteCount: Int64
        /// The size of the files or objects, in bytes.
        public var storedByteCount: Int64
    }

    /// One group for each kind and tier that has packs, ordered by tier, then kind.
    public var groups: [Group]
    /// How many snapshots there are.
    public var snapshotCount: Int
    /// The catalog's own size, in bytes, without what is not yet checkpointed.
    public var catalogByteCount: Int64

    /// How many packs there are.
    public var packCount: Int { groups.reduce(0) { $0 + $1.packCount } }
    /// How many blocks the packs hold; a block in two packs counts twice.
    public var blockCount: Int { groups.reduce(0) { $0 + $1.blockCount } }
    /// The bytes of the blocks, before compression.
    public var byteCount: Int64 { groups.reduce(0) { $0 + $1.byteCount } }
    /// The size of the packs' files or objects, in bytes.
    public var storedByteCount: Int64 { groups.reduce(0) { $0 + $1.storedByteCount } }
}
