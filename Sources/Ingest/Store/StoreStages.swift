// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import IPLD
import Multiformats
import PackStore
import Pipeline
import Repository
import Synchronization

/// The stages that all new blocks pass, whatever they come from: compress, store, index.
///
/// Order of durability (promise P2): a pack is synced and renamed, its directory synced, then the
/// catalog commits it; the snapshot is committed when all packs are.
final class StoreStages: Sendable {
    /// Where new blocks go in.
    ///
    /// Finished by whoever sends last.
    let blocks: BoundedChannel<BlockBatch>

    private let repository: Repository
    private let session: RepositorySession
    private let options: IngestOptions
    private let claims: BlockClaims
    private let counters: IngestCounters
    private let frames: BoundedChannel<FrameBatch>
    /// One pack is sealed while the next is written; more would only queue on the disk.
    private let finished = BoundedChannel<FinishedPack>(capacity: 2)
    private let parent: SnapshotRecord?
    private let snapshot = Mutex<SnapshotRecord?>(nil)

    init(
        repository: Repository, session: RepositorySession, options: IngestOptions,
        sources: [String], claims: BlockClaims, counters: IngestCounters
    ) async throws {
        self.repository = repository
        self.session = session
        self.options = options
        self.claims = claims
        self.counters = counters
        blocks = BoundedChannel(capacity: options.memory.blocks)
        frames = BoundedChannel(capacity: options.memory.frames)
        try await repository.salvage(in: session)
        parent = try await repository.latestSnapshot(of: sources)
    }

    /// Adds the stages; `record` makes the snapshot's record when all blocks are stored.
    func add(
        to pipeline: Pipeline,
        record: @escaping @Sendable (_ parent: SnapshotRecord?) throws -> SnapshotRecord
    ) {
        pipeline.addStage("compress", width: options.widths.compress) { [self] meter in
            let worker = CompressWorker(
                compression: options.compression, counters: counters, input: blocks,
                output: frames, meter: meter)
            while let batch = try await meter.receive(from: blocks) {
                try await worker.process(batch)
            }
        } afterwards: { [self] in
            frames.finish()
        }
        pipeline.addStage("store", width: 1, on: BlockingPool.shared) { [self] meter in
            var packs = OpenPacks(session: session, output: finished, meter: meter)
            do {
                while let batch = try await meter.receive(from: frames) {
                    try await packs.append(batch)
                }
                var snapshot = try record(parent)
                snapshot.id = session.id
                try await packs.append(try recordBatch(snapshot))
                try await packs.finish()
            } catch {
                // A full disk wants its space back; whatever else failed cannot be trusted. What
                // was broken off is left, to be salvaged.
                if error is PackError || error is IOError { packs.abandon() }
                throw error
            }
        } afterwards: { [self] in
            finished.finish()
        }
        pipeline.addStage("index", width: 1, on: BlockingPool.shared) { [self] meter in
            while let pack = try await meter.receive(from: finished) {
                try await meter.workingAlone { try await index(pack, meter) }
            }
        }
    }

    /// Commits the snapshot once the pipeline has ended; from then on the run is acknowledged.
    ///
    /// - Throws: ``IngestError/Code/staleCache`` if packs were removed while the run relied on a
    ///   cache.
    func commitSnapshot(caching caches: [StatCacheCommit] = []) async throws -> SnapshotRecord? {
        guard let record = snapshot.withLock({ $0 }) else { return nil }
        let isAdded = try await repository.catalog.add(
            record, reusing: claims.reusedPacks, caching: caches, in: session.id)
        guard isAdded else {
            throw IngestError(
                .staleCache, "blocks were lost while the stat cache was in use; run again")
        }
        return record
    }

    private func recordBatch(_ record: SnapshotRecord) throws -> FrameBatch {
        let block = try SnapshotBlock.encode(record)
        var record = record
        record.recordCID = block.cid.bytes
        snapshot.withLock { $0 = record }
        let frame = try FrameBuilder.frame(
            of: [block], compression: options.compression, flags: .snapshotRecord)
        return FrameBatch(kind: .nodes, frames: [frame])
    }

    private func index(_ pack: FinishedPack, _ meter: StageMeter) async throws {
        let sealed: SealedPack
        do { sealed = try pack.seal() } catch {
            // After a failed sync the kernel may take lost pages for written ones, and whoever
            // salvaged the part would make others believe so, too.
            pack.abandon()
            throw error
        }
        try await repository.commit(sealed, in: session)
        claims.release(sealed.blocks.map(\.cid.multihashBytes))
        counters.sealed(blocks: sealed.blockCount)
        meter.count(items: sealed.blockCount, bytes: Int(sealed.storedByteCount))
    }
}
