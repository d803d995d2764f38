// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Lifecycle
import Multiformats
import Repository
import Testing

/// Collections in repositories that are known to lack blocks.
struct KnownLossTests {
    /// A snapshot that lacks a leaf, or a node with a leaf below it, beside blocks that are dead.
    private struct Lossy {
        let scene: CollectionScene
        let kept: Block
        let lost: Block
        let below: Block
        let dead: Block

        init(losesNode: Bool) async throws {
            scene = try await CollectionScene()
            kept = try CollectionScene.leaf("kept")
            below = try CollectionScene.leaf("below")
            dead = try CollectionScene.leaf("dead")
            lost =
                losesNode
                ? try CollectionScene.node([below.cid]) : try CollectionScene.leaf("lost")
            let root = try CollectionScene.node([kept.cid, lost.cid])
            try await scene.store([kept], kind: .leaves)
            try await scene.store([below], kind: .leaves)
            try await scene.store([dead], kind: .leaves)
            try await scene.store([root], kind: .nodes)
            try await scene.snapshot([root.cid])
        }

        func holds(_ block: Block) async throws -> Bool {
            try await scene.repository.blocks.contains(block.cid)
        }

        /// Has a verification take down what is lost.
        func tellLoss() async throws {
            let report = try await Verify(scene.repository).run()
            #expect(report.findings.map(\.kind) == ["lost-content"])
        }
    }

    @Test func `a lost leaf stops a collection until it is known, and then no more`() async throws {
        let lossy = try await Lossy(losesNode: false)
        let error = try await #require(throws: CollectionError.self) {
            try await lossy.scene.collect()
        }
        #expect(error.code == .missing && error.cid == lossy.lost.cid)
        #expect(try await lossy.holds(lossy.dead))
        try await lossy.tellLoss()
        let report = try await lossy.scene.collect()
        #expect(report.lacking == [lossy.lost.cid] && report.lackingCount == 1)
        // Nothing hangs on a leaf: what no root reaches is dead.
        #expect(report.freedBlockCount == 2)
        #expect(try await lossy.holds(lossy.kept))
        #expect(try await !lossy.holds(lossy.dead))
        // The loss is what it was, and no more.
        try await lossy.tellLoss()
    }

    @Test func `while a node is lost nothing is freed that may hang on it`() async throws {
        let lossy = try await Lossy(losesNode: true)
        try await lossy.tellLoss()
        let error = try await #require(throws: CollectionError.self) {
            try await lossy.scene.collect()
        }
        #expect(error.code == .missing && error.cid == lossy.lost.cid)
        for remedy in ["cairn repair", "--drop", "--give-up-lost"] {
            #expect(error.message.contains(remedy), "\(error)")
        }
        #expect(try await lossy.holds(lossy.below))
        #expect(try await lossy.scene.repository.catalog.condemned().isEmpty)
        // It is found again, and all is there.
        try await lossy.scene.store([lossy.lost], kind: .nodes)
        try await lossy.scene.expectSound()
        let report = try await lossy.scene.collect()
        #expect(report.freedBlockCount == 1)
        try await lossy.scene.expectSound()
    }

    @Test func `what hangs on a lost node goes if that is asked for, and nothing else`()
        async throws
    {
        let lossy = try await Lossy(losesNode: true)
        // What is not known to be lost stops it all the same.
        await #expect(throws: CollectionError.self) {
            try await lossy.scene.collect { $0.givesUpLost = true }
        }
        try await lossy.tellLoss()
        let report = try await lossy.scene.collect { $0.givesUpLost = true }
        #expect(report.lacking == [lossy.lost.cid])
        #expect(report.freedBlockCount == 2)
        #expect(try await lossy.holds(lossy.kept))
        #expect(try await !lossy.holds(lossy.below))
        #expect(try await !lossy.holds(lossy.dead))
        try await lossy.tellLoss()
    }

    @Test func `each snapshot must be known to be incomplete, and shared losses count once`()
        async throws
    {
        let lossy = try await Lossy(losesNode: false)
        let pinned = try CollectionScene.node([lossy.lost.cid, lossy.below.cid])
        try await lossy.scene.store([pinned], kind: .nodes)
        try await lossy.tellLoss()
        try await lossy.scene.snapshot([pinned.cid])
        // The new snapshot is not known to lack anything.
        await #expect(throws: CollectionError.self) { try await lossy.scene.collect() }
        let report = try await Verify(lossy.scene.repository).run()
        #expect(report.findings.count == 2)
        #expect(try await lossy.scene.collect().freedBlockCount == 1)
        #expect(try await lossy.holds(lossy.below))
    }

    @Test func `a second copy of a block that went bad stays, though nothing counts on it`()
        async throws
    {
        let scene = try await CollectionScene()
        let leaf = try CollectionScene.leaf("leaf")
        let dead = try CollectionScene.leaf("dead")
        let root = try CollectionScene.node([leaf.cid])
        let packs = [
            try await scene.store([leaf], kind: .leaves),
            try await scene.store([leaf], kind: .leaves),
        ]
        try await scene.store([dead], kind: .leaves)
        try await scene.store([root], kind: .nodes)
        try await scene.snapshot([root.cid])
        // Both are marked, so that none is better than the other; in truth both are sound.
        try await scene.repository.catalog.quarantine(
            packs.map { PackBlocks(id: $0, blocks: .all(count: 1)) })
        let report = try await scene.collect()
        #expect(report.left.map(\.reason) == [.heals])
        #expect(report.freedBlockCount == 1)
        #expect(Set(try await scene.packs()).isSuperset(of: packs))
        #expect(try await scene.repository.blocks.contains([leaf.cid, dead.cid]) == [true, false])
    }
}
