// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import IPLD
public import Multiformats

/// A store whose missing blocks come from peers.
///
/// Blocks are looked for in the store, then asked for in one session; what comes is checked and
/// kept. A block that is damaged here is fetched, too. Made for one DAG at a time: the session
/// lives as long as this value and its copies.
public struct NetworkBlocks: BlockStore {
    let local: any BlockStore
    let session: BitswapSession
    private let sink: (any BlockSink)?
    private let prefetch: Prefetch?

    /// Puts a store before a session.
    ///
    /// - Parameters:
    ///   - local: what is here.
    ///   - session: who fetches what is not.
    ///   - sink: takes what was fetched; nil keeps nothing. A block that it refuses is handed out
    ///     all the same.
    public init(local: any BlockStore, session: BitswapSession, sink: (any BlockSink)? = nil) {
        self.init(local: local, session: session, sink: sink, prefetch: nil)
    }

    init(
        local: any BlockStore, session: BitswapSession, sink: (any BlockSink)?,
        prefetch: Prefetch?
    ) {
        self.local = local
        self.session = session
        self.sink = sink
        self.prefetch = prefetch
    }

    /// Runs `body` with a source that, whenever a block had to be fetched, goes on to fetch what
    /// it links to, in the order of a walk over the DAG, before anybody asks.
    ///
    /// For readers of whole DAGs. Nothing is fetched ahead below blocks that are here. When this
    /// returns, nothing of it is left running.
    /// - Parameters:
    ///   - width: blocks asked for ahead at the same time.
    ///   - byteCount: bytes fetched ahead and not read yet, after which fetching ahead waits.
    public func prefetching<Result>(
        width: Int = 64, byteCount: Int = 32 << 20,
        _ body: (NetworkBlocks) async throws -> Result
    ) async throws -> Result {
        let prefetch = Prefetch(width: width, byteCount: byteCount)
        let ahead = NetworkBlocks(local: local, session: session, sink: sink, prefetch: prefetch)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await prefetch.run(from: self) }
            do {
                let result = try await body(ahead)
                group.cancelAll()
                return result
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    /// The block that `cid` names.
    ///
    /// - Throws: what the store throws, other than for a missing or damaged block; what
    ///   ``BitswapSession/block(_:)`` throws.
    public func block(_ cid: CID) async throws -> Block {
        if let block = await prefetch?.take(cid) { return block }
        if let block = try await localBlock(cid) { return block }
        let block = try await fetch(cid)
        await prefetch?.follow(block, past: local)
        return block
    }

    /// Hands out those that are here, then those that are fetched, as they come.
    public func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        let isHere = try await local.contains(cids)
        let here = cids.indices.filter { isHere[$0] && prefetch?.has(cids[$0]) != true }
        var missing = cids.indices.filter { !isHere[$0] || prefetch?.has(cids[$0]) == true }
        let done = Flags()
        do {
            try await local.forEachBlock(here.map { cids[$0] }) { index, block in
                done.set(here[index])
                do { try body(here[index], block) } catch { throw BodyError(error: error) }
            }
        } catch let error as BodyError {
            throw error.error
        } catch let error as BlockStoreError where error.code != .failed {
            // Gone or damaged meanwhile: the rest comes one by one.
            missing += here.filter { !done.contains($0) }
        }
        let rest = missing
        try await withThrowingTaskGroup(of: (Int, Block).self) { group in
            for (position, index) in rest.enumerated() {
                if position >= BitswapSession.width, let (index, block) = try await group.next() {
                    try body(index, block)
                }
                group.addTask { (index, try await block(cids[index])) }
            }
            while let (index, block) = try await group.next() { try body(index, block) }
        }
    }

    /// Whether each block is here; no peer is asked.
    public func contains(_ cids: [CID]) async throws -> [Bool] { try await local.contains(cids) }

    /// The length of each block that is here; no peer is asked.
    public func byteCounts(of cids: [CID]) async throws -> [Int?] {
        try await local.byteCounts(of: cids)
    }

    /// Stores `blocks` here.
    public func put(_ blocks: [Block]) async throws { try await local.put(blocks) }

    /// The block if it is here and sound.
    func localBlock(_ cid: CID) async throws -> Block? {
        if let block = sink?.pendingBlock(cid) { return block }
        do { return try await local.block(cid) } catch let error as BlockStoreError
            where error.code == .notFound || error.code == .corrupt
        { return nil }
    }

    /// The block from a peer, which is kept.
    func fetch(_ cid: CID) async throws -> Block {
        let block = try await session.block(cid)
        if let sink {
            do { try await sink.put(block) } catch is CancellationError {
                throw CancellationError()
            } catch {
                // The reader has its block; whoever runs the sink hears of the error.
            }
        }
        return block
    }
}

/// An error of the caller's, on its way through a store that has errors of its own.
private struct BodyError: Error {
    let error: any Error
}
