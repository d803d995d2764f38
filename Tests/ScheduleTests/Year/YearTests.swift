// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Lifecycle
import Repository
import TestSupport
import Testing

/// A store in use for a year: a run every night, rules of retention, of tiers and of space.
struct YearTests {
    /// What the packs may take beside the blocks that live: the hot tier is not collected before it
    /// has passed its mark, what lives is at least half of each pack that stays, and the nodes of
    /// some two dozen snapshots come on top.
    private static let allowance = YearScene.mark + (256 << 10)
    /// Some two dozen snapshots, and fewer than sixteen small packs of each kind in each tier.
    private static let packLimit = 80

    /// The same year each time, unless `CAIRN_SEED` asks for another one.
    private static let seed =
        ProcessInfo.processInfo.environment["CAIRN_SEED"].flatMap(UInt64.init) ?? 2040

    @Test func `after a year of nights disks are bounded and every snapshot is whole`()
        async throws
    {
        let scene = try await YearScene(seed: Self.seed)
        var (mostBytes, mostPacks) = (0.0, 0)
        for day in 0..<365 {
            try await scene.pass(day: day)
            let packs = try scene.packs()
            let byteCount = packs.values.reduce(0) { $0 + $1.byteCount }
            let bound = 2 * scene.liveByteCount + Self.allowance
            #expect(byteCount <= bound, "day \(day): \(packs), live \(scene.liveByteCount)")
            mostBytes = max(mostBytes, Double(byteCount) / Double(bound))
            let packCount = packs.values.reduce(0) { $0 + $1.count }
            #expect(packCount <= Self.packLimit, "day \(day): \(packs)")
            mostPacks = max(mostPacks, packCount)
            // One snapshot a fortnight, another age each time.
            let ids = scene.kept.keys.sorted()
            if day % 14 == 13 { try await scene.expectRestored(ids[day / 14 % ids.count]) }
            if day % 91 == 90 { try await scene.expectSound() }
        }
        print("year: at most \(mostPacks) packs, \(Int(mostBytes * 100)) % of the bound")
        // 7 days, 5 weeks and 12 months, of which some are the same.
        #expect((18...24).contains(scene.kept.count))
        for id in scene.kept.keys.sorted() { try await scene.expectRestored(id) }
        try await scene.expectSound()
        try expectEverythingHappened(scene)
        // The packs alone tell the same (promise P4).
        let report = try await Reindex(scene.repository).run()
        #expect(report.failures.isEmpty)
        let left = try await scene.repository.catalog.snapshots(limit: nil).map(\.id)
        #expect(Set(left) == Set(scene.kept.keys))
        try await scene.expectSound()
    }

    /// Expects that no rule was idle all the year.
    private func expectEverythingHappened(_ scene: YearScene) throws {
        let collections = try #require(scene.said["gc"])
        #expect(collections.contains { $0.hasPrefix("not due: ") })
        #expect(collections.contains { $0.contains(/[1-9][0-9]* packs deleted/) })
        #expect(collections.contains { $0.contains(/[1-9][0-9]* rewritten/) })
        #expect(collections.contains { $0.contains(/[1-9][0-9]* merged/) })
        let moves = try #require(scene.said["tiers"])
        #expect(moves.contains { $0.contains(/[1-9][0-9]* packs moved/) })
        let packs = try scene.packs()
        #expect(packs["cold"]?.count ?? 0 > 0 && packs["hot"]?.count ?? 0 > 0)
    }
}
