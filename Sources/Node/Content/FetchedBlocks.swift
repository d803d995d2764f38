// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
public import IPLD
import Lifecycle
public import Logging
public import Multiformats
public import Repository
import Synchronization

/// The blocks of a repository, and those that peers send, as one store: these are kept in the
/// `cache` tier, up to a limit.
///
/// A block can be read as soon as it was put, and is written a little later, many to a pack: see
/// `CacheWriter`, which this one runs.
public final class FetchedBlocks: BlockStore, BlockSink {
    /// What is kept.
    public struct Options: Hashable, Sendable {
        /// The most bytes of packs in the `cache` tier; beyond that fetched blocks are handed out
        /// and forgotten. Default 10 GiB.
        public var storedByteLimit: Int64 = 10 << 30

        /// The defaults.
        public init() {}
    }

    private struct State {
        /// The bytes that the tier has, at most; nil until it was asked.
        var storedByteCount: Int64?
        var hasWarned = false
    }

    private let catalog: any Catalog
    private let stored: RepositoryBlocks
    private let writer: CacheWriter
    private let options: Options
    private let logger: Logger
    private let state = Mutex(State())

    /// The blocks of `repository`, with nothing fetched yet.
    public init(_ repository: Repository, options: Options = Options(), logger: Logger) {
        catalog = repository.catalog
        stored = repository.blocks
        writer = CacheWriter(repository)
        self.options = options
        self.logger = logger
    }

    /// Writes what waits, until cancelled, or finished by ``finish()``; then all is written.
    public func run() async throws { try await writer.run() }

    /// Takes nothing more in, and lets ``run()`` end.
    public func finish() { writer.finish() }

    /// A block that waits to be written; nil if it does not.
    public func pendingBlock(_ cid: CID) -> Block? { writer.pendingBlock(cid) }

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

    /// Takes in a block that came from a peer, and was checked; waits while too many wait.
    public func put(_ block: Block) async throws {
        guard try await takeRoom(block.bytes.count) else { return }
        try await writer.put(block)
    }

    /// Takes in blocks that came from peers.
    ///
    /// - Throws: `BlockStoreError` with `mismatch`, before any is taken in.
    public func put(_ blocks: [Block]) async throws {
        for block in blocks { try block.verify() }
        for block in blocks { try await put(block) }
    }

    /// Whether the tier may grow by a block; its size bounds what it takes in a pack, but for some
    /// bytes.
    private func takeRoom(_ byteCount: Int) async throws -> Bool {
        if state.withLock({ $0.storedByteCount == nil }) {
            let groups = try await catalog.totals().groups.filter { $0.tier == .cache }
            let stored = groups.reduce(Int64(0)) { $0 + $1.storedByteCount }
            state.withLock { $0.storedByteCount = $0.storedByteCount ?? stored }
        }
        let (hasRoom, warns) = state.withLock { state in
            let sum = (state.storedByteCount ?? 0) + Int64(byteCount)
            if sum <= options.storedByteLimit {
                state.storedByteCount = sum
                return (true, false)
            }
            defer { state.hasWarned = true }
            return (false, !state.hasWarned)
        }
        if warns {
            logger.warning(
                "the cache of blocks from peers is full; they are handed out and not kept",
                metadata: ["limit": "\(options.storedByteLimit)"])
        }
        return hasRoom
    }
}
