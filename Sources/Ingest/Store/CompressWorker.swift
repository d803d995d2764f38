// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import PackStore
import Pipeline
import UnixFS

/// One worker of the compress stage: makes zstd frames of blocks.
///
/// Its buffers and its zstd context are reused from batch to batch.
final class CompressWorker {
    private let builder: FrameBuilder
    private let counters: IngestCounters
    private let input: BoundedChannel<BlockBatch>
    private let output: BoundedChannel<FrameBatch>
    private let meter: StageMeter

    init(
        compression: Compression, counters: IngestCounters, input: BoundedChannel<BlockBatch>,
        output: BoundedChannel<FrameBatch>, meter: StageMeter
    ) {
        builder = FrameBuilder(compression: compression)
        self.counters = counters
        self.input = input
        self.output = output
        self.meter = meter
    }

    func process(_ batch: BlockBatch) async throws {
        let made = try meter.working {
            switch batch {
            case .leaves(let leaves, let slab):
                FrameBatch(kind: .leaves, frames: try frames(leaves, slab))
            case .blocks(let blocks, let kind):
                FrameBatch(kind: kind, frames: try frames(blocks))
            }
        }
        let contentByteCount = made.frames.reduce(0) { $0 + $1.contentByteCount }
        meter.count(items: made.frames.count, bytes: contentByteCount)
        counters.stored(contentBytes: contentByteCount, storedBytes: made.storedByteCount)
        try await meter.send(made, weight: made.storedByteCount, to: output)
    }

    /// Whether compression is what the run waits for (decision 0018): what comes before is about to
    /// wait for room, and what comes after is not.
    private var isBottleneck: Bool {
        input.queuedWeight > input.capacity / 2 && output.queuedWeight <= output.capacity / 2
    }

    private func frames(_ leaves: [SlabBlock], _ slab: Slab) throws -> [Frame] {
        var frames: [Frame] = []
        for leaf in leaves {
            try slab.withSpan(leaf.range) { body in
                try builder.append(
                    cid: leaf.cid, prefix: leaf.framing.prefix.span, body: body,
                    suffix: leaf.framing.suffix.span)
            }
            if builder.isFull { frames.append(try builder.finish(inHaste: isBottleneck)) }
        }
        if builder.blockCount > 0 { frames.append(try builder.finish(inHaste: isBottleneck)) }
        return frames
    }

    private func frames(_ blocks: [Block]) throws -> [Frame] {
        var frames: [Frame] = []
        for block in blocks {
            try builder.append(block)
            if builder.isFull { frames.append(try builder.finish(inHaste: isBottleneck)) }
        }
        if builder.blockCount > 0 { frames.append(try builder.finish(inHaste: isBottleneck)) }
        return frames
    }
}

/// Frames on their way to a pack of one kind.
struct FrameBatch: Sendable {
    let kind: PackKind
    let frames: [Frame]

    var storedByteCount: Int { frames.reduce(0) { $0 + $1.stored.count } }
}
