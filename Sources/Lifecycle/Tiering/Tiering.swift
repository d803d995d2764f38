// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
import FileIO
public import Multiformats
public import Repository

/// The tiers of a repository: what they hold, what the rules ask for, and what reaches which pack.
public struct Tiering: Sendable {
    /// The repository.
    public let repository: Repository

    /// The tiers of `repository`.
    public init(_ repository: Repository) { self.repository = repository }

    /// What the rules of the configuration ask for at this moment.
    ///
    /// - Parameters:
    ///   - chosen: only what is written to these tiers; nil for all.
    ///   - applyingOwn: whether the rules of the configuration hold.
    ///   - added: further rules of tiers, beside those of the configuration.
    ///   - milliseconds: the time, since 1970 (UTC); nil for now.
    /// - Throws: `CatalogError`; what reading DAG nodes throws, if a rule asks for snapshots.
    public func plan(
        for chosen: Set<PackTier>? = nil, applyingOwn: Bool = true,
        adding added: [(tier: PackTier, rule: TierRule)] = [],
        atMilliseconds milliseconds: Int64? = nil
    ) async throws -> TierPlan {
        var tiers = repository.config.tiers
        if !applyingOwn { for index in tiers.indices { tiers[index].rules = [] } }
        for (tier, rule) in added {
            guard let index = tiers.firstIndex(where: { $0.tier == tier && $0.mirrorOf.isEmpty })
            else {
                throw TierError(
                    .badRequest,
                    "there is no tier \(tier) to move packs to; name one of those in config.yaml that are no mirrors"
                )
            }
            tiers[index].rules.append(rule)
        }
        var planner = TierPlanner(
            tiers: tiers, packs: try await repository.catalog.packs(),
            nowMilliseconds: milliseconds ?? repository.clock.milliseconds)
        for copy in try await repository.catalog.copies() {
            planner.copies[copy.id, default: []].append(copy.tier)
        }
        planner.accesses = try await repository.catalog.accesses()
        let rules = planner.tiers.flatMap(\.rules).filter(\.needsReach)
        if !rules.isEmpty {
            planner.reach = try await reach(
                for: rules, planner.packs, atMilliseconds: planner.nowMilliseconds)
        }
        return planner.plan(for: chosen)
    }

    /// Which packs snapshots and pins reach, as `rules` ask for it; a pin's tag is its name.
    private func reach(
        for rules: [TierRule], _ packs: [PackRecord], atMilliseconds milliseconds: Int64
    ) async throws -> PackReach {
        let named = Set(rules.flatMap { $0.tags + $0.withoutTags })
        var reach = PackReach()
        var roots: [UInt64: [CID]] = [:]
        var sources: Set<[String]> = []
        for snapshot in try await repository.catalog.snapshots(limit: nil) {
            // They come newest first.
            let isLatest = sources.insert(snapshot.sources).inserted
            let bit = reach.bit(
                of: PackReach.Class(
                    tags: named.intersection(snapshot.tags), isLatest: isLatest))
            for root in snapshot.roots { roots[bit, default: []].append(try CID(root.cid)) }
        }
        for pin in try await repository.catalog.pins()
        where !pin.isExpired(atMilliseconds: milliseconds) {
            let bit = reach.bit(
                of: PackReach.Class(
                    tags: named.intersection(pin.name.map { [$0] } ?? []), isLatest: false))
            let cid = try CID(pin.cid)
            if pin.isRecursive {
                roots[bit, default: []].append(cid)
            } else if let place = try await repository.catalog.places(
                of: [Array(cid.multihashBytes)])[0]
            {
                reach.reach(place.packID, bit)
            }
        }
        for (bit, cids) in roots.sorted(by: { $0.key < $1.key }) {
            var walk = ReachWalk(repository, packs: packs)
            for cid in cids { try await walk.walk(cid) { reach.reach($0, bit) } }
        }
        return reach
    }

