// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import IPLD
import Multiformats
public import ObjectStore

/// A sealed pack, open for reading from any thread.
///
/// Keeps an open object and some hundred bytes, not the index: a block's entry is found by its
/// ordinal with small reads. Every call may block.
public final class PackReader: Sendable {
    private let object: any ObjectReader
    let header: PackHeader

    /// The pack's name.
    public var id: PackID { header.id }
    /// What it holds.
    public var kind: PackKind { header.kind }
    /// How many blocks it holds.
    public var blockCount: Int { header.blockCount }
    /// When its index was written, in milliseconds since 1970 (UTC).
    public var createdAtMilliseconds: Int64 { header.createdAtMilliseconds }
    /// The size of its file, in bytes.
    public var storedByteCount: Int64 { object.byteCount }

    /// Opens the pack `id` in a tier's store.
    ///
    /// - Throws: ``PackError`` with `notFound`, `damaged`, `unsupported`, or of the store.
    public convenience init(_ id: PackID, in store: any ObjectStore) throws(PackError) {
        let object: any ObjectReader
        do { object = try store.open(PackFormat.key(id)) } catch {
            throw PackError(error, pack: id)
        }
        try self.init(id, object)
    }

    init(_ id: PackID, _ object: any ObjectReader) throws(PackError) {
        self.object = object
        self.header = try PackHeader(reading: object, id: id)
    }

    /// Reads and checks the whole index.
    ///
    /// - Throws: ``PackError`` with `damaged`, or of the store.
    /// - Complexity: O(blocks), in time and memory.
    public func index() throws(PackError) -> PackIndex {
        try PackIndex(
            decoding: object.bytes(header.indexByteCount, at: header.indexOffset, of: id), header)
    }

    /// The block's place, as the index tells it.
    ///
    /// - Throws: ``PackError`` with `damaged`, also if there are not so many blocks.
    /// - Complexity: three small reads.
    public func entry(_ ordinal: Int) throws(PackError) -> PackBlock {
        let entry = try blockEntry(ordinal)
        try entry.check(fits: framePlace(entry.frame), id)
        return PackBlock(
            cid: try cid(of: entry), frame: entry.frame, offset: entry.offset,
            byteCount: entry.byteCount, flags: entry.flags)
    }

    /// What the frame decompresses to.
    ///
    /// - Throws: ``PackError`` with `damaged`, or of the store.
    public func frameContent(_ frame: Int) throws(PackError) -> [UInt8] {
        try content(at: framePlace(frame), frame: frame)
    }

    /// The block at `ordinal`, its bytes checked against its CID.
    ///
    /// - Throws: ``PackError`` with `damaged`, or of the store.
    public func block(_ ordinal: Int) throws(PackError) -> Block {
        let entry = try entry(ordinal)
        return try block(entry, ordinal: ordinal, in: frameContent(entry.frame))
    }

    /// The block of `entry`, cut out of its frame's content and checked against its CID.
    private func block(
        _ entry: PackBlock, ordinal: Int, in content: [UInt8]
    ) throws(PackError) -> Block {
        guard entry.offset + entry.byteCount <= content.count else {
            throw .damaged(id, "block \(ordinal) passes the end of its frame")
        }
        let bytes = Array(content[entry.offset..<entry.offset + entry.byteCount])
        do { try entry.cid.verify(bytes.span) } catch {
            throw PackError(
                .damaged, pack: id, message: "block \(ordinal): \(error)", cause: error)
        }
        return Block(cid: entry.cid, bytes: bytes)
    }

    private func blockEntry(_ ordinal: Int) throws(PackError) -> BlockEntry {
        guard ordinal >= 0, ordinal < header.blockCount else {
            throw .damaged(id, "no block \(ordinal) among \(header.blockCount)")
        }
        let offset = header.blocksOffset + ordinal * PackFormat.blockEntryByteCount
        let bytes = try indexBytes(PackFormat.blockEntryByteCount, at: offset)
        return try BlockEntry(decoding: bytes[...], ordinal: ordinal, header)
    }

    private func cid(of entry: BlockEntry) throws(PackError) -> CID {
        let bytes = try indexBytes(entry.cidByteCount, at: header.cidsOffset + entry.cidOffset)
        return try entry.cid(bytes[...], id)
    }

    private func framePlace(_ frame: Int) throws(PackError) -> FramePlace {
        guard frame >= 0, frame < header.frameCount else {
            throw .damaged(id, "no frame \(frame) among \(header.frameCount)")
        }
        let offset = header.framesOffset + frame * PackFormat.frameEntryByteCount
        let bytes = try indexBytes(PackFormat.frameEntryByteCount, at: offset)
        return try FramePlace(decoding: bytes[...], frame: frame, header)
    }

    /// Bytes of the index, from its start.
    func indexBytes(_ byteCount: Int, at offset: Int) throws(PackError) -> [UInt8] {
        try object.bytes(byteCount, at: header.indexOffset + Int64(offset), of: id)
    }

    /// What the frame at `place` decompresses to.
    func content(at place: FramePlace, frame: Int) throws(PackError) -> [UInt8] {
        try content(of: storedFrame(at: place)[...], at: place, frame: frame)
    }

    /// The bytes of the frame at `place` as they are stored.
    func storedFrame(at place: FramePlace) throws(PackError) -> [UInt8] {
        try object.bytes(place.storedByteCount, at: place.offset, of: id)
    }

    /// Bytes of the pack's file, whose number was checked against a limit.
    func bytes(in range: Range<Int64>) throws(PackError) -> [UInt8] {
        try object.bytes(
            Int(range.upperBound - range.lowerBound), at: range.lowerBound, of: id)
    }

    /// What `stored`, the bytes of the frame at `place`, decompress to.
    func content(
        of stored: ArraySlice<UInt8>, at place: FramePlace, frame: Int
    ) throws(PackError) -> [UInt8] {
        let content = FrameDecompressor.content(
            of: stored, contentByteCount: place.contentByteCount)
        do { return try content.get() } catch {
            throw .damaged(id, "frame \(frame) at offset \(place.offset): \(error.reason)")
        }
    }
}
