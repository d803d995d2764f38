// SPDX-License-Identifier: Apache-2.0

public import BlockStore

/// What is wrong with a repository, and what a repair would do about it.
public struct RepairPlan: Sendable {
    /// The steps, in the order in which they are taken.
    public internal(set) var steps: [RepairStep] = []
    /// What of the snapshots is lost, as far as it was walked: what the repair looks for elsewhere,
    /// and, if it finds nothing, what stays lost.
    public internal(set) var losses: [LostContent] = []
    /// How many different blocks are lost of each snapshot.
    public internal(set) var lostBlockCounts: [String: Int] = [:]
    /// What the repair cannot do anything about, in words.
    public internal(set) var leftAlone: [String] = []
    /// What was checked and found.
    public internal(set) var report = VerifyReport()

    /// Whether there is nothing to do.
    public var isEmpty: Bool { steps.isEmpty && losses.isEmpty && leftAlone.isEmpty }
}

/// One thing that a repair does.
public enum RepairStep: Hashable, Sendable {
    /// Makes the catalog anew from the packs; the damaged file is kept beside it.
    case replaceCatalog(String)
    /// Fills the catalog anew from the packs, as `cairn reindex` does.
    case rebuildCatalog(String)
    /// Takes in the sound blocks of a pack that the catalog does not know.
    case takeIn(PackID, PackTier)
    /// Writes the sound blocks of a damaged pack into a new one.
    case rewrite(PackID, PackTier, badBlockCount: Int?, reason: String)
    /// Takes a missing pack out of the catalog.
    case forgetPack(PackID, PackTier, blockCount: Int)
    /// Records anew where the blocks of a pack lie.
    case recommit(PackID)
    /// Looks for blocks elsewhere: in other packs, in copies, in the sources, at peers.
    case heal(blockCount: Int)
    /// Marks a snapshot as incomplete, or forgets it.
    case mark(snapshot: String, blockCount: Int, drops: Bool)
    /// Takes a block out of quarantine, or a mark of a collection that died.
    case releaseCondemned(blockCount: Int)
    /// Removes a file that nobody needs.
    case remove(path: String, why: String)
    /// Removes packs that earlier repairs set aside.
    case removeSetAside(PackTier, [String], byteCount: Int64)
}

extension RepairStep {
    /// A word for the kind of step, for programs.
    public var kind: String {
        switch self {
        case .replaceCatalog: "replace-catalog"
        case .rebuildCatalog: "rebuild-catalog"
        case .takeIn: "take-in"
        case .rewrite: "rewrite"
        case .forgetPack: "forget-pack"
        case .recommit: "recommit"
        case .heal: "heal"
        case .mark(_, _, let drops): drops ? "drop-snapshot" : "mark-snapshot"
        case .releaseCondemned: "release-condemned"
        case .remove: "remove"
        case .removeSetAside: "remove-set-aside"
        }
    }

    /// The pack concerned.
    public var pack: PackID? {
        switch self {
        case .takeIn(let id, _), .rewrite(let id, _, _, _), .forgetPack(let id, _, _),
            .recommit(let id):
            id
        default: nil
        }
    }
}

extension RepairStep: CustomStringConvertible {
    /// What is wrong and what is done about it.
    public var description: String {
        switch self {
        case .replaceCatalog(let why):
            "the catalog's file is damaged (\(why)): make a new one from the packs; the old one is kept as catalog.sqlite.damaged"
        case .rebuildCatalog(let why):
            "the catalog does not fit the packs (\(why)): fill it anew from them"
        case .takeIn(let id, let tier):
            "pack \(id) in tier \(tier) is not in the catalog and its index is damaged: write its sound blocks into a new pack"
        case .rewrite(let id, let tier, let count, let reason):
            "pack \(id) in tier \(tier) is damaged (\(reason)): write its sound blocks into a new pack"
                + (count.map { $0 > 0 ? "; \($0) are bad" : "; all are sound" } ?? "")
        case .forgetPack(let id, let tier, let count):
            "pack \(id) is missing from tier \(tier): take it and its \(count) blocks out of the catalog"
        case .recommit(let id):
            "blocks of pack \(id) are not in the catalog: record them anew"
        case .heal(let count):
            "\(count) blocks that snapshots need are bad or missing: look for them in other packs, in copies in other tiers, in the sources and at peers"
        case .mark(let id, let count, let drops):
            drops
                ? "snapshot \(id): forget it if any of its \(count) lost blocks stays lost"
                : "snapshot \(id): mark it as incomplete if any of its \(count) lost blocks stays lost"
        case .releaseCondemned(let count):
            "\(count) blocks were condemned by a collection that never ended: release them"
        case .remove(let path, let why): "\(path): \(why): remove it"
        case .removeSetAside(let tier, let names, let byteCount):
            "\(names.count) damaged packs of \(byteCount) bytes in tier \(tier) were set aside by an earlier repair: remove them"
        }
    }
}

/// What a repair did.
public struct RepairReport: Sendable {
    /// Blocks that were lost and are stored again.
    public internal(set) var healedBlockCount = 0
    /// Where they came from.
    public internal(set) var healedFrom = Origins()
    /// Packs in whose place a sound copy from another tier was put.
    public internal(set) var healedPackCount = 0
    /// Damaged packs that were replaced by new ones.
    public internal(set) var rewrittenPackCount = 0
    /// Sound blocks in those.
    public internal(set) var rewrittenBlockCount = 0
    /// Packs that were taken out of the catalog.
    public internal(set) var forgottenPackCount = 0
    /// Snapshots that were forgotten because they are incomplete.
    public internal(set) var droppedSnapshots: [String] = []
    /// What is still lost.
    public internal(set) var losses: [LostContent] = []
    /// How many different blocks of each snapshot are lost.
    public internal(set) var lostBlockCounts: [String: Int] = [:]
    /// Whether more may be lost: nodes were met that this process may not read.
    public internal(set) var isPartial = false
    /// Damaged packs that were kept aside, since what is lost may be in them.
    public internal(set) var setAside: [String] = []
    /// Steps that failed, in words.
    public internal(set) var failures: [String] = []

    /// Counts of blocks by where they were found.
    public struct Origins: Hashable, Sendable {
        /// Another pack, or a copy of the pack in another tier.
        public internal(set) var store = 0
        /// The file or directory that they were made from.
        public internal(set) var source = 0
        /// The catalog, which has the records of snapshots.
        public internal(set) var catalog = 0
        /// A peer.
        public internal(set) var peer = 0
    }
}
