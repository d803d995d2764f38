// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Logging
import Multiformats
import PackStore
import Repository
import TestSupport
import Testing

@testable import Node

struct FetchedBlocksTests {
    private let directory: TemporaryDirectory
    private let repository: Repository

    init() async throws {
        directory = try TemporaryDirectory()
        repository = try await Repository.open(directory.path("repository"), creating: true)
    }

    private func blocks(_ count: Int, _ byteCount: Int) throws -> [Block] {
        try (0..<count).map { index in
            let bytes = [UInt8](repeating: UInt8(index % 251), count: byteCount + index)
            return Block(
                cid: try CIDBuilder().cid(codec: .raw, hashing: bytes.span), bytes: bytes)
        }
    }

    private func fetched(_ change: (inout FetchedBlocks.Options) -> Void = { _ in })
        -> FetchedBlocks
    {
        var options = FetchedBlocks.Options()
        change(&options)
        return FetchedBlocks(repository, options: options, logger: Logger(label: "test"))
    }

    @Test func `a block can be read before it is written, and is in the cache afterwards`()
        async throws
    {
        let store = fetched()
        let blocks = try blocks(30, 1000)
        for block in blocks { try await store.put(block) }
        #expect(try await store.block(blocks[7].cid) == blocks[7])
        #expect(try await store.contains(blocks.map(\.cid)).allSatisfy { $0 })
        #expect(try await store.byteCounts(of: [blocks[3].cid]) == [1003])
        #expect(try await repository.blocks.contains(blocks.map(\.cid)).allSatisfy { !$0 })
        try await store.flush()
        #expect(store.pendingBlock(blocks[0].cid) == nil)
        #expect(try await repository.blocks.block(blocks[7].cid) == blocks[7])
        let groups = try await repository.catalog.totals().groups
        #expect(groups.map(\.tier) == [.cache])
        #expect(groups.map(\.packCount) == [1])
    }

    @Test func `a pack's worth is written at once, and nothing twice`() async throws {
        let store = fetched { $0.batchByteCount = 10_000 }
        let blocks = try blocks(20, 1000)
        try await store.put(blocks)
        try await store.put(blocks)
        try await store.flush()
        let totals = try await repository.catalog.totals()
        #expect(totals.blockCount == 20)
        #expect(totals.packCount == 1)
    }

    @Test func `a full cache keeps no more`() async throws {
        let store = fetched { $0.storedByteLimit = 5000 }
        let blocks = try blocks(20, 1000)
        try await store.put(Array(blocks[..<10]))
        try await store.flush()
        try await store.put(Array(blocks[10...]))
        try await store.flush()
        #expect(try await repository.catalog.totals().blockCount == 10)
        #expect(try await store.contains(blocks[15].cid) == false)
    }

    @Test func `bytes of another CID are refused`() async throws {
        let blocks = try blocks(2, 100)
        let forged = Block(cid: blocks[0].cid, bytes: blocks[1].bytes)
        await #expect(throws: BlockStoreError.self) { try await fetched().put([forged]) }
    }

    @Test func `packs of the cache that the catalog misses are taken in again`() async throws {
        let store = fetched()
        let blocks = try blocks(5, 1000)
        try await store.put(blocks)
        try await store.flush()
        let packs = try await repository.catalog.packs().map(\.id)
        try await repository.catalog.forget(packs: packs)
        #expect(try await !repository.blocks.contains(blocks[0].cid))
        try await repository.salvage()
        for block in blocks { #expect(try await repository.blocks.block(block.cid) == block) }
    }
}
