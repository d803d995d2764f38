// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import PackStore
public import Repository

/// What a tier holds, by the catalog, and whether it can be reached.
public struct TierStatus: Sendable {
    /// The tier's name.
    public var tier: PackTier
    /// Where its packs lie; never with credentials.
    public var location: String
    /// What was configured; nil for `hot` and `cache`, and for tiers that packs lie in without a
    /// word in the configuration.
    public var config: TierConfig?
    /// Packs that are read from here.
    public var packCount = 0
    /// Bytes of their files.
    public var storedByteCount: Int64 = 0
    /// Further copies of packs that are read from elsewhere.
    public var copyCount = 0
    /// Bytes of their files.
    public var copyByteCount: Int64 = 0
    /// Files that are still to be deleted.
    public var doomedCount = 0
    /// Why it cannot be reached; nil if it can.
    public var failure: String?
}

extension Tiering {
    /// The state of each tier, in the order of the configuration.
    ///
    /// - Parameter reaching: whether to ask each tier for its files.
    /// - Throws: `CatalogError`.
    public func status(reaching: Bool = true) async throws -> [TierStatus] {
        var states = repository.tiers.map { tier in
            let config = repository.config.tiers.first { $0.tier == tier }
            return TierStatus(
                tier: tier, location: config?.location ?? repository.path + "/packs/\(tier)",
                config: config)
        }
        func index(_ tier: PackTier) -> Int {
            if let known = states.firstIndex(where: { $0.tier == tier }) { return known }
            states.append(
                TierStatus(
                    tier: tier, location: "", config: nil,
                    failure: "config.yaml does not name tier \(tier); put it back"))
            return states.count - 1
        }
        var sizes: [PackID: Int64] = [:]
        for pack in try await repository.catalog.packs() {
            sizes[pack.id] = pack.storedByteCount
            let index = index(pack.tier)
            states[index].packCount += 1
            states[index].storedByteCount += pack.storedByteCount
        }
        for copy in try await repository.catalog.copies() {
            let index = index(copy.tier)
            states[index].copyCount += 1
            states[index].copyByteCount += sizes[copy.id] ?? 0
        }
        for doomed in try await repository.catalog.doomedPacks() {
            states[index(doomed.tier)].doomedCount += 1
        }
        guard reaching else { return states }
        for index in states.indices where states[index].failure == nil {
            do { _ = try await repository.packs.packs(in: states[index].tier) } catch let error
                as PackError
            {
                states[index].failure = "\(error)"
            }
        }
        return states
    }
}
