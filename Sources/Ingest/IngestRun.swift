// SPDX-License-Identifier: Apache-2.0

public import Catalog
import FileIO
import Multiformats
public import Pipeline
public import Repository
import UnixFS

/// One ingest: the stages from the scan to the catalog, and what became of them.
///
/// ```
/// scan ─▶ read ─▶ hash ─▶ build          (links)
///                  └────────┴─▶ compress ─▶ store ─▶ index   (blocks)
/// ```
public final class IngestRun: Sendable {
    /// Scan batches between the oldest unfinished and the newest begun one.
    ///
    /// Bounds what the build stage holds back while a large file is being read.
    private static let runAhead = 64

    private let repository: Repository?
    private let options: IngestOptions
    private let pipeline = Pipeline()
    private let claims: BlockClaims
    /// What the run has found, read and stored so far.
    public let counters: IngestCounters

    /// A run that has not begun.
    ///
    /// - Parameters:
    ///   - repository: where blocks go, or are looked up; may be nil if `options.purpose` is
    ///     `onlyHash` or `dryRun`.
    public init(
        repository: Repository?, options: IngestOptions, counters: IngestCounters = .init()
    ) {
        precondition(
            repository != nil || options.purpose != .store, "blocks need a repository to go to")
        self.repository = repository
        self.options = options
        self.counters = counters
        claims = Self.claims(options, repository)
    }

    /// The work of each stage so far, at any time.
    public var report: PipelineReport { pipeline.report }

    /// Ingests `sources` and returns when all that the roots name is durable (promise P2).
    ///
    /// - Throws: ``IngestError``, `PackError`, `CatalogError`, or `CancellationError`. What was
    ///   sealed until then stays; the rest is salvaged by the next run.
    public func run(_ sources: [IngestSource]) async throws -> IngestResult {
        try checkNames(sources)
        guard options.purpose == .store, let repository else { return try await run(sources, nil) }
        return try await repository.withSession(.ingest) { session in
            let store = try await StoreStages(
                repository: repository, session: session, options: options,
                sources: sources.map(\.description), claims: claims, counters: counters)
            return try await run(sources, store)
        }
    }

    private func run(
        _ sources: [IngestSource], _ store: StoreStages?
    ) async throws -> IngestResult {
        let clock = repository?.clock ?? .system
        let started = clock.milliseconds
        let assembled = Assembled()
        let caches = try await CacheSession(sources, repository?.catalog, options)
        addReadingStages(sources, claims, assembled, caches, blocks: store?.blocks)
        store?.add(to: pipeline) { [counters, options] parent in
            try Self.checkRoots(assembled, counters)
            return SnapshotRecord(
                options: options, sources: sources, roots: assembled.roots, parent: parent,
                counts: counters.counts, started: started, ended: clock.milliseconds)
        }
        let snapshot = try await withCaches(caches) {
            try await pipeline.run()
            try Self.checkRoots(assembled, counters)
            // From here on all blocks are committed, so rows may name them.
            try await caches?.commitRows()
            return try await store?.commitSnapshot(caching: caches?.commits ?? [])
        }
        if snapshot != nil { try await caches?.sweep() }
        return IngestResult(
            roots: assembled.roots, counts: counters.counts, report: pipeline.report,
            snapshot: snapshot)
    }

    /// Runs `body`, and drops the caches if they turn out to be wrong.
    private func withCaches(
        _ caches: CacheSession?, _ body: () async throws -> SnapshotRecord?
    ) async throws -> SnapshotRecord? {
        do { return try await body() } catch let error as IngestError
            where error.code == .staleCache || error.code == .wrongCache
        {
            try await caches?.drop()
            throw error
        }
    }

    /// Where no source could be read at all, there is no result that could be partial.
    private static func checkRoots(_ assembled: Assembled, _ counters: IngestCounters) throws {
        guard assembled.roots.isEmpty else { return }
        let reasons = counters.skipped.map(\.description).joined(separator: "; ")
        throw IngestError(.source, "nothing could be ingested: \(reasons)")
    }

    /// Ends the run if the stat cache was wrong: what it said of other files is in the result.
    private static func checkVerified(_ counters: IngestCounters) throws {
        let mistaken = counters.mistaken
        guard let first = mistaken.first else { return }
        let others = mistaken.count > 1 ? " and of \(mistaken.count - 1) more" : ""
        throw IngestError(
            .wrongCache,
            "the stat cache was wrong about the content of \(first)\(others); it was dropped, nothing was recorded; run again to read all files"
        )
    }

    private static func claims(
        _ options: IngestOptions, _ repository: Repository?
    ) -> BlockClaims {
        switch (options.purpose, repository) {
        case (.onlyHash, _): BlockClaims(.none)
        case (.dryRun, let repository): BlockClaims(.dryRun(repository?.catalog))
        case (.store, let repository?): BlockClaims(.store(repository.catalog))
        case (.store, nil): BlockClaims(.none)
        }
    }

