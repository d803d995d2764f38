// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import PackStore
import Repository

extension TierMove {
    /// Removes copies that broken-off moves left: parts, and sealed packs in another tier than the
    /// catalog says.
    ///
    /// A copy goes only if the one that the catalog names can be read, and if it has the same index
    /// or, being broken, none.
    func removeLeftovers(holding lock: TierLock) async throws {
        // Only moves write these in another tier, and this one holds the lock.
        let known = Set(try await repository.catalog.packs().map(\.id))
        // Listed first: what is sealed after that was not left by anybody.
        var files: [(id: PackID, tier: PackTier)] = []
        for tier in repository.tiers where tier != .cache {
            do {
                if tier != .hot {
                    leave(try await repository.packs.discardParts(in: tier, ofCopied: known))
                }
                files += try await repository.packs.packs(in: tier).map { ($0, tier) }
            } catch let error as PackError {
                // Told when something is to be written there.
                guard error.code == .unreachable else { throw error }
            }
        }
        var places: [PackID: Set<PackTier>] = [:]
        var read: [PackID: PackTier] = [:]
        for pack in try await repository.catalog.packs() {
            places[pack.id] = [pack.tier]
            read[pack.id] = pack.tier
        }
        for copy in try await repository.catalog.copies() {
            places[copy.id]?.insert(copy.tier)
        }
        for (id, tier) in files {
            guard let known = places[id], let place = read[id], !known.contains(tier) else {
                continue
            }
            try Task.checkCancellation()
            do {
                let likeness = try await repository.packs.likeness(of: id, in: tier, to: place)
                guard likeness != .other else {
                    fail(
                        "pack \(id) in tier \(tier) is not the one in tier \(place); run `cairn verify`"
                    )
                    continue
                }
                try await repository.packs.delete(id, tier: tier)
                leave(1)
            } catch let error as PackError {
                fail("\(error)")
            }
        }
    }
}

extension TierMove {
    /// Puts a copy of a pack in the place of a bad or missing one.
    ///
    /// First it is read from elsewhere, then the bad file goes, then the new one is written and
    /// checked, and last it is read from there again: interrupted at any step, the catalog names a
    /// good copy.
    /// - Returns: false if there are no such copies any more.
    func replace(
        _ id: PackID, in tier: PackTier, from source: PackTier, holding lock: TierLock
    ) async throws -> Bool {
        let catalog = repository.catalog
        let tiers = try await catalog.tiers(of: id)
        guard tiers.contains(source) else { return false }
        // A pack that is read from its mirror goes back to where it belongs.
        let isRead = tiers.first == tier || !tiers.contains(tier)
        if tiers.contains(tier) {
            if isRead { _ = try await catalog.prefer(id, in: source) }
            repository.forgetPlace(of: id)
            guard try await catalog.dropCopy(of: id, in: tier) else { return false }
            try await remove(id, tier)
        }
        try await write(id, from: source, to: tier, holding: lock)
        try await catalog.addCopy(of: id, in: tier)
        if isRead { _ = try await catalog.prefer(id, in: tier) }
        repository.forgetPlace(of: id)
        return true
    }
}
