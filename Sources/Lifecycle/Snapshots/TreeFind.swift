// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Catalog
import IPLD
import Multiformats
import UnixFS

/// Looks for paths in many snapshots at once: what `cairn find` does.
///
/// The trees are gone through side by side, so that what several snapshots have at the same path is
/// read once. Memory: for each level of the tree one block for each distinct state of a directory,
/// of at most ``batchCount`` snapshots at a time.
public struct TreeFind<Source: BlockStore>: Sendable {
    /// Snapshots that are gone through side by side.
    private static var batchCount: Int { 256 }

    /// Something that was found.
    public struct Match: Sendable {
        /// The names that lead to it, from the root.
        public let path: [[UInt8]]
        /// What it is.
        public let entry: TreeEntry
        /// The snapshots that have just that at this path.
        public let snapshots: [SnapshotRecord]
    }

    private let source: Source
    private let pattern: TreePattern
    private let kinds: Set<TreeEntry.Kind>

    /// A search for what matches `pattern` and is of one of `kinds`.
    public init(
        _ source: Source, _ pattern: TreePattern,
        kinds: Set<TreeEntry.Kind> = [.file, .directory, .symlink, .data]
    ) {
        self.source = source
        self.pattern = pattern
        self.kinds = kinds
    }

    /// Looks through `snapshots`; calls `body` with what is found, `onFailure` with what could not
    /// be read and why.
    ///
    /// - Throws: what `body` throws, and errors that are not about one block.
    public func run(
        in snapshots: [SnapshotRecord],
        onFailure: @escaping (_ path: [[UInt8]], BlockStoreError) -> Void,
        _ body: @escaping (Match) async throws -> Void
    ) async throws {
        for start in stride(from: 0, to: snapshots.count, by: Self.batchCount) {
            let batch = Array(snapshots[start..<min(start + Self.batchCount, snapshots.count)])
            let walk = FindWalk(source, batch, onFailure) { path, entry, versions in
                let isDirectory = entry.kind == .directory
                guard kinds.contains(entry.kind),
                    pattern.matches(path, isDirectory: isDirectory)
                else { return }
                let found = versions.numbers.map { batch[$0] }
                try await body(Match(path: path, entry: entry, snapshots: found))
            }
            try await walk.run()
        }
    }
}

/// A walk through several snapshots side by side.
private struct FindWalk<Source: BlockStore> {
    typealias Version = DirectoryMerge<Source>.Version
    typealias Found = (path: [[UInt8]], versions: VersionSet, entry: DirectoryEntry)

    private let source: Source
    private let snapshots: [SnapshotRecord]
    private let onFailure: ([[UInt8]], BlockStoreError) -> Void
    private let onEntry: ([[UInt8]], TreeEntry, VersionSet) async throws -> Void
    private let reader: TreeEntryReader<Source>

    init(
        _ source: Source, _ snapshots: [SnapshotRecord],
        _ onFailure: @escaping ([[UInt8]], BlockStoreError) -> Void,
        _ onEntry: @escaping ([[UInt8]], TreeEntry, VersionSet) async throws -> Void
    ) {
        self.source = source
        self.snapshots = snapshots
        self.onFailure = onFailure
        self.onEntry = onEntry
        reader = TreeEntryReader(source: source)
    }

    func run() async throws {
        var found: [TreeRoot: (versions: VersionSet, content: DirectoryMerge<Source>.Content)] = [:]
        for (number, snapshot) in snapshots.enumerated() {
            let root = SnapshotTree(snapshot).root
            if found[root] == nil {
                do { found[root] = (VersionSet(), try await content(of: snapshot)) } catch let error
                    as BlockStoreError
                {
                    onFailure([Array("snapshot \(snapshot.id)".utf8)], error)
                    continue
                }
            }
            found[root]?.versions.insert(number)
        }
        let roots = found.values.map { Version(versions: $0.versions, content: $0.content) }
        try await visit([], roots)
    }

    private func content(
        of snapshot: SnapshotRecord
    ) async throws -> DirectoryMerge<Source>.Content {
        let tree = SnapshotTree(snapshot)
        guard case .entry(let cid) = tree.root else { return .entries(tree.roots) }
        let entry = try await reader.read(cid)
        // A file has no entries but is one.
        guard entry.kind == .directory else { return .entries(tree.roots) }
        return .node(try await reader.node(of: entry), cid)
    }

    /// Goes through the states of one directory.
    private func visit(_ path: [[UInt8]], _ states: [Version]) async throws {
        guard !states.isEmpty else { return }
        let merge = DirectoryMerge(UnixFSReader(source: source), passingOverSharedBy: nil)
        var batch: [Found] = []
        do {
            try await merge.run(states) { name, found in
                let path = path + [name]
                batch += found.map { (path, $0.versions, $0.entry) }
                guard batch.count >= TreeEntryReader<Source>.batchCount else { return }
                let full = batch
                batch = []
                try await visit(full)
            }
        } catch let error as BlockStoreError {
            // Of a directory spread over blocks what was found before stays.
            onFailure(path, error)
        }
        try await visit(batch)
    }

    private func visit(_ batch: [Found]) async throws {
        try Task.checkCancellation()
        let entries = try await read(batch)
        var index = 0
        while index < batch.count {
            // All states that one path has follow each other.
            let path = batch[index].path
            var states: [Version] = []
            while index < batch.count, batch[index].path == path {
                let versions = batch[index].versions
                if let entry = entries[index] {
                    try await onEntry(path, entry, versions)
                    if entry.kind == .directory {
                        states.append(
                            Version(
                                versions: versions,
                                content: .node(try await reader.node(of: entry), entry.cid)))
                    }
                }
                index += 1
            }
            try await visit(path, states)
        }
    }

    /// What each is; nil for what cannot be read.
    private func read(_ batch: [Found]) async throws -> [TreeEntry?] {
        do { return try await reader.read(batch.map(\.entry)) } catch is BlockStoreError {
            // One of them is bad: each is asked for alone.
            var entries: [TreeEntry?] = []
            for found in batch {
                do { entries.append(try await reader.read([found.entry])[0]) } catch let error
                    as BlockStoreError
                {
                    onFailure(found.path, error)
                    entries.append(nil)
                }
            }
            return entries
        }
    }
}
