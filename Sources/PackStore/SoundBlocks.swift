// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import ObjectStore

/// Copies the sound blocks of a damaged pack into a new one.
///
/// A frame that is sound is copied as it is stored; of one in which blocks are bad the others are
/// compressed anew. Without a sound index frames are looked for behind every gap.
struct SoundBlocks {
    private let id: PackID
    private let object: any ObjectReader
    private let index: PackIndex?
    private let flags: (Block) -> BlockFlags
    private let compression: Compression

    /// The pack `id` in `object`; `flags` tells those of a DAG-CBOR block where no index does.
    init(
        _ id: PackID, _ object: any ObjectReader, compression: Compression,
        flags: @escaping (Block) -> BlockFlags
    ) {
        self.id = id
        self.object = object
        self.flags = flags
        self.compression = compression
        // A damaged index is what this is for.
        index = try? PackReader(id, object).index()
    }

    /// Appends all sound blocks to `writer`; returns how many there are.
    func append(to writer: inout PackWriter) throws(PackError) -> Int {
        guard let index else { return try appendFound(to: &writer) }
        var count = 0
        var ordinal = 0
        for (number, place) in index.contents.frames.enumerated() {
            var flags: [Int: BlockFlags] = [:]
            while ordinal < index.blocks.count, index.blocks[ordinal].frame == number {
                flags[index.blocks[ordinal].offset] = index.blocks[ordinal].flags
                ordinal += 1
            }
            // The CAR header: the writer has its own.
            if number == 0 { continue }
            count += try append(place, flags: flags, to: &writer)
        }
        return count
    }

    private func appendFound(to writer: inout PackWriter) throws(PackError) -> Int {
        var walk = FrameWalk(object, id: id)
        var count = 0
        while true {
            let frame: WalkedFrame?
            let start = walk.offset
            do {
                let next = try walk.next()
                let isBroken =
                    next.map { $0.blocks.isEmpty && !$0.damage.isEmpty }
                    ?? !walk.endReason.isEmpty
                frame = isBroken ? try walk.nextSound(from: start) : next
            } catch {
                guard error.isUnreadable else { throw error }
                return count  // behind a bad sector nothing can be told apart
            }
            guard let frame else { return count }
            if frame.blocks.isEmpty { continue }
            count += try append(frame.place, flags: nil, to: &writer)
        }
    }

    /// Appends the sound blocks of one frame.
    private func append(
        _ place: FramePlace, flags: [Int: BlockFlags]?, to writer: inout PackWriter
    ) throws(PackError) -> Int {
        let stored: [UInt8]
        do { stored = try object.bytes(place.storedByteCount, at: place.offset, of: id) } catch {
            guard error.isUnreadable else { throw error }
            return 0
        }
        let walked = WalkedFrame(stored[...], at: place, isHeader: false)
        guard !walked.blocks.isEmpty,
            case .success(let content) = FrameDecompressor.content(
                of: stored[...], contentByteCount: place.contentByteCount)
        else { return 0 }
        let blocks = walked.blocks.map { block in
            FrameBlock(
                cid: block.cid, offset: block.offset, byteCount: block.byteCount,
                flags: flags.map { $0[block.offset] ?? [] } ?? guessedFlags(block, content))
        }
        if walked.damage.isEmpty {
            try writer.append(
                Frame(stored: stored, contentByteCount: place.contentByteCount, blocks: blocks))
        } else {
            let builder = FrameBuilder(compression: compression)
            for block in blocks {
                let bytes = Array(content[block.offset..<block.offset + block.byteCount])
                try builder.append(Block(cid: block.cid, bytes: bytes), flags: block.flags)
            }
            try writer.append(try builder.finish())
        }
        return blocks.count
    }

    private func guessedFlags(_ block: FrameBlock, _ content: [UInt8]) -> BlockFlags {
        guard block.cid.codec == .dagCBOR else { return [] }
        let bytes = Array(content[block.offset..<block.offset + block.byteCount])
        return flags(Block(cid: block.cid, bytes: bytes))
    }
}

extension PackError {
    /// Whether bytes cannot be had that should be there: cut off, or on a bad sector.
    fileprivate var isUnreadable: Bool {
        switch code {
        case .damaged: true
        case .io: (cause as? ObjectStoreError)?.code == .device
        default: false
        }
    }
}
