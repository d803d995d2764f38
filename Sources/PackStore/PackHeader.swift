// SPDX-License-Identifier: Apache-2.0

import BlockStore
import ObjectStore

/// The fixed part of a pack's index, and where in the file the rest is.
struct PackHeader: Hashable, Sendable {
    /// The pack's name.
    let id: PackID
    /// What it holds.
    let kind: PackKind
    /// When the index was written, in milliseconds since 1970 (UTC).
    let createdAtMilliseconds: Int64
    /// How many frames of data there are, the header's included.
    let frameCount: Int
    /// How many blocks there are.
    let blockCount: Int
    /// Bytes of all CIDs.
    let cidByteCount: Int
    /// Where the data ends and the skippable frame of the index starts.
    let dataEndOffset: Int64
    /// Where the skippable frame of the seek table starts.
    let seekTableOffset: Int64

    /// Where the index itself starts.
    var indexOffset: Int64 { dataEndOffset + Int64(PackFormat.skippableHeaderByteCount) }
    /// Where the table of frames starts, from the start of the index.
    var framesOffset: Int { PackFormat.indexHeaderByteCount }
    /// Where the table of blocks starts, from the start of the index.
    var blocksOffset: Int { framesOffset + frameCount * PackFormat.frameEntryByteCount }
    /// Where the CIDs start, from the start of the index.
    var cidsOffset: Int { blocksOffset + blockCount * PackFormat.blockEntryByteCount }
    /// Where the digest starts, from the start of the index.
    var digestOffset: Int { cidsOffset + cidByteCount }
    /// Byte count of the whole index.
    var indexByteCount: Int { digestOffset + PackFormat.indexDigestByteCount }

    /// Finds the index of the pack `id` from the end of its file, and reads its fixed part.
    ///
    /// - Throws: ``PackError`` with `damaged`, `unsupported`, or an error of the store.
    init(reading object: any ObjectReader, id: PackID) throws(PackError) {
        let places = try TrailerPlaces(reading: object, id: id)
        let bytes = try object.bytes(
            PackFormat.skippableHeaderByteCount + PackFormat.indexHeaderByteCount,
            at: places.indexFrameOffset, of: id)
        let declared = Int(bytes.littleEndian(at: 4, as: UInt32.self))
        guard bytes.littleEndian(at: 0) == PackFormat.indexFrameMagic,
            declared + PackFormat.skippableHeaderByteCount == places.indexFrameByteCount
        else { throw .damaged(id, "no index at offset \(places.indexFrameOffset)") }
        try self.init(
            decoding: Array(bytes[PackFormat.skippableHeaderByteCount...]), id: id, places)
        guard indexByteCount == declared, frameCount == places.dataFrameCount else {
            throw .damaged(id, "the index's counts do not fit its \(declared) bytes")
        }
    }

    /// The cause of damage when an index names another pack than its file.
    struct OtherPack: Error {}

