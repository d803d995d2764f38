// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Catalog
import IPLD
import Multiformats
import UnixFS

/// What one path was in each snapshot: what `cairn history` does.
public struct PathHistory<Source: BlockStore>: Sendable {
    /// Snapshots that follow each other in a series and have the same at the path.
    public struct Version: Sendable {
        /// What is there; nil if nothing is.
        public let entry: TreeEntry?
        /// The snapshots, oldest first; never empty.
        public internal(set) var snapshots: [SnapshotRecord]
    }

    /// The versions of the path in one series of snapshots.
    public struct Series: Sendable {
        /// What the snapshots have in common.
        public let key: SnapshotGrouping.Key
        /// The versions, oldest first; the path is there in one of them at least.
        public let versions: [Version]
    }

    private let source: Source
    private let reader: TreeEntryReader<Source>

    /// A history of paths whose blocks come from `source`.
    public init(_ source: Source) {
        self.source = source
        reader = TreeEntryReader(source: source)
    }

    /// Looks `path` up in each of `snapshots`; series in which it never was are left out.
    ///
    /// The path is one below the root, or begins with a source as that was named for the ingest.
    /// - Throws: what reading throws; of directories that a look-up meets again none is read twice
    ///   as a rule.
    public func series(
        of path: String, in snapshots: [SnapshotRecord], grouping: SnapshotGrouping = .standard
    ) async throws -> [Series] {
        let oldestFirst = snapshots.sorted {
            ($0.startedAtMilliseconds, $0.id) < ($1.startedAtMilliseconds, $1.id)
        }
        let memory = RememberedBlocks(source)
        var found: [Series] = []
        for group in grouping.groups(of: oldestFirst) {
            var versions: [Version] = []
            for snapshot in group.snapshots {
                try Task.checkCancellation()
                let root = try await SnapshotTree(snapshot).resolve(
                    path, UnixFSReader(source: memory))
                let cid: CID? = if case .entry(let cid)? = root { cid } else { nil }
                if let last = versions.last, last.entry?.cid == cid {
                    versions[versions.count - 1].snapshots.append(snapshot)
                    continue
                }
                let entry: TreeEntry?
                if let cid { entry = try await reader.read(cid) } else { entry = nil }
                versions.append(Version(entry: entry, snapshots: [snapshot]))
            }
            if versions.contains(where: { $0.entry != nil }) {
                found.append(Series(key: group.key, versions: versions))
            }
        }
        return found
    }
}
