// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
public import PackStore

extension Repository {
    /// Completes what dead writers left in one of the ``localTiers``, but for packs that the
    /// catalog knows: a part of those is an interrupted recall, and goes.
    func salvageParts(in tier: PackTier) async throws -> SalvageReport {
        var known: Set<PackID> = []
        for id in try await packs.unfinishedPacks(in: tier)
        where try await catalog.pack(id) != nil {
            known.insert(id)
        }
        return try await packs.salvage(tier, discarding: known)
    }

    /// Completes what dead ingests left, and removes what dead moves did; for a catalog that knows
    /// nothing, so that a part is told by a sealed pack of the same name in another tier.
    ///
    /// - Parameter count: goes up with each pack that was completed.
    /// - Returns: the tiers that cannot be reached, and why.
    /// - Throws: `PackError` if another tier cannot be listed.
    public func salvageAllParts(
        _ count: inout Int
    ) async throws -> [(tier: PackTier, error: PackError)] {
        var sealed: Set<PackID> = []
        var unreachable: [(PackTier, PackError)] = []
        for tier in tiers {
            do { sealed.formUnion(try await packs.packs(in: tier)) } catch let error as PackError
                where error.code == .unreachable
            {
                unreachable.append((tier, error))
            }
        }
        for tier in tiers where !unreachable.contains(where: { $0.0 == tier }) {
            if Self.localTiers.contains(tier) {
                count += try await packs.salvage(tier, discarding: sealed).packs.count
            } else {
                try await packs.discardParts(in: tier)
            }
        }
        return unreachable
    }
}
