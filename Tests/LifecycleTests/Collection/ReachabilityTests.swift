// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Lifecycle
import Multiformats
import Repository
import TestSupport
import Testing

/// What a collection keeps is what roots reach, no more and no less.
struct ReachabilityTests {
    @Test(arguments: 0..<24)
    func `what is left of a random forest is what a plain walk reaches`(_ number: Int) async throws
    {
        let seed = SeededGenerator.runSeed &+ UInt64(number)
        let forest = try RandomForest(seed: seed)
        let scene = try await CollectionScene()
        for pack in forest.packs { try await scene.store(pack.blocks, kind: pack.kind) }
        for root in forest.roots { try await scene.snapshot([root]) }

        let report = try await scene.collect()

        let expected = try forest.reachable(from: forest.roots)
        let isThere = try await scene.repository.catalog.contains(
            forest.blocks.map { Array($0.cid.multihashBytes) })
        for (block, isThere) in zip(forest.blocks, isThere) {
            let isLive = expected.contains(block.cid.multihashBytes)
            #expect(isThere == isLive, "\(block.cid), seed \(seed)")
            guard isLive else { continue }
            #expect(try await scene.repository.blocks.block(block.cid).bytes == block.bytes)
        }
        #expect(report.left.isEmpty, "seed \(seed)")
        try await scene.expectSound()
        // All copies but one are gone, too.
        let blockCount = try await scene.repository.catalog.totals().blockCount
        #expect(blockCount == expected.count + forest.roots.count, "seed \(seed)")
        #expect(try await scene.collect().freedBlockCount == 0, "seed \(seed)")
    }

    @Test func `a root whose bytes are stored as a leaf keeps what it links to`() async throws {
        let scene = try await CollectionScene()
        let leaf = try CollectionScene.leaf("kept")
        let node = try CollectionScene.node([leaf.cid])
        let bytes = Block(cid: CID(v1: .raw, node.cid.multihash), bytes: node.bytes)
        try await scene.store([leaf, bytes, try CollectionScene.leaf("dead")], kind: .leaves)
        let snapshot = try await scene.snapshot([node.cid])
        try await scene.collect()
        #expect(try await scene.repository.blocks.contains([leaf.cid, node.cid]) == [true, true])

        // Named as the bytes that they are, they keep nothing.
        try await scene.snapshot([bytes.cid])
        _ = try await scene.repository.catalog.removeSnapshot(snapshot.id)
        try await scene.collect()
        #expect(try await scene.repository.blocks.contains([leaf.cid, node.cid]) == [false, true])
    }

    @Test func `links in a CID that holds its block count`() async throws {
        let scene = try await CollectionScene()
        let leaf = try CollectionScene.leaf("kept")
        let inner = try CollectionScene.node([leaf.cid])
        let inlined = CID(v1: .dagPB, Multihash(code: .identity, digest: inner.bytes))
        let root = try CollectionScene.node([inlined])
        try await scene.store([leaf, try CollectionScene.leaf("dead")], kind: .leaves)
        try await scene.store([root], kind: .nodes)
        try await scene.snapshot([root.cid])
        try await scene.collect()
        #expect(try await scene.repository.blocks.contains([leaf.cid, root.cid]) == [true, true])
    }

    @Test func `nothing is freed while a block is missing, and the block is named`() async throws {
        let scene = try await CollectionScene()
        let missing = try CollectionScene.leaf("missing")
        let root = try CollectionScene.node([missing.cid])
        let dead = try CollectionScene.leaf("dead")
        try await scene.store([dead], kind: .leaves)
        try await scene.store([root], kind: .nodes)
        try await scene.snapshot([root.cid])
        let error = try await #require(throws: CollectionError.self) { try await scene.collect() }
        #expect(error.code == .missing)
        #expect(error.cid == missing.cid)
        #expect(error.message.contains("cairn repair"))
        #expect(try await scene.repository.blocks.contains(dead.cid))
        #expect(try await scene.repository.catalog.condemned().isEmpty)
    }

    @Test func `what an imported archive lacks is told, and does not hold up the rest`()
        async throws
    {
        let scene = try await CollectionScene()
        let missing = try CollectionScene.leaf("missing")
        let root = try CollectionScene.node([missing.cid])
        try await scene.store([try CollectionScene.leaf("dead")], kind: .leaves)
        try await scene.store([root], kind: .nodes)
        try await scene.snapshot([root.cid], isImport: true)
        let report = try await scene.collect()
        #expect(report.lacking == [missing.cid])
        #expect(report.freedBlockCount == 1)
        // As soon as a snapshot needs it that must be whole, it counts.
        try await scene.snapshot([root.cid])
        await #expect(throws: CollectionError.self) { try await scene.collect() }
    }

    @Test func `a node that is none stops a collection, with the CID`() async throws {
        let scene = try await CollectionScene()
        let broken = try CollectionScene.block(.dagPB, Array("no DAG-PB".utf8))
        try await scene.store([broken], kind: .nodes)
        try await scene.snapshot([broken.cid])
        let error = try await #require(throws: CollectionError.self) { try await scene.collect() }
        #expect(error.code == .undecodable)
        #expect(error.cid == broken.cid)
    }

    @Test func `a block of an unknown codec is kept and has no links`() async throws {
        let scene = try await CollectionScene()
        let leaf = try CollectionScene.leaf("not linked")
        let foreign = try CollectionScene.block(Multicodec(rawValue: 0x78), leaf.cid.bytes)
        try await scene.store([foreign], kind: .nodes)
        try await scene.store([leaf], kind: .leaves)
        try await scene.snapshot([foreign.cid])
        try await scene.collect()
        #expect(
            try await scene.repository.blocks.contains([foreign.cid, leaf.cid]) == [true, false])
    }
}