    /// Decodes the fixed part, ``PackFormat/indexHeaderByteCount`` bytes.
    private init(
        decoding bytes: [UInt8], id: PackID, _ places: TrailerPlaces
    ) throws(PackError) {
        guard Array(bytes[0..<8]) == PackFormat.indexMagic else {
            throw .damaged(id, "no index magic at offset \(places.indexFrameOffset + 8)")
        }
        let version = bytes.littleEndian(at: 8, as: UInt32.self)
        guard version == PackFormat.indexVersion else {
            throw PackError(.unsupported, pack: id, message: "index version \(version)")
        }
        let flags = bytes.littleEndian(at: 12, as: UInt32.self)
        guard Array(bytes[16..<32]) == id.bytes else {
            throw PackError(
                .damaged, pack: id, message: "the index is that of another pack", cause: OtherPack()
            )
        }
        let frameCount = bytes.littleEndian(at: 40, as: UInt32.self)
        let blockCount = bytes.littleEndian(at: 44, as: UInt32.self)
        let cidByteCount = bytes.littleEndian(at: 48, as: UInt64.self)
        // So bounded, no sum of the products below overflows.
        guard frameCount > 0, frameCount <= PackFormat.maximumFrameCount,
            blockCount <= PackFormat.maximumBlockCount,
            cidByteCount <= UInt64(PackFormat.maximumBlockCount * PackFormat.maximumCIDByteCount)
        else {
            throw .damaged(id, "\(frameCount) frames, \(blockCount) blocks in the index")
        }
        self.id = id
        self.kind = flags & PackFormat.nodesFlag != 0 ? .nodes : .leaves
        self.createdAtMilliseconds = Int64(bitPattern: bytes.littleEndian(at: 32))
        self.frameCount = Int(frameCount)
        self.blockCount = Int(blockCount)
        self.cidByteCount = Int(cidByteCount)
        self.dataEndOffset = places.indexFrameOffset
        self.seekTableOffset = places.seekTableOffset
    }
}

/// Where index and seek table are, as the last bytes of the file tell.
private struct TrailerPlaces {
    let dataFrameCount: Int
    let seekTableOffset: Int64
    let indexFrameOffset: Int64
    let indexFrameByteCount: Int

    init(reading object: any ObjectReader, id: PackID) throws(PackError) {
        let lastByteCount = PackFormat.seekEntryByteCount + PackFormat.seekFooterByteCount
        let end = object.byteCount
        guard end > Int64(lastByteCount + PackFormat.skippableHeaderByteCount) else {
            throw .damaged(id, "a file of \(end) bytes")
        }
        let last = try object.bytes(lastByteCount, at: end - Int64(lastByteCount), of: id)
        let frameCount = Int(last.littleEndian(at: 8, as: UInt32.self))
        guard last.littleEndian(at: 13) == PackFormat.seekTableMagic, last[12] == 0,
            frameCount > 1, frameCount <= PackFormat.maximumFrameCount + 1,
            last.littleEndian(at: 4) == UInt32(0)
        else { throw .damaged(id, "no seek table at the end") }
        let tableByteCount =
            frameCount * PackFormat.seekEntryByteCount + PackFormat.seekFooterByteCount
        let indexFrameByteCount = last.littleEndian(at: 0, as: UInt32.self)
        let seekTableOffset =
            end - Int64(tableByteCount + PackFormat.skippableHeaderByteCount)
        let indexFrameOffset = seekTableOffset - Int64(indexFrameByteCount)
        guard indexFrameOffset > 0,
            Int(indexFrameByteCount) >= PackFormat.skippableHeaderByteCount
                + PackFormat.indexHeaderByteCount
        else { throw .damaged(id, "no room for an index of \(indexFrameByteCount) bytes") }
        let head = try object.bytes(
            PackFormat.skippableHeaderByteCount, at: seekTableOffset, of: id)
        guard head.littleEndian(at: 0) == PackFormat.seekTableFrameMagic,
            head.littleEndian(at: 4, as: UInt32.self) == tableByteCount
        else { throw .damaged(id, "no seek table at offset \(seekTableOffset)") }
        self.dataFrameCount = frameCount - 1
        self.seekTableOffset = seekTableOffset
        self.indexFrameOffset = indexFrameOffset
        self.indexFrameByteCount = Int(indexFrameByteCount)
    }
}

extension ObjectReader {
    /// Reads exactly `byteCount` bytes of the pack `id`, which were checked against a limit.
    func bytes(_ byteCount: Int, at offset: Int64, of id: PackID) throws(PackError) -> [UInt8] {
        do { return try read(byteCount, at: offset) } catch { throw PackError(error, pack: id) }
    }
}

extension PackError {
    /// A pack whose bytes are not what they must be.
    static func damaged(_ id: PackID, _ message: String) -> PackError {
        PackError(.damaged, pack: id, message: message)
    }
}
