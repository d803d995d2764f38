// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Repository

/// Which packs are reached by which snapshots, as far as rules ask for it.
///
/// Rules ask by tags and by whether a snapshot is the newest of its sources. Snapshots that look
/// the same to every rule are one *class*; a pack is known by the set of classes that reach it, a
/// word of bits. So memory is some 60 bytes a pack, and a bit for each DAG node that was met.
public struct PackReach: Sendable {
    /// What rules can tell of a snapshot.
    struct Class: Hashable, Sendable {
        /// The tags that some rule names, and the snapshot has.
        var tags: Set<String>
        /// Whether it is the newest of its sources.
        var isLatest: Bool
    }

    /// The most classes that are told apart; a pack that a further one reaches stays where it is.
    static let classLimit = 63
    private static let furtherClasses: UInt64 = 1 << 63

    private(set) var classes: [Class] = []
    private(set) var masks: [PackID: UInt64] = [:]

    /// Nothing is reached.
    public init() {}

    /// The bit of a class, which is new or known.
    mutating func bit(of snapshotClass: Class) -> UInt64 {
        if let index = classes.firstIndex(of: snapshotClass) { return 1 << UInt64(index) }
        guard classes.count < Self.classLimit else { return Self.furtherClasses }
        classes.append(snapshotClass)
        return 1 << UInt64(classes.count - 1)
    }

    /// Notes that a block of a pack is reached by snapshots of a class.
    mutating func reach(_ pack: PackID, _ bit: UInt64) { masks[pack, default: 0] |= bit }

    /// Whether the snapshots that reach a pack are what a rule wants.
    ///
    /// A pack that nothing reaches is no case for a rule on snapshots: GC sees to it.
    func allows(_ pack: PackID, _ rule: TierRule) -> Bool {
        guard let mask = masks[pack], mask & Self.furtherClasses == 0 else { return false }
        for (index, snapshotClass) in classes.enumerated() where mask >> UInt64(index) & 1 == 1 {
            if rule.isBeforeLatest, snapshotClass.isLatest { return false }
            if !rule.tags.isEmpty, snapshotClass.tags.isDisjoint(with: rule.tags) { return false }
            if !snapshotClass.tags.isDisjoint(with: rule.withoutTags) { return false }
        }
        return true
    }
}
