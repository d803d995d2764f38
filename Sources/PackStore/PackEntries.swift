// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Multiformats

extension FramePlace {
    /// Decodes one entry of the table of frames, and checks it against file and limits.
    ///
    /// - Throws: ``PackError`` with `damaged`.
    init(
        decoding entry: ArraySlice<UInt8>, frame: Int, _ header: PackHeader
    ) throws(PackError) {
        let bytes = Array(entry.prefix(PackFormat.frameEntryByteCount))
        let offset = bytes.littleEndian(at: 0, as: UInt64.self)
        let stored = bytes.littleEndian(at: 8, as: UInt32.self)
        let content = bytes.littleEndian(at: 12, as: UInt32.self)
        guard stored <= PackFormat.maximumStoredByteCount,
            content <= PackFormat.maximumContentByteCount,
            offset <= UInt64(header.dataEndOffset),
            UInt64(stored) <= UInt64(header.dataEndOffset) - offset
        else {
            throw .damaged(
                header.id, "frame \(frame) of \(stored) bytes, at \(offset), is out of bounds")
        }
        self.init(
            offset: Int64(offset), storedByteCount: Int(stored), contentByteCount: Int(content))
    }
}

/// One entry of the table of blocks.
struct BlockEntry {
    let frame: Int
    let offset: Int
    let byteCount: Int
    let cidOffset: Int
    let cidByteCount: Int
    let flags: BlockFlags
    private let ordinal: Int

    /// Decodes an entry, and checks all of it but whether it fits its frame.
    ///
    /// - Throws: ``PackError`` with `damaged`.
    init(
        decoding entry: ArraySlice<UInt8>, ordinal: Int, _ header: PackHeader
    ) throws(PackError) {
        let bytes = Array(entry.prefix(PackFormat.blockEntryByteCount))
        self.ordinal = ordinal
        frame = Int(bytes.littleEndian(at: 0, as: UInt32.self))
        offset = Int(bytes.littleEndian(at: 4, as: UInt32.self))
        byteCount = Int(bytes.littleEndian(at: 8, as: UInt32.self))
        cidOffset = Int(bytes.littleEndian(at: 12, as: UInt32.self))
        cidByteCount = Int(bytes.littleEndian(at: 16, as: UInt16.self))
        flags = BlockFlags(rawValue: bytes.littleEndian(at: 18))
        guard frame < header.frameCount, byteCount <= PackFormat.maximumBlockByteCount,
            cidByteCount <= PackFormat.maximumCIDByteCount,
            cidOffset + cidByteCount <= header.cidByteCount
        else { throw .damaged(header.id, "block \(ordinal) is out of bounds") }
    }

    /// Checks that the block lies within its frame.
    func check(fits place: FramePlace, _ id: PackID) throws(PackError) {
        guard offset + byteCount <= place.contentByteCount else {
            throw .damaged(id, "block \(ordinal) passes the end of frame \(frame)")
        }
    }

    /// The CID from its bytes.
    func cid(_ bytes: ArraySlice<UInt8>, _ id: PackID) throws(PackError) -> CID {
        do { return try CID(Array(bytes)) } catch {
            throw PackError(
                .damaged, pack: id, message: "block \(ordinal) has no CID", cause: error)
        }
    }
}
