// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
public import IPLD
public import Logging
public import Multiformats
import Pipeline
public import Repository
import Synchronization

/// The blocks of a repository, and those that peers send: these are gathered and kept in the
/// `cache` tier, many to a pack.
///
/// A block can be read as soon as it was put. What waits is written when it fills a pack's worth,
/// once a second while ``run()`` runs, and by ``flush()``; until then a crash loses it, which costs
/// fetching it again.
public final class FetchedBlocks: BlockStore, BlockSink {
    /// What is kept.
    public struct Options: Hashable, Sendable {
        /// The most bytes of packs in the `cache` tier, and how old they may become.
        ///
        /// Packs that were used longest ago make room for new ones; with 0 bytes fetched blocks are
        /// handed out and forgotten. Default 10 GiB, of any age.
        public var limits = CacheTier.Limits.standard
        /// Bytes of blocks that are gathered for a pack; as many again may wait while it is
        /// written.
        ///
        /// Default 16 MiB.
        public var batchByteCount = 16 << 20
        /// How often what waits is written.
        ///
        /// Default 1 s.
        public var interval: Duration = .seconds(1)
        /// How often packs that are too old are looked for, small ones are merged, and it is
        /// written down when packs were read.
        ///
        /// Default 1 minute.
        public var upkeepInterval: Duration = .seconds(60)

        /// The defaults.
        public init() {}
    }

    private struct State {
        /// By multihash: gathered, and being written.
        var waiting: [[UInt8]: Block] = [:]
        var writing: [[UInt8]: Block] = [:]
        var waitingByteCount = 0
        /// The size of the tier, as far as this process knows; nil until it was asked.
        var storedByteCount: Int64?
    }

    private let repository: Repository
    private let stored: RepositoryBlocks
    private let options: Options
    private let logger: Logger
    private let state = Mutex(State())
    /// Held by the one who writes.
    private let writer = WeightedSemaphore(capacity: 1)

    /// The blocks of `repository`, with nothing fetched yet.
    public init(_ repository: Repository, options: Options = Options(), logger: Logger) {
        self.repository = repository
        self.options = options
        self.logger = logger
        stored = repository.blocks
    }

    /// A block that waits to be written; nil if it does not.
    public func pendingBlock(_ cid: CID) -> Block? {
        let key = Array(cid.multihashBytes)
        return state.withLock { $0.waiting[key] ?? $0.writing[key] }
            .map { Block(cid: cid, bytes: $0.bytes) }
    }

    /// The block, from the repository or from what waits.
    public func block(_ cid: CID) async throws -> Block {
        if let pending = pendingBlock(cid) { return pending }
        return try await stored.block(cid)
    }

