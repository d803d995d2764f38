// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// What a pack's index says about a block besides its place.
public struct BlockFlags: OptionSet, Hashable, Sendable {
    /// The bits as the index holds them; unknown ones are kept.
    public let rawValue: UInt16

    /// The flags of these bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The block is the record of a snapshot: an entry point for whoever rebuilds the catalog.
    public static let snapshotRecord = BlockFlags(rawValue: 1)
}

/// A block's place in a frame.
public struct FrameBlock: Hashable, Sendable {
    /// The block's CID.
    public let cid: CID
    /// Where the block's bytes start in the frame's content.
    public let offset: Int
    /// How many bytes the block has.
    public let byteCount: Int
    /// What is known of it.
    public let flags: BlockFlags

    /// Pairs a block with its place.
    public init(cid: CID, offset: Int, byteCount: Int, flags: BlockFlags) {
        self.cid = cid
        self.offset = offset
        self.byteCount = byteCount
        self.flags = flags
    }
}

/// One zstd frame of a pack: whole CAR sections, compressed.
public struct Frame: Sendable {
    /// The bytes as they are stored.
    public let stored: [UInt8]
    /// How many bytes the frame decompresses to.
    public let contentByteCount: Int
    /// The blocks in the frame, in order.
    public let blocks: [FrameBlock]

    /// Pairs stored bytes with what is in them, unchecked.
    init(stored: [UInt8], contentByteCount: Int, blocks: [FrameBlock]) {
        self.stored = stored
        self.contentByteCount = contentByteCount
        self.blocks = blocks
    }
}
