// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Lifecycle
import Repository
import TestSupport
import Testing

/// Which packs rules choose, at a made-up time.
struct TierPlannerTests {
    private let day: Int64 = 86_400_000
    private let now: Int64 = 1_800_000_000_000

    /// A pack of that number, so many days old, of a mebibyte.
    private func pack(
        _ number: Int, daysOld: Int64, kind: PackKind = .leaves, tier: PackTier = .hot
    ) -> PackRecord {
        let created = now - daysOld * day
        return PackRecord(
            id: .make(milliseconds: UInt64(created), random: (0, UInt64(number))), kind: kind,
            tier: tier, blockCount: 1, byteCount: 1 << 20, storedByteCount: 1 << 20,
            createdAtMilliseconds: created)
    }

    private func tier(_ name: String = "cold", _ change: (inout TierRule) -> Void) -> TierConfig {
        var tier = TierConfig(.named(name), .directory("/somewhere"))
        var rule = TierRule()
        change(&rule)
        tier.rules = [rule]
        return tier
    }

    private func plan(
        _ tiers: [TierConfig], _ packs: [PackRecord],
        _ change: (inout TierPlanner) -> Void = { _ in }
    ) -> [TierStep] {
        var planner = TierPlanner(tiers: tiers, packs: packs, nowMilliseconds: now)
        change(&planner)
        return planner.plan().steps
    }

    @Test func `age is that of the pack, to the millisecond`() {
        let packs = [pack(1, daysOld: 30), pack(2, daysOld: 29)]
        let old = tier { $0.olderThanMilliseconds = 30 * day }
        #expect(plan([old], packs).map(\.pack) == [packs[0].id])
        let older = tier { $0.olderThanMilliseconds = 30 * day + 1 }
        #expect(plan([older], packs).isEmpty)
    }

    @Test func `all conditions of a rule must hold, and one rule of several`() {
        let packs = [pack(1, daysOld: 40), pack(2, daysOld: 40)]
        var cold = tier {
            $0.olderThanMilliseconds = 30 * day
            $0.unreadForMilliseconds = 10 * day
        }
        let read = [packs[0].id: PackAccess(readAtMilliseconds: now - 5 * day)]
        #expect(plan([cold], packs) { $0.accesses = read }.map(\.pack) == [packs[1].id])
        var large = TierRule()
        large.minimumByteCount = 1 << 20
        cold.rules.append(large)
        #expect(plan([cold], packs) { $0.accesses = read }.count == 2)
    }

    @Test func `the first tier that takes a pack has it`() {
        let packs = [pack(1, daysOld: 400), pack(2, daysOld: 40)]
        let steps = plan(
            [
                tier("glacier") { $0.olderThanMilliseconds = 365 * day },
                tier("cold") { $0.olderThanMilliseconds = 30 * day },
            ], packs)
        #expect(steps.map(\.destination.name) == ["glacier", "cold"])
    }

    @Test func `nodes, the cache and what was recalled stay`() {
        let packs = [
            pack(1, daysOld: 40, kind: .nodes), pack(2, daysOld: 40, tier: .cache),
            pack(3, daysOld: 40), pack(4, daysOld: 40),
        ]
        let steps = plan([tier { $0.olderThanMilliseconds = day }], packs) {
            $0.accesses = [
                packs[2].id: PackAccess(recalledAtMilliseconds: now - 6 * day),
                packs[3].id: PackAccess(recalledAtMilliseconds: now - 7 * day),
            ]
        }
        #expect(steps.map(\.pack) == [packs[3].id])
    }

    @Test func `above the watermark the least recently used go, until the lower mark`() {
        let packs = (0..<10).map { pack($0, daysOld: Int64(20 - $0)) }
        let cold = tier { $0.watermark = .init(above: 8 << 20, until: 6 << 20) }
        let read = [packs[1].id: PackAccess(readAtMilliseconds: now)]
        let steps = plan([cold], packs) { $0.accesses = read }
        #expect(steps.map(\.pack) == [0, 2, 3, 4].map { packs[$0].id })
        #expect(plan([cold], Array(packs[..<8])).isEmpty)
    }

    @Test func `a watermark counts what other rules move already`() {
        let packs = (0..<10).map { pack($0, daysOld: Int64(20 - $0)) }
        var cold = tier { $0.olderThanMilliseconds = 19 * day }
        var mark = TierRule()
        mark.watermark = .init(above: 8 << 20, until: 7 << 20)
        cold.rules.append(mark)
        // Two go for their age; eight stay, which is not above the mark.
        #expect(plan([cold], packs).count == 2)
    }

    @Test func `a mirror gets what it lacks, and loses what it need not have`() {
        let packs = [
            pack(1, daysOld: 1), pack(2, daysOld: 1, kind: .nodes), pack(3, daysOld: 1),
            pack(4, daysOld: 1, tier: .cold),
        ]
        let spare = PackTier.named("spare")
        var mirror = TierConfig(spare, .directory("/spare"), kinds: [.leaves, .nodes])
        mirror.mirrorOf = [.hot]
        let steps = plan([TierConfig(.cold, .directory("/cold")), mirror], packs) {
            $0.copies = [packs[2].id: [spare], packs[3].id: [spare]]
        }
        #expect(
            steps.map(\.action) == [
                .copy(from: .hot, to: spare), .copy(from: .hot, to: spare), .drop(in: spare),
            ])
        #expect(steps.map(\.pack) == [packs[0].id, packs[1].id, packs[3].id])
    }
}
