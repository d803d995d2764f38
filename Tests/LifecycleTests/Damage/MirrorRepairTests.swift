// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Foundation
import IPLD
import Lifecycle
import Repository
import TestSupport
import Testing

/// Damage to packs that have a copy in another tier.
@Suite struct MirrorRepairTests {
    private static let mirrored = """
        spare:
          directory: DIR/spare
          mirror-of: hot
        """

    /// A store of two mirrored packs, the first of which is damaged or missing in `hot`.
    private func damaged(_ isMissing: Bool) async throws -> (TierScene, [Block]) {
        let scene = try await TierScene(Self.mirrored)
        let repository = try await scene.repository()
        let blocks = try await scene.store(packs: 2, in: repository)
        #expect(try await repository.moveByRules().doneCount == 2)
        let name = try #require(try scene.files("hot").first)
        let file = scene.path("repository/packs/hot/\(name)")
        if isMissing {
            try FileManager.default.removeItem(atPath: file)
        } else {
            try scene.damage(file)
        }
        return (scene, blocks)
    }

    @Test(arguments: [true, false])
    func `a read goes on with the copy`(_ isMissing: Bool) async throws {
        let (scene, blocks) = try await damaged(isMissing)
        let repository = try await scene.repository()
        for block in blocks { #expect(try await repository.blocks.block(block.cid) == block) }
    }

    @Test(arguments: [true, false])
    func `repair puts the copy in the place of the bad pack`(_ isMissing: Bool) async throws {
        let (scene, blocks) = try await damaged(isMissing)
        let repository = try await scene.repository()
        let repair = Repair(repository)
        let report = try await repair.run(try await repair.plan())
        #expect(report.failures == [])
        #expect(report.healedPackCount == 1 && report.rewrittenPackCount == 0)
        let after = try await scene.repository()
        let check = try await Verify(after).run()
        #expect(check.findings.isEmpty, "\(check.findings)")
        #expect(check.quarantinedBlockCount == 0)
        for block in blocks { #expect(try await after.blocks.block(block.cid) == block) }
        #expect(try await TierCheck(after).run().findings == [])
    }
}
