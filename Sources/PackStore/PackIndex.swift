// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Multiformats

/// The whole index of a pack, checked: what `reindex`, GC and verify go through.
///
/// Takes some 150 bytes of memory per block; single blocks are found without it.
public struct PackIndex: Sendable {
    /// The pack's name.
    public let id: PackID
    /// What it holds.
    public let kind: PackKind
    /// When the index was written, in milliseconds since 1970 (UTC).
    public let createdAtMilliseconds: Int64
    /// What is in the pack.
    let contents: PackContents

    /// The pack's blocks; a block's index here is its ordinal.
    public var blocks: [PackBlock] { contents.blocks }
    /// The bytes of its blocks, before compression.
    public var byteCount: Int64 { contents.byteCount }
    /// How many frames of data there are, the CAR header's included.
    public var frameCount: Int { contents.frames.count }

    /// The ordinal of the first block with this multihash, or nil.
    ///
    /// - Complexity: O(blocks).
    public func find(_ multihash: Multihash) -> Int? {
        let wanted = multihash.bytes[...]
        return blocks.firstIndex { $0.cid.multihashBytes == wanted }
    }
}

extension PackIndex {
    init(_ header: PackHeader, contents: PackContents) {
        self.init(
            id: header.id, kind: header.kind,
            createdAtMilliseconds: header.createdAtMilliseconds, contents: contents)
    }

    /// Decodes a whole index, whose fixed part `header` was read from the same bytes.
    ///
    /// - Throws: ``PackError`` with `damaged`.
    init(decoding bytes: [UInt8], _ header: PackHeader) throws(PackError) {
        let digest = bytes.span.extracting(0..<header.digestOffset).sha2_256
        guard bytes[header.digestOffset...].elementsEqual(digest) else {
            throw .damaged(header.id, "the index does not match its digest")
        }
        var contents = PackContents()
        var ordinal = 0
        for frame in 0..<header.frameCount {
            let offset = header.framesOffset + frame * PackFormat.frameEntryByteCount
            let place = try FramePlace(decoding: bytes[offset...], frame: frame, header)
            guard place.offset == contents.endOffset else {
                throw .damaged(header.id, "frame \(frame) does not begin where the last one ends")
            }
            var blocks: [FrameBlock] = []
            while ordinal < header.blockCount {
                let offset = header.blocksOffset + ordinal * PackFormat.blockEntryByteCount
                let entry = try BlockEntry(decoding: bytes[offset...], ordinal: ordinal, header)
                if entry.frame != frame { break }
                try entry.check(fits: place, header.id)
                let start = header.cidsOffset + entry.cidOffset
                let cid = try entry.cid(bytes[start..<start + entry.cidByteCount], header.id)
                blocks.append(
                    FrameBlock(
                        cid: cid, offset: entry.offset, byteCount: entry.byteCount,
                        flags: entry.flags))
                ordinal += 1
            }
            contents.append(
                storedByteCount: place.storedByteCount,
                contentByteCount: place.contentByteCount, blocks: blocks)
        }
        guard ordinal == header.blockCount, contents.endOffset == header.dataEndOffset else {
            throw .damaged(header.id, "the index does not cover the pack in order")
        }
        self.init(header, contents: contents)
    }
}
