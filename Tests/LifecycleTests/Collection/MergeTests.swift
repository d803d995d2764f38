// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import IPLD
import Lifecycle
import Multiformats
import ObjectStore
import PackStore
import Repository
import Synchronization
import TestSupport
import Testing

/// How a collection merges small packs.
struct MergeTests {
    /// As many packs as are merged into one, and no fewer.
    private static let enough = 17

    /// Stores each block in a pack of its own.
    private func store(
        _ prefix: String, _ count: Int, in scene: CollectionScene, kind: PackKind = .leaves
    ) async throws -> [Block] {
        var blocks: [Block] = []
        for number in 0..<count {
            let text = "\(prefix) \(number)"
            let block =
                kind == .leaves
                ? try CollectionScene.leaf(text) : try CollectionScene.record([], text)
            try await scene.store([block], kind: kind)
            blocks.append(block)
        }
        return blocks
    }

    private func records(_ scene: CollectionScene, _ kind: PackKind) async throws -> [PackRecord] {
        try await scene.repository.catalog.packs().filter { $0.kind == kind }
    }

    @Test func `many small packs become one, leaves and nodes apart`() async throws {
        let scene = try await CollectionScene()
        let leaves = try await store("leaf", Self.enough, in: scene)
        let nodes = try await store("node", Self.enough, in: scene, kind: .nodes)
        try await scene.snapshot((leaves + nodes).map(\.cid))
        let report = try await scene.collect()
        // The pack with the snapshot's record is a pack of nodes, too.
        #expect(report.mergedPackCount == 2 * Self.enough + 1)
        #expect(report.newPackCount == 2 && report.rewrittenPackCount == 0)
        #expect(report.freedBlockCount == 0 && report.rewrittenByteCount > 0)
        #expect(try await records(scene, .leaves).map(\.blockCount) == [Self.enough])
        #expect(try await records(scene, .nodes).map(\.blockCount) == [Self.enough + 1])
        #expect(try await scene.packs().count == 2)
        for block in leaves + nodes {
            #expect(try await scene.repository.blocks.block(block.cid) == block)
        }
        try await scene.expectSound()
        let again = try await scene.collect()
        #expect(again.mergedPackCount == 0 && again.plan.packs.isEmpty)
        #expect(try await Reindex(scene.repository).run().snapshotCount == 1)
        #expect(try await scene.repository.catalog.doomedPacks().isEmpty)
    }

    @Test(arguments: [FailingStore.Fault.append(0, .noSpace), .seal(.noSpace)])
    func `on a full disk what is dead goes, and small packs stay as they are`(
        _ fault: FailingStore.Fault
    ) async throws {
        let stores = Mutex<[PackTier: FailingStore]>([:])
        let scene = try await CollectionScene { tier, store in
            let failing = FailingStore(store, .none)
            stores.withLock { $0[tier] = failing }
            return failing
        }
        let leaves = try await store("leaf", Self.enough, in: scene)
        try await scene.snapshot(leaves.map(\.cid))
        let dead = try await store("dead", 2, in: scene)
        stores.withLock { $0[.hot]?.set(fault) }
        let report = try await scene.collect()
        #expect(stores.withLock { $0[.hot]?.hitCount } == 1)
        #expect(report.deletedPackCount == 2 && report.damage.isEmpty)
        #expect(report.mergedPackCount == 0)
        let left = report.plan.packs.filter { $0.action == .leave(.noRoom) }
        #expect(left.count == Self.enough)
        #expect(try await scene.repository.catalog.condemned().isEmpty)
        #expect(try await scene.repository.blocks.contains(dead.map(\.cid)) == [false, false])
        stores.withLock { $0[.hot]?.set(.none) }
        try await scene.expectSound()
        #expect(try await scene.collect().mergedPackCount == Self.enough)
        try await scene.expectSound()
    }

    @Test func `a few small packs stay as they are`() async throws {
        let scene = try await CollectionScene()
        let leaves = try await store("leaf", Self.enough - 1, in: scene)
        try await scene.snapshot(leaves.map(\.cid))
        let before = try await scene.packs()
        let report = try await scene.collect()
        #expect(report.mergedPackCount == 0 && report.plan.wholePackCount == before.count)
        #expect(try await scene.packs() == before)
    }

    @Test func `packs that are not small, and all if none is to be, stay as they are`() async throws
    {
        let scene = try await CollectionScene()
        var leaves = try await store("leaf", Self.enough - 1, in: scene)
        var generator = SeededGenerator(seed: 1)
        let incompressible = (0..<100_000).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        leaves.append(try CollectionScene.block(.raw, incompressible))
        try await scene.store([leaves[leaves.count - 1]], kind: .leaves)
        try await scene.snapshot(leaves.map(\.cid))
        #expect(try await scene.collect { $0.mergeBelow = 50_000 }.mergedPackCount == 0)
        #expect(try await scene.collect { $0.mergeBelow = 0 }.mergedPackCount == 0)
        #expect(try await scene.collect().mergedPackCount == Self.enough)
    }

