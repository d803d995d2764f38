// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog

/// Packs in groups, each of which becomes one new pack of the usual size.
///
/// A pack never goes into two new ones: a transaction could not replace it.
struct PackGroups {
    /// The most blocks of a new pack, unless one pack alone has more: the packs' usual limit.
    private static let blockLimit = 65_536
    /// The most bytes of a new pack, unless one pack alone has more: the packs' usual limit.
    private static let byteLimit: Int64 = 256 << 20
    /// Packs of leaves this close in age are put together, a week; a guess.
    private static let spanMilliseconds: Int64 = 7 * 86_400_000
    /// So are those whose ages differ by one part in so many.
    private static let ageParts: Int64 = 4

    /// Indices into the plan, those of each group oldest first.
    private(set) var groups: [[Int]] = []
    private var open: [Destination: Open] = [:]
    private let nowMilliseconds: Int64

    /// What packs must have in common to become one.
    struct Destination: Hashable {
        let kind: PackKind
        let tier: PackTier

        init(_ pack: PackRecord) { (kind, tier) = (pack.kind, pack.tier) }
    }

    private struct Open {
        var group: Int
        var blockCount: Int
        var storedByteCount: Int64
        var oldestMilliseconds: Int64
    }

    /// Puts packs of `plans` into groups.
    init(_ chosen: [Int], of plans: [PackPlan], nowMilliseconds: Int64) {
        self.nowMilliseconds = nowMilliseconds
        let byAge = chosen.sorted {
            let (one, other) = (plans[$0].pack, plans[$1].pack)
            return (one.createdAtMilliseconds, one.id) < (other.createdAtMilliseconds, other.id)
        }
        for index in byAge { add(index, plans[index]) }
    }

    private mutating func add(_ index: Int, _ plan: PackPlan) {
        let destination = Destination(plan.pack)
        if var group = open[destination],
            group.blockCount + plan.liveBlockCount <= Self.blockLimit,
            group.storedByteCount + plan.liveStoredByteCount <= Self.byteLimit,
            isNear(plan, group)
        {
            groups[group.group].append(index)
            group.blockCount += plan.liveBlockCount
            group.storedByteCount += plan.liveStoredByteCount
            open[destination] = group
        } else {
            open[destination] = Open(
                group: groups.count, blockCount: plan.liveBlockCount,
                storedByteCount: plan.liveStoredByteCount,
                oldestMilliseconds: plan.pack.createdAtMilliseconds)
            groups.append([index])
        }
    }

    /// Whether a pack may be dated as the youngest of a group, where rules go by age: hot leaves
    /// move to other tiers.
    private func isNear(_ plan: PackPlan, _ group: Open) -> Bool {
        guard plan.pack.tier == .hot, plan.pack.kind == .leaves else { return true }
        let date = plan.pack.createdAtMilliseconds
        return date - group.oldestMilliseconds
            <= max(Self.spanMilliseconds, (nowMilliseconds - date) / Self.ageParts)
    }
}
