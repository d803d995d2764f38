// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
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

    @Test func `a full cache makes room: what was used longest ago goes`() async throws {
        let store = fetched {
            $0.limits.storedByteCount = 40_000
            $0.batchByteCount = 1
        }
        let blocks = try random(60)
        for block in blocks[..<20] { try await store.put(block) }
        // The first block is read again, the second is not.
        let first = try #require(try await pack(of: blocks[0]))
        try await repository.catalog.noteAccesses([first: WallTime.now + 60_000])
        for block in blocks[20...] { try await store.put(block) }
        try await store.flush()
        let totals = try await repository.catalog.totals()
        #expect(totals.storedByteCount <= 40_000)
        #expect(totals.storedByteCount > 20_000)
        #expect(try await store.block(blocks[0].cid) == blocks[0])
        #expect(try await store.block(blocks[59].cid) == blocks[59])
        #expect(try await !store.contains(blocks[1].cid))
        #expect(try cacheFiles().count == totals.packCount)
    }

    @Test func `a cache of no bytes keeps nothing`() async throws {
        let store = fetched { $0.limits.storedByteCount = 0 }
        let blocks = try blocks(3, 1000)
        try await store.put(blocks)
        try await store.flush()
        #expect(try await repository.catalog.totals().blockCount == 0)
    }

    @Test func `what was not used for long goes, and the files with it`() async throws {
        let store = fetched {
            $0.limits.ageMilliseconds = 86_400_000
            $0.batchByteCount = 1
        }
        let blocks = try random(4)
        for block in blocks { try await store.put(block) }
        let limits = CacheTier.Limits(storedByteCount: 1 << 30, ageMilliseconds: 86_400_000)
        let kept = try #require(try await pack(of: blocks[2]))
        let tomorrow = WallTime.now + 2 * 86_400_000
        try await repository.catalog.noteAccesses([kept: tomorrow])
        let planned = try await CacheTier(repository).trim(
            to: limits, atMilliseconds: tomorrow, dryRun: true)
        #expect(planned.evictedPackCount == 3)
        #expect(try cacheFiles().count == 4)
        let report = try await CacheTier(repository).trim(to: limits, atMilliseconds: tomorrow)
        #expect(report == planned)
        #expect(try cacheFiles().count == 1)
        #expect(try await repository.blocks.block(blocks[2].cid) == blocks[2])
    }

    @Test func `many small packs become few, with all their blocks`() async throws {
        let store = fetched { $0.batchByteCount = 1 }
        let blocks = try random(70)
        for block in blocks { try await store.put(block) }
        #expect(try cacheFiles().count == 70)
        try await store.keepUp()
        #expect(try cacheFiles().count == 1)
        #expect(try await repository.catalog.totals().blockCount == 70)
        for block in blocks { #expect(try await repository.blocks.block(block.cid) == block) }
        #expect(try await repository.catalog.doomedPacks().isEmpty)
    }

    /// Blocks of some thousand bytes that do not shrink.
    private func random(_ count: Int) throws -> [Block] {
        var generator = SeededGenerator(seed: 7)
        return try (0..<count).map { _ in
            let bytes = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            return Block(
                cid: try CIDBuilder().cid(codec: .raw, hashing: bytes.span), bytes: bytes)
        }
    }

    private func pack(of block: Block) async throws -> PackID? {
        try await repository.catalog.places(of: [Array(block.cid.multihashBytes)])[0]?.packID
    }

    private func cacheFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: directory.path("repository/packs/cache"))
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

private enum WallTime {
    /// Milliseconds since 1970.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
