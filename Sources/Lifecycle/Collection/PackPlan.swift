// SPDX-License-Identifier: Apache-2.0

import BlockStore
public import Catalog

/// What lives in a pack that has dead blocks, and what is done about it.
public struct PackPlan: Sendable {
    /// What is done with a pack.
    public enum Action: Hashable, Sendable {
        /// Nothing in it lives: it goes.
        case delete
        /// What lives goes into a new pack, then it goes.
        case rewrite
        /// It stays as it is.
        case leave(Reason)
    }

    /// Why dead blocks stay.
    public enum Reason: Hashable, Sendable {
        /// Too much of the pack lives.
        case threshold
        /// A session that is alive stored it.
        case session
        /// A run that ended without a snapshot stored it, not long ago.
        case unfinished
        /// It lies in a tier whose packs are not rewritten.
        case tier
        /// As many bytes as may be are rewritten already.
        case limit
        /// Enough is freed without it.
        case enough
        /// A living block of it cannot be read.
        case damaged
        /// Roots that came meanwhile need some of what was dead.
        case needed
    }

    /// The pack.
    public let pack: PackRecord
    /// How many of its blocks live here.
    public internal(set) var liveBlockCount: Int
    /// The bytes of those blocks, before compression.
    public internal(set) var liveByteCount: Int64
    /// What is done with it.
    public internal(set) var action: Action

    /// How many of its blocks are dead, or live in another pack.
    public var deadBlockCount: Int { pack.blockCount - liveBlockCount }
    /// The bytes of those blocks, before compression.
    public var deadByteCount: Int64 { pack.byteCount - liveByteCount }

    /// The share of its bytes that live, 0 to 1.
    public var liveShare: Double {
        pack.byteCount > 0
            ? Double(liveByteCount) / Double(pack.byteCount)
            : Double(liveBlockCount) / Double(max(pack.blockCount, 1))
    }

    /// What its living blocks take in a file, if they compress like the rest.
    public var liveStoredByteCount: Int64 {
        Int64((Double(pack.storedByteCount) * liveShare).rounded(.up))
    }
    /// What its dead blocks take in a file, if they compress like the rest.
    public var deadStoredByteCount: Int64 { pack.storedByteCount - liveStoredByteCount }
}

/// What a garbage collection does, pack by pack.
public struct CollectionPlan: Sendable {
    /// The packs that have dead blocks, oldest first.
    public internal(set) var packs: [PackPlan] = []
    /// Packs in which all lives.
    public internal(set) var wholePackCount = 0
    /// Blocks that live, in all packs but those of the cache.
    public internal(set) var liveBlockCount = 0

    /// The indices of packs with this action, in their order.
    func indices(_ action: PackPlan.Action) -> [Int] {
        packs.indices.filter { packs[$0].action == action }
    }

    /// Decides which packs are rewritten: those with the least living share first, as many as
    /// `options` allow and ask for.
    ///
    /// - Parameter candidates: whose blocks may be moved; their action is set here.
    mutating func chooseRewrites(among candidates: [Int], _ options: CollectionOptions) {
        var written: Int64 = 0
        var freed = indices(.delete).reduce(Int64(0)) { $0 + packs[$1].pack.storedByteCount }
        for index in candidates.sorted(by: { packs[$0].liveShare < packs[$1].liveShare }) {
            let plan = packs[index]
            if plan.liveShare >= options.repackBelow {
                packs[index].action = .leave(.threshold)
            } else if plan.pack.tier != .hot, !options.repacksCold {
                packs[index].action = .leave(.tier)
            } else if let target = options.freeTarget, freed >= target {
                packs[index].action = .leave(.enough)
            } else if let limit = options.repackByteLimit,
                written + plan.liveStoredByteCount > limit
            {
                packs[index].action = .leave(.limit)
            } else {
                packs[index].action = .rewrite
                written += plan.liveStoredByteCount
                freed += plan.deadStoredByteCount
            }
        }
    }

    /// The packs to rewrite in groups, each of which becomes one new pack: a pack whose blocks
    /// went to two new ones could not be replaced in one transaction.
    func rewriteGroups() -> [[Int]] {
        var groups: [[Int]] = []
        var open: [Destination: (group: Int, blocks: Int, bytes: Int64)] = [:]
        let chosen = indices(.rewrite).sorted { packs[$0].liveShare < packs[$1].liveShare }
        for index in chosen {
            let plan = packs[index]
            let destination = Destination(kind: plan.pack.kind, tier: plan.pack.tier)
            if let (group, blocks, bytes) = open[destination],
                blocks + plan.liveBlockCount <= Self.groupBlockLimit,
                bytes + plan.liveStoredByteCount <= Self.groupByteLimit
            {
                groups[group].append(index)
                open[destination] = (
                    group, blocks + plan.liveBlockCount, bytes + plan.liveStoredByteCount
                )
            } else {
                open[destination] = (groups.count, plan.liveBlockCount, plan.liveStoredByteCount)
                groups.append([index])
            }
        }
        return groups
    }

    private struct Destination: Hashable {
        let kind: PackKind
        let tier: PackTier
    }

    /// The most blocks of a new pack, unless one pack alone has more: the packs' usual limit.
    private static let groupBlockLimit = 65_536
    /// The most bytes of a new pack, unless one pack alone has more: the packs' usual limit.
    private static let groupByteLimit: Int64 = 256 << 20
}