    /// Hands out the blocks, those that wait first.
    public func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        var rest: [(index: Int, cid: CID)] = []
        for (index, cid) in cids.enumerated() {
            if let pending = pendingBlock(cid) {
                try body(index, pending)
            } else {
                rest.append((index, cid))
            }
        }
        let indices = rest.map(\.index)
        try await stored.forEachBlock(rest.map(\.cid)) { try body(indices[$0], $1) }
    }

    /// Whether each block is there.
    public func contains(_ cids: [CID]) async throws -> [Bool] {
        let pending = cids.map { pendingBlock($0) != nil }
        if pending.allSatisfy({ $0 }) { return pending }
        return zip(pending, try await stored.contains(cids)).map { $0 || $1 }
    }

    /// The length of each block that is there.
    public func byteCounts(of cids: [CID]) async throws -> [Int?] {
        let pending = cids.map { pendingBlock($0)?.bytes.count }
        return zip(pending, try await stored.byteCounts(of: cids)).map { $0 ?? $1 }
    }

    /// Gathers a block that came from a peer, and was checked; otherwise as for many.
    public func put(_ block: Block) async throws { try await gather([block]) }

    /// Gathers blocks that came from peers; waits while too many are gathered already.
    ///
    /// - Throws: `BlockStoreError`; a failure to write is logged, and costs the blocks.
    public func put(_ blocks: [Block]) async throws {
        for block in blocks { try block.verify() }
        try await gather(blocks)
    }

    private func gather(_ blocks: [Block]) async throws {
        if options.limits.storedByteCount <= 0 { return }
        let batchByteCount = batchByteCount
        let isFull = state.withLock { state in
            for block in blocks where block.cid.inlineBlock == nil {
                let key = Array(block.cid.multihashBytes)
                guard state.waiting[key] == nil, state.writing[key] == nil else { continue }
                state.waiting[key] = block
                state.waitingByteCount += block.bytes.count
            }
            return state.waitingByteCount >= batchByteCount
        }
        if isFull { try await flush() }
    }

    /// Makes room in the tier for that many bytes: packs go that were used longest ago.
    ///
    /// The tier is looked at when this process has filled it, by its own count; others may write
    /// there, too, and see to it likewise.
    private func makeRoom(for byteCount: Int64) async throws {
        let known = state.withLock { $0.storedByteCount }
        if let known, known + byteCount <= options.limits.storedByteCount { return }
        // A little more than is needed, so that not every batch looks through the tier.
        let slack = options.limits.storedByteCount / 16
        let report = try await CacheTier(repository).trim(
            to: options.limits, room: byteCount,
            slack: known == nil ? 0 : slack, atMilliseconds: WallClock.milliseconds)
        state.withLock { $0.storedByteCount = report.storedByteCount }
    }

    /// Merges small packs, lets old ones go, writes down when packs were read, and lets go of files
    /// that others have deleted.
    func keepUp() async throws {
        let cache = CacheTier(repository)
        try await repository.writeAccessTimes()
        repository.forgetPlaces()
        try await cache.merge()
        let report = try await cache.trim(
            to: options.limits, atMilliseconds: WallClock.milliseconds)
        state.withLock { $0.storedByteCount = report.storedByteCount }
    }

    /// Writes what waits, and returns when it is durable.
    ///
    /// - Throws: `CancellationError`; a failure to write is logged, and costs the blocks.
    public func flush() async throws {
        try await writer.acquire(1)
        defer { writer.release(1) }
        let batch = state.withLock { state in
            state.writing = state.waiting
            state.waiting = [:]
            state.waitingByteCount = 0
            return Array(state.writing.values)
        }
        guard !batch.isEmpty else { return }
        let byteCount = RepositoryBlocks.storedByteCountBound(of: batch)
        do {
            try await makeRoom(for: byteCount)
            try await stored.put(batch, into: .cache)
        } catch let error as CancellationError {
            // Written by whoever flushes next.
            state.withLock { state in
                state.waiting.merge(state.writing) { new, _ in new }
                state.waitingByteCount = state.waiting.values.reduce(0) { $0 + $1.bytes.count }
                state.writing = [:]
            }
            throw error
        } catch {
            logger.error("blocks from peers were not kept", metadata: ["error": "\(error)"])
        }
        state.withLock { state in
            state.writing = [:]
            // More than it was, as a rule; the tier is looked at before anything has to go.
            state.storedByteCount = (state.storedByteCount ?? 0) + byteCount
        }
    }

    /// Writes what waits, at the end; a failure is logged.
    public func finish() async {
        do { try await flush() } catch is CancellationError {
            // Broken off: what waits is fetched again another time.
        } catch {
            logger.warning("the cache was not written", metadata: ["error": "\(error)"])
        }
        // The times matter to nobody but rules: without them packs count as unused.
        try? await repository.writeAccessTimes()
    }

    /// Writes what waits, again and again, until cancelled.
    public func run() async throws {
        var next = ContinuousClock.now + options.upkeepInterval
        while true {
            try await Task.sleep(for: options.interval)
            try await flush()
            guard ContinuousClock.now >= next else { continue }
            next = ContinuousClock.now + options.upkeepInterval
            do { try await keepUp() } catch let error as CancellationError { throw error } catch {
                logger.warning("the cache was not kept up", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Bytes that are gathered for a pack: a small cache takes them in smaller portions.
    private var batchByteCount: Int {
        min(options.batchByteCount, Int(clamping: max(options.limits.storedByteCount / 4, 1)))
    }
}