    /// Refuses sources that would get the same name in the wrapping directory.
    private func checkNames(_ sources: [IngestSource]) throws {
        guard !sources.isEmpty else { throw IngestError(.usage, "there is nothing to ingest") }
        guard options.wrap else { return }
        var paths: [[UInt8]: String] = [:]
        for source in sources {
            let name: [UInt8]
            switch source {
            case .standardInput(let given): name = Array(given.utf8)
            case .path(let path):
                do {
                    name = try LocatedSource(path, following: options.followsSymbolicLinks).name
                } catch {
                    throw IngestError(
                        .source, "cannot read \(path): \(error.reason)", cause: error)
                }
            }
            guard DirectoryEntry.isValidName(name) else {
                throw IngestError(
                    .usage,
                    "\(source.description) has no name to be wrapped under; leave out --wrap or give another path"
                )
            }
            if let other = paths.updateValue(source.description, forKey: name) {
                throw IngestError(
                    .usage,
                    "\(other) and \(source.description) would both be named \(String(decoding: name, as: UTF8.self)) in the wrapping directory; ingest them one by one"
                )
            }
        }
    }

    private func addReadingStages(
        _ sources: [IngestSource], _ claims: BlockClaims, _ assembled: Assembled,
        _ caches: CacheSession?, blocks: BoundedChannel<BlockBatch>?
    ) {
        let (options, counters) = (options, counters)
        let scanned = BoundedChannel<ScanBatch>(capacity: 4096)
        let read = BoundedChannel<ReadBatch>(capacity: options.memory.slabs)
        let hashed = BoundedChannel<HashedBatch>(capacity: options.memory.links)
        let window = WeightedSemaphore(capacity: Self.runAhead)
        let pool = SlabPool(
            slabByteCount: FileReader.slabByteCount(for: options.dag.chunker),
            byteBudget: options.memory.slabs)

        pipeline.addStage("scan", width: 1, on: BlockingPool.shared) { meter in
            let scanner = Scanner(
                options: options, counters: counters, caches: caches, output: scanned,
                meter: meter)
            try await meter.workingAlone { try await scanner.run(sources) }
        } afterwards: {
            scanned.finish()
        }
        pipeline.addStage("read", width: options.widths.read, on: BlockingPool.shared) { meter in
            let reader = FileReader(
                chunker: Chunker(options.dag.chunker),
                emptyFilesHaveLeaf: options.dag.layout == .balanced, pool: pool,
                counters: counters, output: read, meter: meter, limiter: options.readLimiter)
            while true {
                // The permit comes first, so the oldest unfinished batch always has one.
                try await meter.acquire(1, from: window)
                guard let batch = try await meter.receive(from: scanned) else {
                    return window.release(1)
                }
                try await reader.read(batch)
            }
        } afterwards: {
            read.finish()
        }
        pipeline.addStage("hash", width: options.widths.hash) { meter in
            let worker = HashWorker(
                format: LeafFormat(rawLeaves: options.dag.rawLeaves, layout: options.dag.layout),
                cidBuilder: options.cidBuilder, claims: claims, counters: counters,
                blocks: blocks, links: hashed, meter: meter)
            while let batch = try await meter.receive(from: read) {
                try await worker.process(batch)
            }
        } afterwards: {
            hashed.finish()
        }
        addBuildStage(hashed, claims, assembled, caches, window, blocks)
    }

    /// The stage that puts leaves together, in the order of the scan.
    private func addBuildStage(
        _ hashed: BoundedChannel<HashedBatch>, _ claims: BlockClaims, _ assembled: Assembled,
        _ caches: CacheSession?, _ window: WeightedSemaphore, _ blocks: BoundedChannel<BlockBatch>?
    ) {
        let (options, counters) = (options, counters)
        pipeline.addStage("build", width: 1, on: BlockingPool.shared) { meter in
            let assembler = DAGAssembler(
                options: options, claims: claims, counters: counters,
                caching: caches.map { CachingBuild(writer: $0.writer) }, output: blocks,
                meter: meter)
            var order = Sequencer<HashedBatch>()
            while let batch = try await meter.receive(from: hashed) {
                let position = Sequencer<HashedBatch>.Position(
                    number: batch.number, part: batch.part, isLast: batch.isLast)
                try await order.accept(batch, at: position) { batch, isLast in
                    try await meter.workingAlone { try await assembler.accept(batch) }
                    if isLast { window.release(1) }
                }
            }
            try await assembler.finish()
            try Self.checkVerified(counters)
            assembled.set(assembler.roots)
        } afterwards: {
            blocks?.finish()
        }
    }
}

/// What an ingest gave.
public struct IngestResult: Sendable {
    /// The sources' roots in their order; one if they were wrapped.
    public let roots: [IngestRoot]
    /// The numbers of the run.
    public let counts: IngestCounts
    /// What each stage did.
    public let report: PipelineReport
    /// The snapshot that was recorded, nil if nothing was stored.
    public let snapshot: SnapshotRecord?
}
