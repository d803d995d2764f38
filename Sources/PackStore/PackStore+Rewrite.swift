// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import CAR
import Multiformats

/// A sealed pack of which some blocks are to be taken over into another pack.
public struct RewriteSource: Sendable {
    /// The pack.
    public let pack: PackID
    /// Where it lies.
    public let tier: PackTier
    /// Whether the block at an ordinal is taken over.
    public let isKept: @Sendable (Int) -> Bool

    /// Names a pack and its blocks that are taken over.
    public init(pack: PackID, tier: PackTier, isKept: @escaping @Sendable (Int) -> Bool) {
        self.pack = pack
        self.tier = tier
        self.isKept = isKept
    }
}

extension PackStore {
    /// Writes blocks of other packs into a new one, in their order.
    ///
    /// A frame of which all blocks are kept is copied as it is, others are compressed anew from
    /// the blocks that are kept, neighbours together. Each block is checked against its CID before
    /// it is written; its flags go with it. The new pack has the date of the youngest source, so that
    /// what lies in it ages on. Memory is that of one index and two frames.
    ///
    /// - Parameters:
    ///   - sources: packs of the new one's kind.
    ///   - begin: makes the new pack, whose size the caller has seen to.
    ///   - onBytes: hears of the bytes of blocks as they are written, on a thread of the pool;
    ///     what it throws ends the work.
    /// - Returns: the pack, to be sealed, or nil if no block was kept.
    /// - Throws: ``PackError``, of a source that is damaged with its id; what `onBytes` throws.
    ///   Nothing is left then.
    public func rewrite(
        _ sources: [RewriteSource], compression: Compression,
        into begin: @escaping @Sendable () throws -> PackWriter,
        onBytes: @escaping @Sendable (Int) throws -> Void = { _ in }
    ) async throws -> FinishedPack? {
        try await run { [self] in
            var writer = try begin()
            var date = Int64.min
            do {
                let builder = FrameBuilder(compression: compression)
                for source in sources {
                    let reader = try PackReader(source.pack, in: objectStore(source.tier))
                    date = max(date, reader.createdAtMilliseconds)
                    try FrameCopy(reader, isKept: source.isKept)
                        .copy(to: &writer, builder, onBytes)
                }
                if builder.blockCount > 0 { try writer.append(try builder.finish()) }
            } catch {
                writer.abandon()
                throw error
            }
            guard writer.blockCount > 0 else {
                writer.abandon()
                return nil
            }
            return try writer.finish(datedMilliseconds: date)
        }
    }
}

/// Takes the blocks of one pack that are kept to a writer.
private struct FrameCopy {
    private let reader: PackReader
    private let index: PackIndex
    private let isKept: @Sendable (Int) -> Bool

    init(
        _ reader: PackReader, isKept: @escaping @Sendable (Int) -> Bool
    ) throws(PackError) {
        self.reader = reader
        self.index = try reader.index()
        self.isKept = isKept
    }

    func copy(
        to writer: inout PackWriter, _ builder: FrameBuilder,
        _ onBytes: @Sendable (Int) throws -> Void
    ) throws {
        var ordinal = 0
        for (number, place) in index.contents.frames.enumerated() {
            let first = ordinal
            while ordinal < index.blocks.count, index.blocks[ordinal].frame == number {
                ordinal += 1
            }
            let kept = (first..<ordinal).filter(isKept)
            if kept.isEmpty { continue }
            let stored = try reader.storedFrame(at: place)
            let content = try reader.content(of: stored[...], at: place, frame: number)
            for ordinal in kept { try check(ordinal, in: content) }
            if kept.count == ordinal - first, isFilled(first..<ordinal, content.count) {
                try writer.append(
                    Frame(
                        stored: stored, contentByteCount: content.count,
                        blocks: kept.map { FrameBlock(index.blocks[$0]) }))
            } else {
                try gather(kept, of: content, in: builder, for: &writer)
            }
            try onBytes(kept.reduce(0) { $0 + index.blocks[$1].byteCount })
        }
    }

    private func check(_ ordinal: Int, in content: [UInt8]) throws(PackError) {
        let block = index.blocks[ordinal]
        guard block.offset + block.byteCount <= content.count else {
            throw .damaged(index.id, "block \(ordinal) passes the end of its frame")
        }
        let bytes = content.span.extracting(block.offset..<block.offset + block.byteCount)
        do { try block.cid.verify(bytes) } catch {
            throw PackError(
                .damaged, pack: index.id, message: "block \(ordinal), \(block.cid): \(error)",
                cause: error)
        }
    }

    /// Whether the sections of these blocks are all that a frame of so many bytes holds.
    private func isFilled(_ ordinals: Range<Int>, _ byteCount: Int) -> Bool {
        byteCount
            == ordinals.reduce(0) {
                $0
                    + CARSection.byteCount(
                        cid: index.blocks[$1].cid, blockByteCount: index.blocks[$1].byteCount)
            }
    }

    private func gather(
        _ kept: [Int], of content: [UInt8], in builder: FrameBuilder, for writer: inout PackWriter
    ) throws(PackError) {
        for ordinal in kept {
            let block = index.blocks[ordinal]
            // A frame holds at least one block, of whatever size.
            if builder.blockCount > 0,
                builder.contentByteCount + block.byteCount > builder.targetByteCount * 2
            {
                try writer.append(try builder.finish())
            }
            let none = Span<UInt8>()
            try builder.append(
                cid: block.cid, prefix: none,
                body: content.span.extracting(block.offset..<block.offset + block.byteCount),
                suffix: none, flags: block.flags)
            if builder.isFull { try writer.append(try builder.finish()) }
        }
    }
}

extension FrameBlock {
    fileprivate init(_ block: PackBlock) {
        self.init(
            cid: block.cid, offset: block.offset, byteCount: block.byteCount, flags: block.flags)
    }
}
