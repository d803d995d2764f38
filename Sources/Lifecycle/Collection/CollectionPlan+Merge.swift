// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog

extension CollectionPlan {
    /// Small packs of a kind and tier are merged if that makes at least so many packs fewer: each
    /// block is written once in so many packs, and no store has many more small packs than that.
    static let mergeGain = 16

    /// Decides which small packs are merged; those that are rewritten anyway are left out.
    ///
    /// - Parameters:
    ///   - whole: packs in which all lives and which may be touched.
    ///   - written: bytes that are rewritten already.
    mutating func chooseMerges(
        whole: [PackRecord], written: Int64, nowMilliseconds: Int64, _ options: CollectionOptions
    ) {
        var plans = packs.filter { $0.action == .leave(.threshold) }
        plans += whole.map {
            PackPlan(
                pack: $0, liveBlockCount: $0.blockCount, liveByteCount: $0.byteCount,
                action: .merge)
        }
        plans = plans.filter {
            $0.liveStoredByteCount < options.mergeBelow
                && ($0.pack.tier == .hot || options.repacksCold && $0.pack.tier != .cache)
        }
        var written = written
        var places: [PackID: Int] = [:]
        for (index, plan) in packs.enumerated() { places[plan.pack.id] = index }
        let alike = Dictionary(grouping: plans.indices) { PackGroups.Destination(plans[$0].pack) }
        for chosen in alike.values {
            let groups = PackGroups(chosen, of: plans, nowMilliseconds: nowMilliseconds).groups
                .filter { $0.count > 1 }
            guard groups.reduce(0, { $0 + $1.count - 1 }) >= Self.mergeGain else { continue }
            for group in groups {
                let byteCount = group.reduce(0) { $0 + plans[$1].liveStoredByteCount }
                if let limit = options.repackByteLimit, written + byteCount > limit { continue }
                written += byteCount
                merge(group.map { plans[$0] }, places)
            }
        }
        packs.sort { $0.pack.id < $1.pack.id }
    }

    /// The packs to rewrite and to merge, in groups that each become one new pack.
    func copyGroups(nowMilliseconds: Int64) -> [[Int]] {
        PackGroups(
            indices(.rewrite) + indices(.merge), of: packs, nowMilliseconds: nowMilliseconds
        ).groups
    }

    /// - Parameter places: where packs that have dead blocks lie in the plan.
    private mutating func merge(_ chosen: [PackPlan], _ places: [PackID: Int]) {
        for var plan in chosen {
            plan.action = .merge
            if let index = places[plan.pack.id] {
                packs[index] = plan
            } else {
                packs.append(plan)
                wholePackCount -= 1
            }
        }
    }
}
