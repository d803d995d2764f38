// SPDX-License-Identifier: Apache-2.0

import CAR
public import IPLD
public import Multiformats

/// Gathers blocks as CAR sections and compresses them into frames.
///
/// Confined to one worker; its buffers and zstd context are reused from frame to frame.
public final class FrameBuilder {
    /// The content size at which a frame of small blocks is large enough: neighbours compress
    /// together, and reading one block decompresses no more than this.
    ///
    /// Measured against 256 KiB and 1 MiB (`Docs/performance.md`): the first costs 4 to 10 % more
    /// time and 2 % more space, the second saves no time and doubles the cost of a single read.
    public static let defaultTargetByteCount = 512 << 10

    /// The content size from which on ``isFull`` says so.
    public let targetByteCount: Int

    private let compressor: FrameCompressor
    private var content: [UInt8] = []
    private var blocks: [FrameBlock] = []
    private var prefixScratch: [UInt8] = []

    /// Makes an empty builder.
    public init(
        compression: Compression, targetByteCount: Int = FrameBuilder.defaultTargetByteCount
    ) {
        self.targetByteCount = targetByteCount
        self.compressor = FrameCompressor(compression)
        content.reserveCapacity(targetByteCount + targetByteCount / 4)
    }

    /// How many bytes the frame decompresses to so far.
    public var contentByteCount: Int { content.count }

    /// How many blocks the frame holds so far.
    public var blockCount: Int { blocks.count }

    /// Whether the frame should be finished: it has reached its target size.
    public var isFull: Bool { content.count >= targetByteCount }

    /// Adds the block whose bytes are `prefix`, `body` and `suffix` one after the other; nothing of
    /// them is kept.
    ///
    /// They are not checked against `cid`.
    ///
    /// - Throws: ``PackError`` with `tooLarge` if the block, or the frame with it, passes 32 MiB;
    ///   the frame is then as it was.
    /// - Complexity: O(byte count); allocates nothing once the buffers have grown.
    public func append(
        cid: CID, prefix: Span<UInt8>, body: Span<UInt8>, suffix: Span<UInt8>,
        flags: BlockFlags = []
    ) throws(PackError) {
        let byteCount = prefix.count + body.count + suffix.count
        guard byteCount <= PackFormat.maximumBlockByteCount,
            cid.bytes.count <= PackFormat.maximumCIDByteCount
        else {
            throw PackError(.tooLarge, pack: nil, message: "block of \(byteCount) bytes: \(cid)")
        }
        let sectionByteCount = CARSection.byteCount(cid: cid, blockByteCount: byteCount)
        guard content.count + sectionByteCount <= PackFormat.maximumContentByteCount else {
            throw PackError(
                .tooLarge, pack: nil,
                message: "frame of \(content.count + sectionByteCount) bytes with \(cid)")
        }
        prefixScratch.removeAll(keepingCapacity: true)
        CARSection.appendPrefix(cid: cid, blockByteCount: byteCount, to: &prefixScratch)
        content.append(contentsOf: prefixScratch)
        blocks.append(
            FrameBlock(cid: cid, offset: content.count, byteCount: byteCount, flags: flags))
        add(prefix)
        add(body)
        add(suffix)
    }

    /// Adds a block; its bytes are not checked against its CID.
    ///
    /// - Throws: ``PackError`` with `tooLarge`, as the other `append`.
    public func append(_ block: Block, flags: BlockFlags = []) throws(PackError) {
        let none = Span<UInt8>()
        try append(
            cid: block.cid, prefix: none, body: block.bytes.span, suffix: none, flags: flags)
    }

    /// Compresses what was appended, and begins anew; there must be a block.
    ///
    /// - Parameter inHaste: whether others wait for this; ``Compression/auto`` then takes zstd's
    ///   level -1, which is about 1.4 times as fast as level 1 and leaves 12 to 17 % more bytes.
    /// - Throws: ``PackError`` if zstd fails.
    /// - Complexity: O(content byte count); two allocations.
    public func finish(inHaste: Bool = false) throws(PackError) -> Frame {
        precondition(!blocks.isEmpty, "a frame without blocks")
        defer {
            content.removeAll(keepingCapacity: true)
            blocks = []
        }
        return Frame(
            stored: try compressor.compress(content, inHaste: inHaste),
            contentByteCount: content.count,
            blocks: blocks)
    }

    /// Adds `blocks` and compresses them into one frame.
    ///
    /// - Throws: ``PackError`` with `tooLarge`, as ``append(_:flags:)``.
    public static func frame(
        of blocks: [Block], compression: Compression, flags: BlockFlags = []
    ) throws(PackError) -> Frame {
        let builder = FrameBuilder(compression: compression, targetByteCount: 0)
        for block in blocks { try builder.append(block, flags: flags) }
        return try builder.finish()
    }

    private func add(_ bytes: Span<UInt8>) {
        // The buffer is read within the call only.
        unsafe bytes.withUnsafeBufferPointer { unsafe content.append(contentsOf: $0) }
    }
}
