// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Multiformats

/// A frame's place in the pack's file.
struct FramePlace: Hashable, Sendable {
    /// Where the frame starts in the file.
    var offset: Int64
    /// How many bytes it takes there.
    var storedByteCount: Int
    /// How many bytes it decompresses to.
    var contentByteCount: Int
}

/// What is known of a pack's frames and blocks, and the bytes that tell it at the pack's end.
struct PackContents: Sendable {
    /// All frames of data, the header's included.
    private(set) var frames: [FramePlace] = []
    /// All blocks, in the order of the data.
    private(set) var blocks: [PackBlock] = []
    /// Bytes of all CIDs.
    private(set) var cidByteCount = 0
    /// Bytes of all blocks.
    private(set) var byteCount: Int64 = 0

    /// The contents of a pack that holds its header only.
    static var begun: PackContents {
        var contents = PackContents()
        contents.append(
            storedByteCount: PackFormat.headerFrame.count,
            contentByteCount: PackFormat.header.count, blocks: [])
        return contents
    }

    /// Where the next frame starts.
    var endOffset: Int64 {
        frames.last.map { $0.offset + Int64($0.storedByteCount) } ?? 0
    }

    /// Adds a frame behind the last one.
    mutating func append(
        storedByteCount: Int, contentByteCount: Int, blocks frameBlocks: [FrameBlock]
    ) {
        for block in frameBlocks {
            blocks.append(PackBlock(block, frame: frames.count))
            cidByteCount += block.cid.bytes.count
            byteCount += Int64(block.byteCount)
        }
        frames.append(
            FramePlace(
                offset: endOffset, storedByteCount: storedByteCount,
                contentByteCount: contentByteCount))
    }

    /// Adds a frame that was found behind the last one, and its sound blocks.
    mutating func append(_ frame: WalkedFrame) {
        append(
            storedByteCount: frame.place.storedByteCount,
            contentByteCount: frame.place.contentByteCount, blocks: frame.blocks)
    }

    /// The kind of a pack that does not tell: leaves if all blocks are raw bytes.
    var guessedKind: PackKind {
        blocks.allSatisfy { $0.cid.codec == .raw } ? .leaves : .nodes
    }

    /// Whether both hold the same frames and blocks, whatever their flags.
    func isSame(as other: PackContents) -> Bool {
        frames == other.frames && blocks.count == other.blocks.count
            && zip(blocks, other.blocks).allSatisfy { left, right in
                left.cid == right.cid && left.offset == right.offset
                    && left.byteCount == right.byteCount && left.frame == right.frame
            }
    }

    /// The skippable frames of the index and the seek table.
    ///
    /// - Complexity: O(frames and blocks).
    func trailer(id: PackID, kind: PackKind, createdAtMilliseconds: Int64) -> [UInt8] {
        let indexByteCount =
            PackFormat.indexHeaderByteCount + frames.count * PackFormat.frameEntryByteCount
            + blocks.count * PackFormat.blockEntryByteCount + cidByteCount
            + PackFormat.indexDigestByteCount
        var output: [UInt8] = []
        output.reserveCapacity(
            indexByteCount + (frames.count + 4) * PackFormat.seekEntryByteCount)
        output.append(littleEndian: PackFormat.indexFrameMagic)
        output.append(littleEndian: UInt32(indexByteCount))
        appendIndex(id: id, kind: kind, createdAtMilliseconds, to: &output)
        appendSeekTable(
            indexFrameByteCount: indexByteCount + PackFormat.skippableHeaderByteCount, to: &output)
        return output
    }

    /// Appends the skippable frame of the seek table, of all frames including the index's.
    func appendSeekTable(indexFrameByteCount: Int, to output: inout [UInt8]) {
        let byteCount =
            (frames.count + 1) * PackFormat.seekEntryByteCount + PackFormat.seekFooterByteCount
        output.append(littleEndian: PackFormat.seekTableFrameMagic)
        output.append(littleEndian: UInt32(byteCount))
        for frame in frames {
            output.append(littleEndian: UInt32(frame.storedByteCount))
            output.append(littleEndian: UInt32(frame.contentByteCount))
        }
        output.append(littleEndian: UInt32(indexFrameByteCount))
        output.append(littleEndian: UInt32(0))
        output.append(littleEndian: UInt32(frames.count + 1))
        output.append(0)  // descriptor: no checksum per frame, the frames have their own
        output.append(littleEndian: PackFormat.seekTableMagic)
    }

    private func appendIndex(
        id: PackID, kind: PackKind, _ createdAtMilliseconds: Int64, to output: inout [UInt8]
    ) {
        let start = output.count
        output.append(contentsOf: PackFormat.indexMagic)
        output.append(littleEndian: PackFormat.indexVersion)
        output.append(littleEndian: kind == .nodes ? PackFormat.nodesFlag : 0)
        output.append(contentsOf: id.bytes)
        output.append(littleEndian: UInt64(bitPattern: createdAtMilliseconds))
        output.append(littleEndian: UInt32(frames.count))
        output.append(littleEndian: UInt32(blocks.count))
        output.append(littleEndian: UInt64(cidByteCount))
        for frame in frames {
            output.append(littleEndian: UInt64(frame.offset))
            output.append(littleEndian: UInt32(frame.storedByteCount))
            output.append(littleEndian: UInt32(frame.contentByteCount))
        }
        var cidOffset = 0
        for block in blocks {
            output.append(littleEndian: UInt32(block.frame))
            output.append(littleEndian: UInt32(block.offset))
            output.append(littleEndian: UInt32(block.byteCount))
            output.append(littleEndian: UInt32(cidOffset))
            output.append(littleEndian: UInt16(block.cid.bytes.count))
            output.append(littleEndian: block.flags.rawValue)
            cidOffset += block.cid.bytes.count
        }
        for block in blocks { output.append(contentsOf: block.cid.bytes) }
        output.append(contentsOf: output.span.extracting(start..<output.count).sha2_256)
    }
}

extension Span<UInt8> {
    /// The SHA2-256 digest.
    var sha2_256: [UInt8] {
        do { return try HashFunction.sha2_256.digest(of: self) } catch {
            preconditionFailure("SHA2-256 takes any input, but: \(error)")
        }
    }
}
