// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import Pipeline
import UnixFS

/// One worker of the hash stage: gives each chunk its leaf's CID, and finds out which leaves are
/// new to the store.
///
/// The bytes stay in the slab in which they were read.
struct HashWorker: Sendable {
    let format: LeafFormat
    let cidBuilder: CIDBuilder
    let claims: BlockClaims
    let counters: IngestCounters
    /// Where leaves go that are to be stored; nil if nothing is.
    let blocks: BoundedChannel<BlockBatch>?
    let links: BoundedChannel<HashedBatch>
    let meter: StageMeter

    func process(_ batch: ReadBatch) async throws {
        var leaves: [SlabBlock] = []
        var fileLinks: [FileLink] = []
        var byteCount = 0
        var inlineCount = 0
        try meter.working {
            leaves.reserveCapacity(batch.chunks.count)
            fileLinks.reserveCapacity(batch.chunks.count)
            for chunk in batch.chunks {
                let leaf = try hash(chunk, in: batch.slab)
                if leaf.cid.isInline { inlineCount += 1 } else { byteCount += leaf.byteCount }
                fileLinks.append(
                    FileLink(
                        cid: leaf.cid, tsize: UInt64(leaf.byteCount),
                        fileByteCount: UInt64(chunk.range.count)))
                leaves.append(leaf)
            }
        }
        meter.count(items: leaves.count, bytes: byteCount)
        counters.hashed(blocks: leaves.count - inlineCount, bytes: byteCount)
        let isNew = leaves.isEmpty ? [] : try await claims.claim(leaves.map(\.cid))
        let new = zip(leaves, isNew).filter(\.1).map(\.0)
        let newByteCount = new.reduce(0) { $0 + $1.byteCount }
        counters.claimed(blocks: new.count, bytes: newByteCount)
        if let slab = batch.slab, let blocks, !new.isEmpty {
            try await meter.send(
                .leaves(new, slab), weight: max(newByteCount, new.count * 64), to: blocks)
        }
        try await meter.send(
            HashedBatch(
                number: batch.number, part: batch.part, isLast: batch.isLast, leaves: fileLinks,
                steps: batch.steps),
            weight: batch.steps.count + batch.linkByteCount / 64 + fileLinks.count, to: links)
    }

    private func hash(_ chunk: ChunkReference, in slab: Slab?) throws -> SlabBlock {
        let framing = format.framing(
            chunkByteCount: chunk.range.count, metadata: chunk.metadata ?? .none)
        let cid: CID
        if let slab {
            cid = try slab.withSpan(chunk.range) {
                try cidBuilder.cid(
                    codec: format.codec, hashing: framing.prefix.span, $0, framing.suffix.span)
            }
        } else {
            cid = try cidBuilder.cid(
                codec: format.codec, hashing: framing.prefix.span, Span(),
                framing.suffix.span)
        }
        return SlabBlock(cid: cid, framing: framing, range: chunk.range)
    }
}

/// A block whose middle lies in a slab.
struct SlabBlock: Sendable {
    let cid: CID
    let framing: LeafFormat.Framing
    let range: Range<Int>

    var byteCount: Int { framing.blockByteCount(chunkByteCount: range.count) }
}

/// New blocks on their way into packs.
enum BlockBatch: Sendable {
    /// Leaves of files, in a slab.
    case leaves([SlabBlock], Slab)
    /// Blocks with bytes of their own, all of one kind.
    case blocks([Block], PackKind)
}
