// SPDX-License-Identifier: Apache-2.0

import BlockStore
public import Catalog

/// What lives in a pack that has dead blocks or is small, and what is done about it.
public struct PackPlan: Sendable {
    /// What is done with a pack.
    public enum Action: Hashable, Sendable {
        /// Nothing in it lives: it goes.
        case delete
        /// What lives goes into a new pack, then it goes.
        case rewrite
        /// It goes into a new pack with other small ones, without what is dead in it.
        case merge
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
        /// It went to another tier, or away, while it was to be rewritten.
        case moved
        /// Roots that came meanwhile need some of what was dead.
        case needed
        /// It holds a copy of a block that is lost where it is counted on.
        case heals
        /// The disk has no room for the pack into which it was to be merged.
        case noRoom
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
    /// The packs that have dead blocks or are merged, oldest first.
    public internal(set) var packs: [PackPlan] = []
    /// Packs that stay and in which all lives.
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
    /// - Returns: the bytes that are written, about.
    mutating func chooseRewrites(
        among candidates: [Int], _ options: CollectionOptions
    ) -> Int64 {
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
        return written
    }
}
