// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// What a garbage collection did, or would do.
public struct CollectionReport: Sendable {
    /// The roots that keep blocks.
    public var rootCount = 0
    /// Blocks that they reach.
    public var liveBlockCount = 0
    /// Blocks that were read for their links.
    public var readBlockCount = 0
    /// What was found and decided for each pack that has dead blocks or is merged.
    public var plan = CollectionPlan()

    /// Blocks that are gone.
    public var freedBlockCount = 0
    /// Their bytes, before compression.
    public var freedByteCount: Int64 = 0
    /// Packs that are gone because nothing in them lived.
    public var deletedPackCount = 0
    /// Packs that are gone because what lived in them was copied.
    public var rewrittenPackCount = 0
    /// Packs that are gone because they were small, and went into larger ones.
    public var mergedPackCount = 0
    /// Packs that hold the copies.
    public var newPackCount = 0
    /// Bytes of the files that are gone.
    public var removedStoredByteCount: Int64 = 0
    /// Bytes of the files that hold the copies.
    public var rewrittenByteCount: Int64 = 0
    /// Blocks that roots which came meanwhile saved.
    public var sparedBlockCount = 0

    /// Blocks that imported archives lack, or snapshots that are known to be incomplete.
    public var lackingCount = 0
    /// The first of them.
    public var lacking: [CID] = []
    /// Blocks of imported archives whose links cannot be read.
    public var undecodableCount = 0
    /// The first of them.
    public var undecodable: [CID] = []
    /// Packs that were to be rewritten and are damaged, each with the reason.
    public var damage: [String] = []

    /// Bytes of files that are free now.
    public var freedStoredByteCount: Int64 { removedStoredByteCount - rewrittenByteCount }

    /// Dead blocks that stay, by the reason why.
    public var left: [(reason: PackPlan.Reason, packs: Int, blocks: Int, bytes: Int64)] {
        var order: [PackPlan.Reason] = []
        var sums: [PackPlan.Reason: (packs: Int, blocks: Int, bytes: Int64)] = [:]
        for plan in plan.packs {
            guard case .leave(let reason) = plan.action else { continue }
            if sums[reason] == nil { order.append(reason) }
            let sum = sums[reason] ?? (0, 0, 0)
            sums[reason] = (
                sum.packs + 1, sum.blocks + plan.deadBlockCount, sum.bytes + plan.deadByteCount
            )
        }
        return order.compactMap { reason in
            sums[reason].map { (reason, $0.packs, $0.blocks, $0.bytes) }
        }
    }

    /// An empty report.
    public init() {}
}
