// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// Where a block lies: a pack, and the block's index in the pack's own index.
public struct BlockPlace: Hashable, Sendable {
    /// One more than the highest ordinal, so the most blocks that one pack can hold: 16,777,216.
    public static let ordinalLimit: UInt32 = 1 << 24

    /// The pack that holds the block.
    public var packID: PackID
    /// The block's index in the pack's own index.
    public var ordinal: UInt32

    /// Pairs a pack with an index into it.
    public init(packID: PackID, ordinal: UInt32) {
        self.packID = packID
        self.ordinal = ordinal
    }
}

/// A block of a pack that is being committed.
public struct NewBlock: Hashable, Sendable {
    /// The longest key, in bytes; a multihash is at most 138 long.
    public static let maximumMultihashByteCount = 255

    /// The block's multihash in binary form, 1 to ``maximumMultihashByteCount`` bytes.
    public var multihash: [UInt8]
    /// The block's index in the pack's own index, below ``BlockPlace/ordinalLimit``.
    public var ordinal: UInt32

    /// Pairs a multihash with an index into the pack.
    public init(multihash: [UInt8], ordinal: UInt32) {
        self.multihash = multihash
        self.ordinal = ordinal
    }
}
