// SPDX-License-Identifier: Apache-2.0

public import Catalog

/// Which snapshots a command is about; what is not said lets all through.
public struct SnapshotFilter: Hashable, Sendable {
    /// Those with all tags of one of these lists.
    public var tags: [[String]] = []
    /// Those of one of these machines.
    public var hosts: [String] = []
    /// Those that read one of these sources, as named for the ingest; a slash at the end does not
    /// count.
    public var sources: [String] = []
    /// Those that started at this time or later, in milliseconds since 1970 (UTC).
    public var since: Int64?
    /// Those that started at this time or before, in milliseconds since 1970 (UTC).
    public var until: Int64?
    /// The newest of each series, so many; counted after all else.
    public var latest: Int?
    /// What makes a series for ``latest``.
    public var grouping = SnapshotGrouping.standard

    /// All snapshots.
    public init() {}

    /// Those of `snapshots` that are meant, newest first.
    public func select(_ snapshots: [SnapshotRecord]) -> [SnapshotRecord] {
        let selected = snapshots.filter(includes).sorted {
            ($0.startedAtMilliseconds, $0.id) > ($1.startedAtMilliseconds, $1.id)
        }
        guard let latest else { return selected }
        var counts: [SnapshotGrouping.Key: Int] = [:]
        return selected.filter { snapshot in
            let count = counts[grouping.key(of: snapshot), default: 0]
            counts[grouping.key(of: snapshot)] = count + 1
            return count < latest
        }
    }

    private func includes(_ snapshot: SnapshotRecord) -> Bool {
        if !tags.isEmpty, !tags.contains(where: { Set($0).isSubset(of: snapshot.tags) }) {
            return false
        }
        if !hosts.isEmpty, !hosts.contains(snapshot.host) { return false }
        if !sources.isEmpty {
            let wanted = Set(sources.map(Self.normal))
            if !snapshot.sources.contains(where: { wanted.contains(Self.normal($0)) }) {
                return false
            }
        }
        if let since, snapshot.startedAtMilliseconds < since { return false }
        if let until, snapshot.startedAtMilliseconds > until { return false }
        return true
    }

    /// A source without slashes at its end.
    static func normal(_ source: String) -> Substring {
        var source = source[...]
        while source.count > 1, source.last == "/" { source = source.dropLast() }
        return source
    }
}
