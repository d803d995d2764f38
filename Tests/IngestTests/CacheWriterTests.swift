// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Lifecycle
import Multiformats
import Repository
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct CacheWriterTests {
    private let scene: Scene

    init() throws { scene = try Scene() }

    private func block(_ number: Int, byteCount: Int = 1_000) throws -> Block {
        var generator = SeededGenerator(seed: UInt64(number))
        let bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
        return Block(
            cid: CID(v1: .raw, try HashFunction.sha2_256.multihash(of: bytes.span)), bytes: bytes)
    }

    @Test func `blocks are readable at once, and stored in the cache`() async throws {
        let repository = try await scene.repository()
        let blocks = try (0..<500).map { try block($0) }
        let node = PBNode(links: [PBLink(hash: blocks[0].cid)]).encode()
        let parent = Block(
            cid: CID(v1: .dagPB, try HashFunction.sha2_256.multihash(of: node.span)), bytes: node)
        try await CacheWriter.with(repository) { writer in
            for block in blocks {
                try await writer.put(block)
                #expect(writer.pendingBlock(block.cid) == block)
            }
            try await writer.put(parent)
        }
        for block in blocks + [parent] {
            #expect(try await repository.blocks.block(block.cid) == block)
        }
        let packs = try await repository.catalog.packs()
        #expect(packs.map(\.tier) == [.cache, .cache])
        #expect(Set(packs.map(\.kind)) == [.leaves, .nodes])
        #expect(try await Verify(repository).run().findings.isEmpty)
    }

    @Test func `what is there already is not stored twice`() async throws {
        let repository = try await scene.repository()
        let block = try block(1)
        for _ in 0..<2 {
            try await CacheWriter.with(repository) { writer in
                try await writer.put(block)
                try await writer.put(block)
            }
        }
        #expect(try await repository.catalog.packs().map(\.blockCount) == [1])
    }

    @Test func `more than fits in memory passes through it`() async throws {
        let repository = try await scene.repository()
        let blocks = try (0..<40).map { try block($0, byteCount: 4 << 20) }
        try await CacheWriter.with(repository) { writer in
            for block in blocks { try await writer.put(block) }
        }
        #expect(try await repository.catalog.packs().count > 2)
        #expect(
            try await repository.blocks.byteCounts(of: blocks.map(\.cid))
                == blocks.map { Optional($0.bytes.count) })
    }

    @Test func `the catalog is rebuilt with what is in the cache`() async throws {
        let block = try block(1)
        let repository = try await scene.repository()
        try await CacheWriter.with(repository) { try await $0.put(block) }
        let rebuilt = try await Repository.openForReindex(repository.path)
        _ = try await Reindex(rebuilt).run()
        #expect(try await rebuilt.blocks.block(block.cid) == block)
    }

    @Test func `what was fetched is kept when its reader fails`() async throws {
        struct Enough: Error {}
        let block = try block(1)
        let repository = try await scene.repository()
        await #expect(throws: Enough.self) {
            try await CacheWriter.with(repository) { writer in
                try await writer.put(block)
                throw Enough()
            }
        }
        #expect(try await repository.blocks.contains(block.cid))
    }
}
