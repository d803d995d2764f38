// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import IPLD
import Lifecycle
import PackStore
import Repository
import TestSupport
import Testing

/// Mirrors that heal each other.
struct TierHealTests {
    private static let mirrored = """
        spare:
          directory: DIR/spare
          mirror-of: hot
        """
    private let spare = PackTier.named("spare")

    /// Carries out what a check says, on a repository opened anew.
    private func heal(_ scene: TierScene) async throws -> (TierCheck.Report, TierReport) {
        let repository = try await scene.repository()
        let check = try await TierCheck(repository).run()
        return (check, try await TierMove(repository).run { check.plan })
    }

    @Test(arguments: ["hot", "spare"], [true, false])
    func `a copy that is damaged or missing is replaced from the other`(
        _ tier: String, _ isMissing: Bool
    ) async throws {
        let scene = try await TierScene(Self.mirrored)
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 2, in: repository)
        #expect(try await repository.moveByRules().doneCount == 2)
        let name = try #require(try scene.files(tier).first)
        let file = tier == "hot" ? "repository/packs/hot/\(name)" : "spare/\(name)"
        if isMissing {
            try FileManager.default.removeItem(atPath: scene.path(file))
        } else {
            try scene.damage(scene.path(file))
        }
        let (check, report) = try await heal(scene)
        #expect(check.checkedCount == 4)
        #expect(check.findings.count == 1)
        #expect(report.failures == [])
        #expect(report.doneCount == 1)
        let after = try await scene.repository()
        #expect(try await after.packCounts() == [.hot: 2])
        #expect(try await after.holds(blocks))
        #expect(try await TierCheck(after).run().findings == [])
        for pack in try await after.catalog.packs() {
            #expect(try await after.places(ofPack: pack.id) == [.hot, spare])
        }
    }

    @Test func `of a pack that is bad everywhere nothing is thrown away`() async throws {
        let scene = try await TierScene(Self.mirrored)
        let repository = try await scene.repository()
        _ = try await scene.store(packs: 1, in: repository)
        try await repository.moveByRules()
        let name = try #require(try scene.files("hot").first)
        try scene.damage(scene.path("repository/packs/hot/\(name)"))
        try scene.damage(scene.path("spare/\(name)"))
        let (check, report) = try await heal(scene)
        #expect(check.findings.count == 2)
        #expect(report.stepCount == 0)
        #expect(try scene.files("hot") == [name])
        #expect(try scene.files("spare") == [name])
    }

    @Test func `a lost repository comes back from its mirror`() async throws {
        let scene = try await TierScene(Self.mirrored)
        let repository = try await scene.repository()
        var blocks = try await scene.store(packs: 2, in: repository)
        let node = try Block.node(linking: blocks[0].cid)
        try await repository.blocks.put([node])
        blocks.append(node)
        try await repository.moveByRules()
        let config = try String(
            contentsOfFile: scene.path("repository/config.yaml"), encoding: .utf8)
        try FileManager.default.removeItem(atPath: scene.path("repository"))
        _ = try await Repository.open(scene.path("repository"), creating: true)
        try config.write(
            toFile: scene.path("repository/config.yaml"), atomically: true, encoding: .utf8)
        let new = try await Repository.openForReindex(scene.path("repository"))
        let lock = try #require(try await new.takeTierLock())
        try await new.attach(spare, holding: lock)
        _ = consume lock
        #expect(try await Reindex(new).run().failures == [])
        #expect(try await new.packCounts() == [spare: 3])
        #expect(try await new.holds(blocks))
        #expect(try await new.moveByRules().doneCount == 3)
        #expect(try await new.packCounts() == [.hot: 3])
        for pack in try await new.catalog.packs() {
            #expect(try await new.places(ofPack: pack.id) == [.hot, spare])
        }
        #expect(try await new.holds(blocks))
        #expect(try await new.moveByRules().stepCount == 0)
    }
}
