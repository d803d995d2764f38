// SPDX-License-Identifier: Apache-2.0

import BlockStore
public import IPLD
public import Multiformats

/// Blocks that a node finds: in its store, or at peers.
public struct SessionBlocks: BlockSource {
    /// CIDs of one request; answers to a request come as they are found, so many can be looked
    /// for at once.
    private static let requestCount = 64

    private let session: any ControlSession
    private let patience: Duration
    private let readsAll: Bool

    /// Asks by `session`, and gives up when nothing has come for `patience`.
    ///
    /// With `readsAll` the node fetches also what blocks link to, which is asked for later.
    public init(_ session: any ControlSession, patience: Duration, readsAll: Bool) {
        self.readsAll = readsAll
        self.session = session
        self.patience = patience
    }

    /// The block of `cid`.
    ///
    /// - Throws: `BlockStoreError`; ``ControlError``, ``NodeError``.
    public func block(_ cid: CID) async throws -> Block {
        let found = FoundBlocks()
        try await ask([cid]) { _, block in found.set(block) }
        guard let block = found.block else { throw BlockStoreError.notFound(cid) }
        return block
    }

    /// Hands out the blocks as they come.
    public func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        var start = 0
        while start < cids.count {
            let range = start..<min(start + Self.requestCount, cids.count)
            try await ask(Array(cids[range])) { [start] in try body(start + $0, $1) }
            start = range.upperBound
        }
    }

    private func ask(
        _ cids: [CID], _ body: @escaping @Sendable (Int, Block) throws -> Void
    ) async throws {
        var request = ControlRequest(.blocks)
        request.cids = cids.map { "\($0)" }
        request.ahead = readsAll
        let watch = IdleWatch()
        try await withThrowingTaskGroup(of: Void.self) { [request] group in
            group.addTask {
                try await session.perform(request) { answer, bytes in
                    guard let report = answer.block, cids.indices.contains(report.index) else {
                        return
                    }
                    watch.reset()
                    let cid = cids[report.index]
                    if let error = report.error {
                        throw BlockStoreError(
                            error.code == .notFound ? .notFound : .failed, cid: cid,
                            message: error.message)
                    }
                    let block = Block(cid: cid, bytes: bytes)
                    // The node has checked it; this also checks the way from there.
                    try block.verify()
                    try body(report.index, block)
                }
            }
            group.addTask {
                try await watch.wait(patience)
                throw BlockStoreError(
                    .notFound, cid: cids[0],
                    message: "not in the store, and no peer has sent it in \(patience)")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