    /// The packs of leaves that hold blocks of the DAGs below `roots`.
    ///
    /// - Throws: `CatalogError`; what reading DAG nodes throws.
    public func leafPacks(of roots: [CID]) async throws -> Set<PackID> {
        let packs = try await repository.catalog.packs()
        let leaves = Set(packs.filter { $0.kind == .leaves }.map(\.id))
        var found: Set<PackID> = []
        var walk = ReachWalk(repository, packs: packs)
        for root in roots {
            try await walk.walk(root) { if leaves.contains($0) { found.insert($0) } }
        }
        return found
    }

    /// The steps that bring packs to a tier, whatever the rules say.
    ///
    /// Packs that are there already, and those of the cache, are passed over.
    /// - Throws: ``TierError`` with `badRequest` if the tier cannot take them; `CatalogError`.
    public func plan(
        moving packs: Set<PackID>, to tier: PackTier
    ) async throws -> TierPlan {
        if tier != .hot { try check(tier) }
        let known = try await repository.catalog.packs().filter { packs.contains($0.id) }
        if let unknown = packs.subtracting(known.map(\.id)).min() {
            throw TierError(.badRequest, "the catalog knows no pack \(unknown)")
        }
        var steps: [TierStep] = []
        for pack in known where pack.tier != tier && pack.tier != .cache {
            guard pack.kind == .leaves || tier == .hot else {
                throw TierError(
                    .badRequest,
                    "pack \(pack.id) holds DAG nodes, which stay hot; only packs of leaves move")
            }
            steps.append(
                TierStep(
                    pack.id, .move(from: pack.tier, to: tier),
                    storedByteCount: pack.storedByteCount, reason: "by hand"))
        }
        return TierPlan(steps)
    }

    /// The steps that bring all packs of a tier, or of all of them, back to `hot`, and remove copies
    /// there that no mirror asks for: an interrupted recall left them.
    ///
    /// - Throws: ``TierError``; `CatalogError`.
    public func planRecallingAll(from tier: PackTier? = nil) async throws -> TierPlan {
        let packs = try await repository.catalog.packs()
        let cold = packs.filter {
            $0.tier != .hot && $0.tier != .cache && (tier == nil || $0.tier == tier)
        }
        let moves = try await plan(moving: Set(cold.map(\.id)), to: .hot)
        let emptied = Set(
            repository.config.tiers.filter { $0.mirrorOf.isEmpty && (tier ?? $0.tier) == $0.tier }
                .map(\.tier))
        let hot = packs.filter { $0.tier == .hot }
        let drops = try await repository.catalog.copies().compactMap { copy -> TierStep? in
            guard emptied.contains(copy.tier), let pack = hot.first(where: { $0.id == copy.id })
            else { return nil }
            return TierStep(
                pack.id, .drop(in: copy.tier), storedByteCount: pack.storedByteCount,
                reason: "no copy is wanted here")
        }
        return TierPlan(moves.steps + drops)
    }

    /// The steps that bring back the packs that this process has read from colder tiers.
    ///
    /// - Throws: ``TierError``; `CatalogError`.
    public func planPromoting(_ packs: Set<PackID>) async throws -> TierPlan {
        var cold: Set<PackID> = []
        for pack in packs {
            guard let tier = try await repository.catalog.pack(pack)?.tier else { continue }
            if tier != .hot, tier != .cache { cold.insert(pack) }
        }
        return try await plan(moving: cold, to: .hot)
    }

    private func check(_ tier: PackTier) throws {
        guard let config = repository.config.tiers.first(where: { $0.tier == tier }) else {
            let known = repository.config.tiers.map(\.tier.name).joined(separator: ", ")
            throw TierError(
                .badRequest,
                "there is no tier \(tier) to move to; \(known.isEmpty ? "name one under `tiers:` in \(repository.path)/config.yaml" : "known are \(known)")"
            )
        }
        guard config.mirrorOf.isEmpty else {
            throw TierError(
                .badRequest,
                "tier \(tier) is a mirror of \(config.mirrorOf.map(\.name).joined(separator: ", ")); packs are copied there, not moved"
            )
        }
        guard config.kinds.contains(.leaves) else {
            throw TierError(.badRequest, "tier \(tier) takes no packs of leaves (kinds)")
        }
    }
}
