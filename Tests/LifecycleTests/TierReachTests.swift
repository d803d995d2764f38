// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Foundation
import IPLD
import Lifecycle
import Multiformats
import PackStore
import Repository
import TestSupport
import Testing

/// Tiers that cannot be reached, belong to others, or mirror each other.
struct TierReachTests {
    @Test func `a tier that is not there stops nobody who does not need it`() async throws {
        let scene = try await TierScene()
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 2, in: repository)
        try await repository.moveByRules()
        try FileManager.default.moveItem(atPath: scene.path("cold"), toPath: scene.path("away"))
        // An empty directory, as of a disk that is not mounted.
        try FileManager.default.createDirectory(
            atPath: scene.path("cold"), withIntermediateDirectories: false)
        let other = try await scene.repository()
        let error = await #expect(throws: BlockStoreError.self) {
            _ = try await other.blocks.block(blocks[0].cid)
        }
        #expect(error?.message.contains("tier cold") == true)
        #expect(error?.message.contains("is the disk mounted?") == true)
        let bytes = Array("new".utf8)
        let new = Block(cid: try #require(CID.raw("new")), bytes: bytes)
        try await other.blocks.put([new])
        #expect(try await other.blocks.block(new.cid) == new)
        let report = try await other.moveByRules()
        #expect(report.failures.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scene.path("cold")).isEmpty)
        let states = try await Tiering(other).status()
        #expect(states.map(\.tier) == [.hot, .cache, .cold])
        #expect(states[2].failure != nil)
        #expect(states[2].packCount == 2)

        try FileManager.default.removeItem(atPath: scene.path("cold"))
        try FileManager.default.moveItem(atPath: scene.path("away"), toPath: scene.path("cold"))
        #expect(try await other.holds(blocks))
        #expect(try await other.moveByRules().failures == [])
    }

    @Test func `a tier of another repository is not touched until it is attached`() async throws {
        let scene = try await TierScene()
        let first = try await scene.repository()
        let blocks = try await scene.store(packs: 2, in: first)
        try await first.moveByRules()
        let config = scene.path("second/config.yaml")
        _ = try await Repository.open(scene.path("second"), creating: true)
        try FileManager.default.removeItem(atPath: config)
        try FileManager.default.copyItem(
            atPath: scene.path("repository/config.yaml"), toPath: config)
        let second = try await Repository.open(scene.path("second"), creating: false)
        _ = try await scene.store(packs: 1, in: second)
        let report = try await second.moveByRules()
        #expect(report.failures.first?.contains("another repository") == true)
        #expect(try scene.files("cold").count == 2)

        // The first one is lost; the second takes over what is left of it.
        let lock = try #require(try await second.takeTierLock())
        try await second.attach(.cold, holding: lock)
        let rebuilt = try await Repository.openForReindex(scene.path("second"))
        let reindex = try await Reindex(rebuilt).run()
        #expect(reindex.failures == [])
        #expect(try await rebuilt.packCounts() == [.hot: 1, .cold: 2])
        #expect(try await rebuilt.holds(blocks))
    }

    private static let mirrored = """
        cold:
          directory: DIR/cold
          rules: [{older-than: 0s}]
        spare:
          directory: DIR/spare
          mirror-of: [hot, cold]
        """

    @Test func `a mirror holds a copy of each pack, also of nodes, and follows moves`()
        async throws
    {
        let scene = try await TierScene(Self.mirrored)
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 2, in: repository)
        let node = try Block.node(linking: blocks[0].cid)
        try await repository.blocks.put([node])
        let report = try await repository.moveByRules()
        #expect(report.failures == [])
        #expect(report.doneCount == 5)
        #expect(try scene.files("spare").count == 3)
        #expect(try await repository.packCounts() == [.cold: 2, .hot: 1])
        let spare = PackTier.named("spare")
        for pack in try await repository.catalog.packs() {
            #expect(try await repository.places(ofPack: pack.id) == [pack.tier, spare])
        }
        #expect(try await repository.moveByRules().stepCount == 0)

        // With the catalog gone, both places of each pack are found again.
        let rebuilt = try await Repository.openForReindex(scene.path("repository"))
        #expect(try await Reindex(rebuilt).run().failures == [])
        for pack in try await rebuilt.catalog.packs() {
            #expect(try await rebuilt.places(ofPack: pack.id) == [pack.tier, spare])
        }
        #expect(try await rebuilt.packCounts() == [.cold: 2, .hot: 1])

        // Copies that nobody wants any more go.
        try scene.configure(Self.mirrored.replacing("[hot, cold]", with: "[hot]"))
        let changed = try await scene.repository()
        #expect(try await changed.moveByRules().doneCount == 2)
        #expect(try scene.files("spare").count == 1)
        #expect(try await changed.holds(blocks + [node]))
    }

    @Test func `the copies of a pack that is removed are to be deleted, too`() async throws {
        let scene = try await TierScene(Self.mirrored)
        let repository = try await scene.repository()
        _ = try await scene.store(packs: 1, in: repository)
        try await repository.moveByRules()
        let pack = try #require(try await repository.catalog.packs().first)
        #expect(try await repository.catalog.removePack(pack.id, ifVersion: pack.version))
        #expect(
            try await repository.catalog.doomedPacks().contains(
                DoomedPack(id: pack.id, tier: .named("spare"))))
        try await repository.removeDoomed()
        #expect(try scene.files("spare").isEmpty)
    }

    @Test func `reads are noted, once, and rules see them`() async throws {
        let scene = try await TierScene(
            """
            cold:
              directory: DIR/cold
              rules: [{unread-for: 7d}]
            """)
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 2, in: repository)
        let day: Int64 = 86_400_000
        let now = WallTime.now
        let tiering = Tiering(repository)
        #expect(try await tiering.plan(atMilliseconds: now).steps.isEmpty)
        #expect(try await tiering.plan(atMilliseconds: now + 8 * day).steps.count == 2)
        for _ in 0..<3 { _ = try await repository.blocks.block(blocks[0].cid) }
        #expect(!repository.packs.accesses.isEmpty)
        try await repository.writeAccessTimes()
        #expect(repository.packs.accesses.isEmpty)
        #expect(try await repository.catalog.accesses().count == 1)
        // Within the hour a further read is not noted again.
        _ = try await repository.blocks.block(blocks[1].cid)
        #expect(repository.packs.accesses.isEmpty)
        let read = try #require(try await repository.catalog.accesses().first)
        try await repository.catalog.noteAccesses([read.key: now + 5 * day])
        let plan = try await tiering.plan(atMilliseconds: now + 8 * day)
        #expect(plan.steps.count == 1)
        #expect(plan.steps.first?.pack != read.key)
    }
}
