// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Ingest
import Lifecycle
import Multiformats
import TestSupport
import Testing

/// What keeps a block.
struct KeepSearchTests {
    @Test func `the way from a snapshot to a block is told by names`() async throws {
        let scene = try await CollectionScene()
        let path = try scene.write(
            InputTree(
                .directory([
                    ("a", InputTree(.directory([("b", .text("deep"))]))), ("c", .text("c")),
                ])), as: "source")
        let result = try await scene.ingest(path)
        let snapshot = try #require(result.snapshot)
        let root = try #require(result.roots.first).cid
        for cid in try await scene.reachable(root) where cid.inlineBlock == nil {
            let found = try await scene.path(to: cid)
            #expect(found.root.origin == .snapshot(snapshot.id))
            #expect(found.cid == root)
            #expect((found.steps.last?.cid ?? found.cid).multihashBytes == cid.multihashBytes)
        }
        let deep = try CollectionScene.leaf("deep")
        let found = try await scene.path(to: deep.cid)
        #expect(found.names == "a/b")
        #expect(found.steps.count == 2)
        let record = try CID(snapshot.recordCID)
        let own = try await scene.path(to: record)
        #expect(own.root.origin == .record(snapshot.id))
        #expect(own.steps.isEmpty)
    }

    @Test func `names in DAG-CBOR are paths in the value`() async throws {
        let scene = try await CollectionScene()
        let leaf = try CollectionScene.leaf("leaf")
        let root = try CollectionScene.record([leaf.cid], "root")
        try await scene.store([leaf], kind: .leaves)
        try await scene.store([root], kind: .nodes)
        try await scene.snapshot([root.cid])
        let found = try await scene.path(to: leaf.cid)
        #expect(found.names == "children/0")
    }

    @Test(arguments: 0..<8)
    func `a block of a random forest is kept exactly if a plain walk reaches it`(
        _ number: Int
    ) async throws {
        let seed = SeededGenerator.runSeed &+ UInt64(number)
        let forest = try RandomForest(seed: seed)
        let scene = try await CollectionScene()
        for pack in forest.packs { try await scene.store(pack.blocks, kind: pack.kind) }
        for root in forest.roots { try await scene.snapshot([root]) }
        let live = try forest.reachable(from: forest.roots)
        for block in forest.blocks {
            switch try await KeepSearch(scene.repository).reason(for: block.cid) {
            case .root: #expect(live.contains(block.cid.multihashBytes), "seed \(seed)")
            case .nothing: #expect(!live.contains(block.cid.multihashBytes), "seed \(seed)")
            case let reason: Issue.record("\(block.cid): \(reason), seed \(seed)")
            }
        }
    }

    @Test func `what is not stored is not here, and what a CID holds needs no store`() async throws
    {
        let scene = try await CollectionScene()
        let search = KeepSearch(scene.repository)
        switch try await search.reason(for: try CollectionScene.leaf("absent").cid) {
        case .notHere: break
        case let reason: Issue.record("\(reason)")
        }
        switch try await search.reason(
            for: CID(v1: .raw, Multihash(code: .identity, digest: [1, 2, 3])))
        {
        case .inline: break
        case let reason: Issue.record("\(reason)")
        }
    }
}
