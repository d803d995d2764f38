// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import FileIO
public import IPLD
public import Multiformats
import PackStore
import Pipeline
public import Repository
import Synchronization

/// Keeps blocks that were fetched from peers: writes them in batches into packs of the tier
/// `cache`.
///
/// Memory: ``byteLimit`` of blocks that are not stored yet; they can be read meanwhile.
public final class CacheWriter: BlockSink {
    /// Bytes of blocks that wait or are being written: 64 MiB; more suspend their senders.
    public static let byteLimit = 64 << 20
    /// Bytes after which a pack is written: half of what may wait, so that fetching goes on.
    static let packByteCount = byteLimit / 2
    /// Blocks after which a pack is written, each of which costs some hundred bytes besides.
    static let packBlockCount = 16_384
    /// How long blocks wait for company.
    private static let patience = Duration.seconds(5)
    private static let tickInterval = Duration.seconds(1)
    /// What a block costs in memory beside its bytes.
    private static let overhead = 512

    private struct State {
        /// Taken in and not being written, in order.
        var waiting: [Block] = []
        var waitingByteCount = 0
        var since: Duration?
        /// All that cannot be read from the repository yet.
        var pending: [Multihash: Block] = [:]
        /// The task that writes, while it waits.
        var writer: CheckedContinuation<Void, Never>?
        var failure: (any Error)?
        var isFinished = false

        /// The task that writes, to be resumed after unlocking.
        mutating func takeWriter() -> CheckedContinuation<Void, Never>? {
            defer { writer = nil }
            return writer
        }
    }

    private let repository: Repository
    private let room = WeightedSemaphore(capacity: byteLimit)
    private let state = Mutex(State())
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Duration

    /// A writer into the cache of `repository`; ``run()`` does the work.
    public init(_ repository: Repository, clock: any Clock<Duration> = ContinuousClock()) {
        self.repository = repository
        self.clock = clock
        now = Self.elapsed(clock)
    }

    private static func elapsed(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }

    /// Runs `body` with a writer, and stores all that it took in before it returns.
    ///
    /// - Throws: what `body` throws; else the first error of storing.
    public static func with<Result>(
        _ repository: Repository, _ body: (CacheWriter) async throws -> Result
    ) async throws -> Result {
        let writer = CacheWriter(repository)
        async let running: Void = writer.run()
        let result: Result
        do { result = try await body(writer) } catch {
            writer.finish()
            // What was fetched is kept; the error of `body` is the one that counts.
            try? await running
            throw error
        }
        writer.finish()
        try await running
        return result
    }

    /// Takes a block in; see ``BlockSink``.
    public func put(_ block: Block) async throws {
        let key = block.cid.multihash
        let isKnown = try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.isFinished || state.pending[key] != nil
        }
        if isKnown || block.cid.inlineBlock != nil { return }
        let weight = block.bytes.count + Self.overhead
        try await room.acquire(weight)
        let now = now()
        let (isTaken, writer) = state.withLock { state in
            guard state.failure == nil, !state.isFinished, state.pending[key] == nil else {
                return (false, nil as CheckedContinuation<Void, Never>?)
            }
            state.pending[key] = block
            state.waiting.append(block)
            state.waitingByteCount += weight
            if state.since == nil { state.since = now }
            return (true, Self.isDue(state) ? state.takeWriter() : nil)
        }
        if !isTaken { room.release(weight) }
        writer?.resume()
    }

    /// A block that was taken in and is not stored yet.
    public func pendingBlock(_ cid: CID) -> Block? {
        let key = cid.multihash
        return state.withLock { $0.pending[key] }.map { Block(cid: cid, bytes: $0.bytes) }
    }

    /// Takes nothing more in; ``run()`` returns once all is stored.
    public func finish() {
        state.withLock { state in
            state.isFinished = true
            return state.takeWriter()
        }?.resume()
    }

    /// Writes until ``finish()`` was called and all is stored, or the task is cancelled; then what
    /// waits is stored, too.
    ///
    /// - Throws: the first error of storing: `PackError`, `CatalogError`. Nothing is taken in
    ///   after it.
    public func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepTime() }
            defer { group.cancelAll() }
            while true {
                await waitForWork()
                let batch = state.withLock { state in
                    defer {
                        state.waiting = []
                        state.waitingByteCount = 0
                        state.since = nil
                    }
                    return state.waiting
                }
                if !batch.isEmpty { try await store(batch) }
                if state.withLock({ $0.isFinished && $0.waiting.isEmpty }) { return }
            }
        }
    }

    private static func isDue(_ state: State) -> Bool {
        state.waitingByteCount >= packByteCount || state.waiting.count >= packBlockCount
    }

    /// Wakes the writer when blocks have waited long enough.
    private func keepTime() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Self.tickInterval) } catch { break }
            let now = now()
            let writer = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard let since = state.since, now - since >= Self.patience else { return nil }
                return state.takeWriter()
            }
            writer?.resume()
        }
        // The task was cancelled, or the writer has ended.
        finish()
    }

    private func waitForWork() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isFinished || Self.isDue(state) { return true }
                state.writer = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    private func store(_ batch: [Block]) async throws {
        defer {
            state.withLock { state in
                for block in batch { state.pending[block.cid.multihash] = nil }
            }
            room.release(batch.reduce(0) { $0 + $1.bytes.count + Self.overhead })
        }
        do {
            let isStored = try await repository.blocks.contains(batch.map(\.cid))
            let new = zip(batch, isStored).filter { !$1 }.map(\.0)
            for kind in PackKind.allCases {
                let ofKind = new.filter { $0.packKind == kind }
                guard !ofKind.isEmpty else { continue }
                let sealed = try await BlockingPool.shared.run { [repository] in
                    try Self.write(ofKind, kind: kind, to: repository)
                }
                try await repository.commit(sealed)
            }
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }

    /// Writes one pack; blocks.
    private static func write(
        _ blocks: [Block], kind: PackKind, to repository: Repository
    ) throws(PackError) -> SealedPack {
        var writer = try repository.packs.writer(kind: kind, tier: .cache)
        do throws(PackError) {
            let builder = FrameBuilder(compression: .default)
            for block in blocks {
                try builder.append(block)
                if builder.isFull { try writer.append(try builder.finish()) }
            }
            if builder.blockCount > 0 { try writer.append(try builder.finish()) }
        } catch {
            writer.abandon()
            throw error
        }
        return try writer.finish().seal()
    }
}
