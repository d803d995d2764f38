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

    private func fetched(limit: Int64 = 1 << 30) -> FetchedBlocks {
        var options = FetchedBlocks.Options()
        options.storedByteLimit = limit
        return FetchedBlocks(repository, options: options, logger: Logger(label: "test"))
    }

    @Test func `a block can be read before it is written, and is in the cache afterwards`()
        async throws
    {
        let store = fetched()
        let blocks = try blocks(30, 1000)
        try await store.put(blocks)
        #expect(try await store.block(blocks[7].cid) == blocks[7])
        #expect(try await store.contains(blocks.map(\.cid)).allSatisfy { $0 })
        #expect(try await store.byteCounts(of: [blocks[3].cid]) == [1003])
        #expect(try await repository.blocks.contains(blocks.map(\.cid)).allSatisfy { !$0 })
        store.finish()
        try await store.run()
        #expect(store.pendingBlock(blocks[0].cid) == nil)
        #expect(try await repository.blocks.block(blocks[7].cid) == blocks[7])
        let groups = try await repository.catalog.totals().groups
        #expect(groups.map(\.tier) == [.cache])
        #expect(groups.map(\.packCount) == [1])
    }

    @Test func `a full cache keeps no more, also after a restart`() async throws {
        let blocks = try blocks(20, 1000)
        for part in [blocks[..<10], blocks[10...]] {
            let store = fetched(limit: 12_000)
            try await store.put(Array(part))
            store.finish()
            try await store.run()
        }
        let kept = try await repository.blocks.contains(blocks.map(\.cid))
        #expect(kept[..<10].allSatisfy { $0 })
        #expect(kept[15...].allSatisfy { !$0 })
    }

    @Test func `bytes of another CID are refused`() async throws {
        let blocks = try blocks(2, 100)
        let forged = Block(cid: blocks[0].cid, bytes: blocks[1].bytes)
        await #expect(throws: BlockStoreError.self) { try await fetched().put([forged]) }
    }
}
