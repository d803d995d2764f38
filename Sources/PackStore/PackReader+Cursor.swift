// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats

/// Reads blocks of one pack in the order of their ordinals, or any other.
///
/// Blocks asked for together lie together, as a rule: the tables are read some entries at a time,
/// and the frame that was decompressed last is kept. So a small block costs no system call of its
/// own.
struct PackCursor {
    /// Bytes of a table that are read at once: 128 blocks or frames, half a page.
    private static let windowEntryCount = 128

    /// Entries of a table that were read together.
    private struct Window {
        var first = 0
        var bytes: [UInt8] = []

        /// The entry at `index`, if it is here.
        func entry(_ index: Int, byteCount: Int) -> ArraySlice<UInt8>? {
            let start = (index - first) * byteCount
            guard index >= first, start + byteCount <= bytes.count else { return nil }
            return bytes[start..<start + byteCount]
        }
    }

    private let reader: PackReader
    private var blocks = Window()
    private var frames = Window()
    /// The frame decompressed last; -1 for none.
    private var frame = -1
    private var content: [UInt8] = []
    /// What to read at once of a pack far away, in order, and the bytes of the last such read.
    private var runs: [Range<Int64>] = []
    private var run: (offset: Int64, bytes: [UInt8]) = (0, [])

    init(_ reader: PackReader) { self.reader = reader }

    /// The block at `ordinal`, checked against `cid`.
    ///
    /// - Parameter cache: asked for a frame's content before the pack is, and given it after.
    /// - Throws: ``PackError`` with `otherBlock` or `damaged`, or of the store.
    mutating func block(
        _ ordinal: Int, expecting cid: CID, cache: some FrameCache
    ) throws(PackError) -> Block {
        let entry = try blockEntry(ordinal)
        try load(entry, cache)
        guard entry.offset + entry.byteCount <= content.count else {
            throw .damaged(reader.id, "block \(ordinal) passes the end of frame \(entry.frame)")
        }
        let bytes = Array(content[entry.offset..<entry.offset + entry.byteCount])
        do { try cid.verify(bytes.span) } catch {
            // Only now does it matter what the pack says of the block.
            let stored = try reader.entry(ordinal).cid
            guard stored.multihashBytes == cid.multihashBytes else {
                throw PackError(
                    .otherBlock, pack: reader.id, message: "block \(ordinal) is \(stored)")
            }
            throw PackError(
                .damaged, pack: reader.id, message: "block \(ordinal): \(error)", cause: error)
        }
        return Block(cid: cid, bytes: bytes)
    }

    /// The length of the block at `ordinal`, in bytes.
    ///
    /// - Throws: ``PackError`` with `damaged`, or of the store.
    mutating func byteCount(_ ordinal: Int) throws(PackError) -> Int {
        try blockEntry(ordinal).byteCount
    }

    private mutating func load(
        _ entry: BlockEntry, _ cache: some FrameCache
    ) throws(PackError) {
        if entry.frame == frame { return }
        if let cached = cache.content(of: entry.frame, in: reader.id) {
            content = cached
        } else {
            let place = try framePlace(entry.frame)
            content = try content(at: place, frame: entry.frame)
            // A frame that is one large block would push out many others and serve nobody else.
            if entry.byteCount <= content.count / 2 {
                cache.keep(content, of: entry.frame, in: reader.id)
            }
        }
        frame = entry.frame
    }

    /// What the frame decompresses to, by way of the run that it is part of, if there is one.
    private mutating func content(
        at place: FramePlace, frame: Int
    ) throws(PackError) -> [UInt8] {
        let end = place.offset + Int64(place.storedByteCount)
        guard let run = runs.first(where: { $0.lowerBound <= place.offset && end <= $0.upperBound })
        else { return try reader.content(at: place, frame: frame) }
        if self.run.offset != run.lowerBound || self.run.bytes.isEmpty {
            self.run = (run.lowerBound, try reader.bytes(in: run))
        }
        let start = Int(place.offset - run.lowerBound)
        return try reader.content(
            of: self.run.bytes[start..<start + place.storedByteCount], at: place, frame: frame)
    }

    private mutating func blockEntry(_ ordinal: Int) throws(PackError) -> BlockEntry {
        let header = reader.header
        guard ordinal >= 0, ordinal < header.blockCount else {
            throw .damaged(reader.id, "no block \(ordinal) among \(header.blockCount)")
        }
        let entry = try Self.entry(
            ordinal, of: header.blockCount, at: header.blocksOffset,
            entryByteCount: PackFormat.blockEntryByteCount, reader, &blocks)
        return try BlockEntry(decoding: entry, ordinal: ordinal, header)
    }

    private mutating func framePlace(_ frame: Int) throws(PackError) -> FramePlace {
        // `BlockEntry` has checked that there is such a frame.
        let header = reader.header
        let entry = try Self.entry(
            frame, of: header.frameCount, at: header.framesOffset,
            entryByteCount: PackFormat.frameEntryByteCount, reader, &frames)
        return try FramePlace(decoding: entry, frame: frame, header)
    }

    private static func entry(
        _ index: Int, of count: Int, at tableOffset: Int, entryByteCount: Int,
        _ reader: PackReader, _ window: inout Window
    ) throws(PackError) -> ArraySlice<UInt8> {
        if let entry = window.entry(index, byteCount: entryByteCount) { return entry }
        let read = min(windowEntryCount, count - index)
        window.bytes = try reader.indexBytes(
            read * entryByteCount, at: tableOffset + index * entryByteCount)
        window.first = index
        return window.bytes[..<entryByteCount]
    }
}

extension PackCursor {
    /// The most bytes of neighbouring frames that are read by one request.
    private static let runByteCount: Int64 = 4 << 20
    /// Bytes between two wanted frames that cost less to read than another request.
    private static let gapByteCount: Int64 = 64 << 10

    /// Decides which frames of a pack far away are read together.
    ///
    /// - Parameter ordinals: of the blocks that will be asked for, in order.
    mutating func plan(_ ordinals: [Int], cache: some FrameCache) {
        var planned: [Range<Int64>] = []
        var last = -1
        for ordinal in ordinals {
            // What is damaged is told when the block is asked for.
            guard let entry = try? blockEntry(ordinal) else { continue }
            if entry.frame == last { continue }
            last = entry.frame
            guard cache.content(of: entry.frame, in: reader.id) == nil,
                let place = try? framePlace(entry.frame)  // as above
            else { continue }
            let end = place.offset + Int64(place.storedByteCount)
            if let open = planned.last, place.offset >= open.upperBound,
                place.offset - open.upperBound <= Self.gapByteCount,
                end - open.lowerBound <= Self.runByteCount
            {
                planned[planned.count - 1] = open.lowerBound..<end
            } else {
                planned.append(place.offset..<end)
            }
        }
        runs = planned
    }
}

/// Decompressed frames that are kept for later.
protocol FrameCache {
    /// The content of a frame, if it is kept.
    func content(of frame: Int, in pack: PackID) -> [UInt8]?

    /// Keeps a frame's content for a while.
    func keep(_ content: [UInt8], of frame: Int, in pack: PackID)
}
