// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import PackStore
import Repository

extension Reindex {
    /// A pack, the tier that it is read from, and those with further copies.
    struct PlacedPack {
        var id: PackID
        var tier: PackTier
        var copies: [PackTier] = []
    }

    /// Which of several copies of a pack is read: the one with most blocks, for what an interrupted
    /// recall left may have been completed from a part; the first tier among equals.
    ///
    /// A copy that differs from it is left out, and removed by nobody. Files that are to be deleted
    /// are left out, too.
    /// - Parameter files: in the order of the tiers.
    func arrange(_ files: [(id: PackID, tier: PackTier)]) async throws -> [PlacedPack] {
        let doomed = Set(try await repository.catalog.doomedPacks())
        var tiers: [PackID: [PackTier]] = [:]
        var order: [PackID] = []
        for (id, tier) in files where !doomed.contains(DoomedPack(id: id, tier: tier)) {
            if tiers[id] == nil { order.append(id) }
            tiers[id, default: []].append(tier)
        }
        var packs: [PlacedPack] = []
        for id in order {
            let held = tiers[id] ?? []
            packs.append(
                held.count == 1 ? PlacedPack(id: id, tier: held[0]) : await place(id, held))
        }
        return packs
    }

    private func place(_ id: PackID, _ tiers: [PackTier]) async -> PlacedPack {
        var best = (tier: tiers[0], blockCount: -1)
        for tier in tiers {
            // One that cannot be read loses to any that can; if none can, the first is told.
            let count = try? await repository.packs.index(of: id, tier: tier).blocks.count
            if let count, count > best.blockCount { best = (tier, count) }
        }
        var pack = PlacedPack(id: id, tier: best.tier)
        for tier in tiers where tier != best.tier {
            // One that cannot be compared is no copy to rely on.
            let likeness = try? await repository.packs.likeness(of: id, in: tier, to: best.tier)
            if likeness == .same { pack.copies.append(tier) }
        }
        return pack
    }
}
