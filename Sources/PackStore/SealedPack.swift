// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Multiformats

/// A pack that lies durably in its tier, and what is in it.
public struct SealedPack: Sendable {
    /// The pack's name.
    public let id: PackID
    /// What it holds.
    public let kind: PackKind
    /// Where it lies.
    public let tier: PackTier
    /// When its index was written, in milliseconds since 1970 (UTC).
    public let createdAtMilliseconds: Int64
    /// How many blocks it holds.
    public var blockCount: Int { blocks.count }
    /// The bytes of its blocks, before compression.
    public let byteCount: Int64
    /// The size of its file, in bytes.
    public let storedByteCount: Int64
    /// Its blocks; a block's index here is its ordinal.
    public let blocks: [PackBlock]

    /// The CIDs in the order of the ordinals.
    ///
    /// - Complexity: O(blocks); one allocation.
    public var cids: [CID] { blocks.map(\.cid) }
}

/// A block's place in a pack.
public struct PackBlock: Hashable, Sendable {
    /// The block's CID.
    public let cid: CID
    /// The frame that holds it; frame 0 is the CAR header.
    public let frame: Int
    /// Where the block's bytes start in the frame's content.
    public let offset: Int
    /// How many bytes the block has.
    public let byteCount: Int
    /// What is known of it.
    public let flags: BlockFlags

    init(_ block: FrameBlock, frame: Int) {
        self.init(
            cid: block.cid, frame: frame, offset: block.offset, byteCount: block.byteCount,
            flags: block.flags)
    }

    init(cid: CID, frame: Int, offset: Int, byteCount: Int, flags: BlockFlags) {
        self.cid = cid
        self.frame = frame
        self.offset = offset
        self.byteCount = byteCount
        self.flags = flags
    }
}
