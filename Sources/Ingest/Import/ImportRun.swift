// SPDX-License-Identifier: Apache-2.0

import BlockStore
import CAR
import Catalog
import FileIO
import IPLD
import Multiformats
public import Pipeline
public import Repository
import Synchronization

/// One import of a CAR archive: its blocks, each verified, go the way of an ingest's.
///
/// ```
/// read ─▶ verify ─▶ compress ─▶ store ─▶ index
/// ```
public final class ImportRun: Sendable {
    private let repository: Repository
    private let options: IngestOptions
    private let pipeline = Pipeline()
    private let roots = Mutex<[CID]>([])
    /// What the run has read and stored so far.
    public let counters: IngestCounters

    /// A run that has not begun.
    ///
    /// Of `options`, those of the stages and of compression count.
    public init(
        repository: Repository, options: IngestOptions, counters: IngestCounters = .init()
    ) {
        self.repository = repository
        self.options = options
        self.counters = counters
    }

    /// The work of each stage so far, at any time.
    public var report: PipelineReport { pipeline.report }

    /// Imports the CARv1 or CARv2 at `source` and returns when its blocks are durable.
    ///
    /// - Throws: ``IngestError`` that names the block if one does not hash to its CID, or if the
    ///   archive is damaged otherwise; blocks before it may have been stored.
    public func run(_ source: IngestSource) async throws -> IngestResult {
        try await repository.withSession(.import) { try await run(source, in: $0) }
    }

    private func run(
        _ source: IngestSource, in session: RepositorySession
    ) async throws -> IngestResult {
        let started = repository.clock.milliseconds
        let claims = BlockClaims(.store(repository.catalog))
        let store = try await StoreStages(
            repository: repository, session: session, options: options,
            sources: [source.description], claims: claims, counters: counters)
        addStages(source, claims, store.blocks)
        store.add(to: pipeline) { [self] parent in
            SnapshotRecord(
                settings: [.init(key: "kind", value: "import")], sources: [source.description],
                tags: options.tags,
                roots: roots.withLock { $0 }.map { .init(name: "", cid: $0.bytes) },
                parent: parent, counts: counters.counts, started: started,
                ended: repository.clock.milliseconds)
        }
        try await pipeline.run()
        let imported = roots.withLock { $0 }
        for (root, isThere) in zip(imported, try await repository.blocks.contains(imported))
        where !isThere {
            counters.skip(SkippedInput(path: "\(root)", reason: .missingRoot))
        }
        let snapshot = try await store.commitSnapshot()
        return IngestResult(
            roots: imported.map { IngestRoot(name: [], cid: $0, tsize: 0) },
            counts: counters.counts, report: pipeline.report, snapshot: snapshot)
    }

    private func addStages(
        _ source: IngestSource, _ claims: BlockClaims, _ blocks: BoundedChannel<BlockBatch>
    ) {
        let sections = BoundedChannel<[CARSection]>(capacity: options.memory.slabs)
        pipeline.addStage("read", width: 1, on: BlockingPool.shared) { [self] meter in
            var archive = try ArchiveReader(source)
            while let batch = try meter.working({ try archive.nextBatch() }) {
                let byteCount = batch.reduce(0) { $0 + $1.block.bytes.count }
                meter.count(items: batch.count, bytes: byteCount)
                counters.read(bytes: byteCount)
                try Task.checkCancellation()
                try await meter.send(batch, weight: byteCount, to: sections)
            }
            let found = archive.roots.filter { !$0.isInline }
            roots.withLock { $0 = found }
        } afterwards: {
            sections.finish()
        }
        pipeline.addStage("verify", width: options.widths.hash) { [self] meter in
            while let batch = try await meter.receive(from: sections) {
                try meter.working { try Self.verify(batch, of: source) }
                let new = try await claim(batch, claims)
                let byteCount = batch.reduce(0) { $0 + $1.block.bytes.count }
                meter.count(items: batch.count, bytes: byteCount)
                counters.hashed(blocks: batch.count, bytes: byteCount)
                for kind in [PackKind.leaves, .nodes] {
                    let ofKind = new.filter { $0.packKind == kind }
                    let weight = ofKind.reduce(0) { $0 + $1.bytes.count }
                    guard !ofKind.isEmpty else { continue }
                    try await meter.send(.blocks(ofKind, kind), weight: weight, to: blocks)
                }
            }
        } afterwards: {
            blocks.finish()
        }
    }

    private func claim(_ batch: [CARSection], _ claims: BlockClaims) async throws -> [Block] {
        let isNew = try await claims.claim(batch.map(\.block.cid))
        let new = zip(batch, isNew).filter(\.1).map(\.0.block)
        counters.claimed(blocks: new.count, bytes: new.reduce(0) { $0 + $1.bytes.count })
        return new
    }

    private static func verify(_ batch: [CARSection], of source: IngestSource) throws {
        for section in batch {
            do { try section.block.cid.verify(section.block.bytes.span) } catch {
                throw IngestError(
                    .badArchive,
                    "\(source.description): the block at byte \(section.offset) is not what its CID \(section.block.cid) says: \(error)",
                    cause: error)
            }
        }
    }
}