    @Test func `a dry run names the packs that would be merged`() async throws {
        let scene = try await CollectionScene()
        let leaves = try await store("leaf", Self.enough, in: scene)
        try await scene.snapshot(leaves.map(\.cid))
        let before = try await scene.packs()
        let report = try await scene.collect { $0.isDryRun = true }
        #expect(report.plan.packs.map(\.action) == Array(repeating: .merge, count: Self.enough))
        #expect(report.plan.packs.allSatisfy { $0.deadBlockCount == 0 })
        #expect(report.plan.packs.map(\.pack.id) == Array(before.dropLast()))
        #expect(try await scene.packs() == before)
    }

    @Test func `what is dead in a small pack is left behind when it is merged`() async throws {
        let scene = try await CollectionScene()
        var live: [Block] = []
        var dead: [Block] = []
        for number in 0..<Self.enough {
            let some = try (0..<4).map { try CollectionScene.leaf("pack \(number), block \($0)") }
            try await scene.store(some, kind: .leaves)
            live += some.dropLast()
            dead.append(some[3])
        }
        try await scene.snapshot(live.map(\.cid))
        let report = try await scene.collect { $0.repackBelow = 0.5 }
        #expect(report.mergedPackCount == Self.enough)
        #expect(report.freedBlockCount == dead.count)
        #expect(try await scene.repository.blocks.contains(dead.map(\.cid)).allSatisfy { !$0 })
        #expect(try await scene.repository.blocks.contains(live.map(\.cid)).allSatisfy { $0 })
        #expect(try await scene.repository.catalog.condemned().isEmpty)
        try await scene.expectSound()
    }

    @Test func `no more is merged than may be written`() async throws {
        let scene = try await CollectionScene()
        let leaves = try await store("leaf", Self.enough, in: scene)
        try await scene.snapshot(leaves.map(\.cid))
        #expect(try await scene.collect { $0.repackByteLimit = 1000 }.mergedPackCount == 0)
        #expect(try await scene.collect { $0.repackByteLimit = 100_000 }.mergedPackCount == 17)
    }

    @Test func `a merged pack is as old as its youngest part, and leaves of other ages stay apart`()
        async throws
    {
        let hand = Mutex<Int64>(2_000_000_000)
        let scene = try await CollectionScene(
            clock: WallClock { FileStatus.Time(seconds: hand.withLock { $0 }, nanoseconds: 0) })
        var leaves: [Block] = []
        for night in 0..<20 {
            leaves += try await store("night \(night)", 1, in: scene)
            leaves += try await store("noon \(night)", 1, in: scene)
            hand.withLock { $0 += 86_400 }
        }
        try await scene.snapshot(leaves.map(\.cid))
        try await scene.repository.catalog.noteAccesses([scene.packs()[0]: 77])
        let report = try await scene.collect()
        #expect(report.mergedPackCount == 40)
        let merged = try await records(scene, .leaves)
        #expect(merged.map(\.blockCount) == [16, 16, 8])
        let days = merged.map { ($0.createdAtMilliseconds / 1000 - 2_000_000_000) / 86_400 }
        #expect(days == [7, 15, 19])
        let accesses = try await scene.repository.catalog.accesses()
        #expect(accesses[merged[0].id]?.readAtMilliseconds == 77 && accesses.count == 1)
        // The packs say the same as the catalog.
        _ = try await Reindex(scene.repository).run()
        let again = try await records(scene, .leaves).map(\.createdAtMilliseconds)
        #expect(again == merged.map(\.createdAtMilliseconds))
    }

    @Test func `packs of a session that is alive are not merged`() async throws {
        let scene = try await CollectionScene()
        try await scene.repository.withSession(.ingest) { session in
            var roots: [CID] = []
            for number in 0..<Self.enough {
                let block = try CollectionScene.leaf("leaf \(number)")
                let sealed = try await SessionPack.seal([block], in: session)
                try await scene.repository.commit(sealed, in: session)
                roots.append(block.cid)
            }
            try await scene.snapshot(roots)
            #expect(try await scene.collect().mergedPackCount == 0)
        }
        #expect(try await scene.collect().mergedPackCount == Self.enough)
    }

    @Test func `packs with damage are left to repair`() async throws {
        let scene = try await CollectionScene()
        let leaves = try await store("leaf", Self.enough, in: scene)
        try await scene.snapshot(leaves.map(\.cid))
        let first = try #require(try await records(scene, .leaves).first)
        var bad = BlockBitmap(count: 1)
        bad.insert(0)
        let blocks = [PackBlocks(id: first.id, blocks: bad)]
        try await scene.repository.catalog.quarantine(blocks)
        #expect(try await scene.collect().mergedPackCount == 0)
        try await scene.repository.catalog.release(quarantined: blocks)
        #expect(try await scene.collect().mergedPackCount == Self.enough)
    }
}
