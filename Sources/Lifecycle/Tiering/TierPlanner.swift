// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Catalog
public import Repository

/// Decides which packs go where: a function of what is known, without I/O.
public struct TierPlanner: Sendable {
    /// For how long a pack that was recalled stays hot, whatever the rules say.
    ///
    /// Else the next run would send it back. A week; a guess.
    public static let recallHoldMilliseconds: Int64 = 7 * 86_400_000

    /// The tiers beside `hot` and `cache`.
    public var tiers: [TierConfig]
    /// All packs.
    public var packs: [PackRecord]
    /// Their further copies.
    public var copies: [PackID: [PackTier]] = [:]
    /// When they were used.
    public var accesses: [PackID: PackAccess] = [:]
    /// What reaches them, if a rule asks for it.
    public var reach = PackReach()
    /// The time, in milliseconds since 1970 (UTC).
    public var nowMilliseconds: Int64

    /// A planner that knows of no copies, accesses or reach yet.
    public init(tiers: [TierConfig], packs: [PackRecord], nowMilliseconds: Int64) {
        self.tiers = tiers
        self.packs = packs
        self.nowMilliseconds = nowMilliseconds
    }

    /// What the rules ask for.
    ///
    /// - Parameter chosen: only steps that write to these tiers, or delete there; nil for all.
    public func plan(for chosen: Set<PackTier>? = nil) -> TierPlan {
        var places: [PackID: PackTier] = [:]
        var moves: [TierStep] = []
        var hotByteCount = packs.reduce(Int64(0)) {
            $0 + ($1.tier == .hot ? $1.storedByteCount : 0)
        }
        func move(_ pack: PackRecord, to tier: PackTier, _ reason: String) {
            places[pack.id] = tier
            hotByteCount -= pack.storedByteCount
            moves.append(
                TierStep(
                    pack.id, .move(from: .hot, to: tier), storedByteCount: pack.storedByteCount,
                    reason: reason))
        }
        let candidates = packs.filter { $0.tier == .hot && $0.kind == .leaves && !isHeld($0) }
            .sorted { (lastUse($0), $0.id) < (lastUse($1), $1.id) }
        let targets = tiers.filter { chosen?.contains($0.tier) ?? true }
        for pack in candidates {
            for tier in targets where tier.mirrorOf.isEmpty && tier.kinds.contains(.leaves) {
                guard
                    let (_, rule) = tier.rules.enumerated().first(where: {
                        $1.watermark == nil && holds($1, $0, pack, in: tier)
                    })
                else { continue }
                move(pack, to: tier.tier, rule.text)
                break
            }
        }
        for tier in targets where tier.mirrorOf.isEmpty && tier.kinds.contains(.leaves) {
            for (index, rule) in tier.rules.enumerated() {
                guard let mark = rule.watermark, hotByteCount > mark.above else { continue }
                for pack in candidates where places[pack.id] == nil && hotByteCount > mark.until {
                    if holds(rule, index, pack, in: tier) { move(pack, to: tier.tier, rule.text) }
                }
            }
        }
        return TierPlan(copySteps(places, targets) + moves)
    }

    /// Further copies that mirrors want, and those that nothing wants.
    private func copySteps(
        _ places: [PackID: PackTier], _ targets: [TierConfig]
    ) -> [TierStep] {
        var steps: [TierStep] = []
        for pack in packs where pack.tier != .cache {
            let place = places[pack.id] ?? pack.tier
            let held = copies[pack.id] ?? []
            if let home = home(of: pack) {
                steps.append(
                    TierStep(
                        pack.id, .heal(in: home, from: pack.tier),
                        storedByteCount: pack.storedByteCount,
                        reason: "it is read from its mirror"))
                continue
            }
            for tier in targets where tier.tier != place {
                let isWanted = tier.mirrorOf.contains(place) && tier.kinds.contains(pack.kind)
                let isHeld = held.contains(tier.tier)
                if isWanted, !isHeld {
                    steps.append(
                        TierStep(
                            pack.id, .copy(from: pack.tier, to: tier.tier),
                            storedByteCount: pack.storedByteCount, reason: "mirror of \(place)"))
                } else if isHeld, !isWanted {
                    steps.append(
                        TierStep(
                            pack.id, .drop(in: tier.tier), storedByteCount: pack.storedByteCount,
                            reason: "no copy is wanted here"))
                }
            }
        }
        return steps
    }

    /// Where a pack belongs that is read from a mirror, as after a loss; nil for all others.
    private func home(of pack: PackRecord) -> PackTier? {
        guard let mirror = tiers.first(where: { $0.tier == pack.tier }) else { return nil }
        return mirror.mirrorOf.contains(.hot) ? .hot : mirror.mirrorOf.first
    }

    /// Whether the pack came back from a colder tier a short while ago.
    private func isHeld(_ pack: PackRecord) -> Bool {
        guard let recalled = accesses[pack.id]?.recalledAtMilliseconds else { return false }
        return nowMilliseconds - recalled < Self.recallHoldMilliseconds
    }

    /// When a pack was last read or written.
    private func lastUse(_ pack: PackRecord) -> Int64 {
        max(accesses[pack.id]?.readAtMilliseconds ?? .min, pack.createdAtMilliseconds)
    }

    /// Whether all conditions of a rule but its watermark hold.
    private func holds(
        _ rule: TierRule, _ index: Int, _ pack: PackRecord, in tier: TierConfig
    ) -> Bool {
        if let age = rule.olderThanMilliseconds,
            nowMilliseconds - pack.createdAtMilliseconds < age
        {
            return false
        }
        if let span = rule.unreadForMilliseconds, nowMilliseconds - lastUse(pack) < span {
            return false
        }
        if let least = rule.minimumByteCount, pack.storedByteCount < least { return false }
        return !rule.needsReach || reach.allows(pack.id, rule)
    }
}

extension TierRule {
    /// The conditions, for people.
    public var text: String {
        var parts: [String] = []
        if let age = olderThanMilliseconds {
            parts.append("older than \(TimeSpan.text(.milliseconds(age)))")
        }
        if let span = unreadForMilliseconds {
            parts.append("unread for \(TimeSpan.text(.milliseconds(span)))")
        }
        if let least = minimumByteCount { parts.append("of at least \(least) bytes") }
        if !tags.isEmpty { parts.append("tagged \(tags.joined(separator: " or "))") }
        if !withoutTags.isEmpty {
            parts.append("not tagged \(withoutTags.joined(separator: " or "))")
        }
        if isBeforeLatest { parts.append("not in the newest snapshots") }
        if let watermark { parts.append("hot above \(watermark.above) bytes") }
        return parts.joined(separator: ", ")
    }
}
