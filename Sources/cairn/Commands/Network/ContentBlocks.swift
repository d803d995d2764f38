// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import Node
import Repository
import Synchronization

/// The blocks that commands read: the repository's, and what peers have if that is allowed.
struct ContentBlocks: BlockSource {
    private let stored: RepositoryBlocks
    private let network: NetworkFallback?
    private let patience: Duration
    private let readsAll: Bool

    private init(
        _ stored: RepositoryBlocks, _ network: NetworkFallback?, patience: Duration, readsAll: Bool
    ) {
        self.stored = stored
        self.network = network
        self.patience = patience
        self.readsAll = readsAll
    }

    /// Runs `body` with the blocks of `repository`, and of peers unless `fetch` forbids it.
    ///
    /// `readsAll` says that `body` reads whole DAGs. Afterwards it is written down which packs were
    /// read, and with `promotes` those that are cold come back to the hot tier.
    static func reading(
        _ repository: Repository, _ fetch: FetchArguments, _ host: HostArguments,
        readsAll: Bool = false, promotes: Bool = false,
        _ body: (ContentBlocks) async throws -> Void
    ) async throws {
        try await reading(repository, fetch, host, readsAll: readsAll, body)
        try await ReadPacks.settle(repository, promotes: promotes)
    }

    private static func reading(
        _ repository: Repository, _ fetch: FetchArguments, _ host: HostArguments, readsAll: Bool,
        _ body: (ContentBlocks) async throws -> Void
    ) async throws {
        let patience = Duration.seconds(fetch.timeout)
        if fetch.isOffline {
            return try await body(
                ContentBlocks(repository.blocks, nil, patience: patience, readsAll: readsAll))
        }
        let network = NetworkFallback()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await network.run { session in
                    try await NodeAccess.withSession(repository, host, session)
                }
            }
            // What is bad here is asked for elsewhere, and stored again.
            let stored = repository.blocks.rescued { cid in
                try await SessionBlocks(network.session(), patience: patience, readsAll: false)
                    .block(cid)
            }
            let blocks = ContentBlocks(stored, network, patience: patience, readsAll: readsAll)
            do { try await body(blocks) } catch {
                // What came is kept all the same.
                network.finish()
                try await group.waitForAll()
                throw error
            }
            network.finish()
            try await group.waitForAll()
        }
    }

    private func fetched() async throws -> SessionBlocks? {
        guard let network else { return nil }
        return SessionBlocks(
            try await network.session(), patience: patience, readsAll: readsAll)
    }

    /// The block, from the repository or else from peers.
    func block(_ cid: CID) async throws -> Block {
        do { return try await stored.block(cid) } catch let error as BlockStoreError
            where error.code == .notFound
        {
            guard let fetched = try await fetched() else { throw error }
            return try await fetched.block(cid)
        }
    }

    /// Hands out the blocks, those of the repository first.
    func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        let began = Atomic(false)
        do {
            try await stored.forEachBlock(cids) { index, block in
                began.store(true, ordering: .relaxed)
                try body(index, block)
            }
        } catch let error as BlockStoreError where error.code == .notFound {
            // The repository says so before it hands out the first block that is no part of a CID.
            guard !began.load(ordering: .relaxed), let fetched = try await fetched() else {
                throw error
            }
            let isStored = try await stored.contains(cids)
            let here = cids.indices.filter { isStored[$0] }
            let missing = cids.indices.filter { !isStored[$0] }
            try await stored.forEachBlock(here.map { cids[$0] }) { try body(here[$0], $1) }
            try await fetched.forEachBlock(missing.map { cids[$0] }) { try body(missing[$0], $1) }
        }
    }
}
