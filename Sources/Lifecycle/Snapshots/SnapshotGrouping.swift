// SPDX-License-Identifier: Apache-2.0

public import Catalog

/// What snapshots must have in common to be one series, for which a retention policy decides.
public struct SnapshotGrouping: OptionSet, Hashable, Sendable {
    /// One bit for each trait.
    public let rawValue: Int

    /// The traits of those bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// The machine that ran them.
    public static let host = SnapshotGrouping(rawValue: 1)
    /// What was read, in any order.
    public static let sources = SnapshotGrouping(rawValue: 2)
    /// Their tags, in any order.
    public static let tags = SnapshotGrouping(rawValue: 4)
    /// What counts unless something else is asked for.
    public static let standard: SnapshotGrouping = [.host, .sources]

    /// What the snapshots of one series have in common; nil where it does not count.
    public struct Key: Hashable, Sendable {
        /// Their machine.
        public var host: String?
        /// Their sources, sorted.
        public var sources: [String]?
        /// Their tags, sorted.
        public var tags: [String]?
    }

    /// The series that a snapshot belongs to.
    public func key(of snapshot: SnapshotRecord) -> Key {
        Key(
            host: contains(.host) ? snapshot.host : nil,
            sources: contains(.sources) ? snapshot.sources.sorted() : nil,
            tags: contains(.tags) ? snapshot.tags.sorted() : nil)
    }

    /// The series, in the order in which `snapshots` first shows them, and their snapshots in that
    /// order, too.
    public func groups(of snapshots: [SnapshotRecord]) -> [(key: Key, snapshots: [SnapshotRecord])]
    {
        var groups: [(key: Key, snapshots: [SnapshotRecord])] = []
        var indices: [Key: Int] = [:]
        for snapshot in snapshots {
            let key = key(of: snapshot)
            if let index = indices[key] {
                groups[index].snapshots.append(snapshot)
            } else {
                indices[key] = groups.count
                groups.append((key, [snapshot]))
            }
        }
        return groups
    }
}
