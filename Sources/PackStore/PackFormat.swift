// SPDX-License-Identifier: Apache-2.0

import BlockStore
import CAR
import ObjectStore

/// The numbers of the pack format, as `Docs/pack-format.md` explains them.
enum PackFormat {
    /// What a pack's object name ends with.
    static let suffix = ".car.zst"

    /// The most bytes of one block: what fits a frame.
    ///
    /// IPFS keeps to 2 MiB, but bigger ones exist.
    static let maximumBlockByteCount = 32 << 20
    /// The most bytes of a frame's content: one block of the largest size and its section prefix.
    static let maximumContentByteCount = maximumBlockByteCount + 4096
    /// The most bytes of a stored frame: content that does not shrink, with zstd's overhead,
    /// which is at most one part in 256 and a few headers.
    static let maximumStoredByteCount =
        maximumContentByteCount + maximumContentByteCount / 256 + 1024
    /// The most blocks that a reader believes in; an index of them takes some 70 MiB.
    static let maximumBlockCount = 1 << 20
    /// The most frames: one per block, and the header's.
    static let maximumFrameCount = maximumBlockCount + 1
    /// The longest CID in an index: two varints and the longest multihash take fewer.
    static let maximumCIDByteCount = 256

    /// What a zstd frame starts with.
    static let frameMagic: UInt32 = 0xFD2F_B528
    /// What the skippable frame of the index starts with.
    static let indexFrameMagic: UInt32 = 0x184D_2A51
    /// What the skippable frame of the seek table starts with; fixed by the seekable format.
    static let seekTableFrameMagic: UInt32 = 0x184D_2A5E
    /// What the seek table ends with; fixed by the seekable format.
    static let seekTableMagic: UInt32 = 0x8F92_EAB1
    /// Magic and length in front of a skippable frame's payload.
    static let skippableHeaderByteCount = 8
    /// One entry of the seek table: compressed and decompressed size.
    static let seekEntryByteCount = 8
    /// Frame count, descriptor and magic at the end of the seek table.
    static let seekFooterByteCount = 9

    /// "CAIRNPK1".
    static let indexMagic = Array("CAIRNPK1".utf8)
    /// The version of the index that is written, and the only one that is read.
    static let indexVersion: UInt32 = 1
    /// Index flag: the pack's kind is nodes.
    static let nodesFlag: UInt32 = 1
    /// Magic, version, flags, pack ID, creation time, counts.
    static let indexHeaderByteCount = 56
    /// File offset, stored bytes, content bytes.
    static let frameEntryByteCount = 16
    /// Frame, offset, byte count, CID offset, CID byte count, flags.
    static let blockEntryByteCount = 20
    /// The SHA2-256 digest that ends the index.
    static let indexDigestByteCount = 32

    /// The content of frame 0: a CARv1 header that names no real root, since none is known yet.
    static let header = CARHeader.encode(roots: [CARHeader.placeholderRoot])

    /// Frame 0 as it is stored, the same in every pack.
    static let headerFrame: [UInt8] = {
        do { return try FrameCompressor(.none).compress(header) } catch {
            preconditionFailure("zstd cannot store \(header.count) bytes: \(error)")
        }
    }()

    /// The name of a pack's object.
    static func key(_ id: PackID) -> ObjectKey {
        guard let key = ObjectKey(id.description + suffix) else {
            preconditionFailure("\(id) is no object name")
        }
        return key
    }

    /// The pack that an object of that name holds; nil for other objects.
    static func packID(_ key: ObjectKey) -> PackID? {
        key.name.hasSuffix(suffix) ? PackID(key.name.dropLast(suffix.utf8.count)) : nil
    }
}
