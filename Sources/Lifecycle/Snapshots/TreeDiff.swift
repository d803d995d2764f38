// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import IPLD
import Multiformats
import UnixFS

/// What has changed from one tree to another: what `cairn diff` does.
///
/// Whatever has the same CID on both sides is passed over without being read, directories and
/// parts of large directories as well. Entries come directory by directory, those of a directory
/// before those below; the order within one is that of the names, or of their hashes if it is
/// spread over several blocks. Memory: a few blocks for each level of the tree.
public struct TreeDiff<Source: BlockStore>: Sendable {
    /// How an entry has changed.
    public enum Change: String, CaseIterable, Hashable, Sendable {
        /// It is new.
        case added
        /// It is gone.
        case removed
        /// It has other content.
        case modified
        /// Only its permissions or its modification time are others.
        case metadata
        /// It is another kind of thing.
        case type
    }

    /// An entry that has changed.
    public struct Entry: Sendable {
        /// The names that lead to it, from the root; empty for the root.
        public let path: [[UInt8]]
        /// How it has changed.
        public let change: Change
        /// What it was; nil if it was not there.
        public let old: TreeEntry?
        /// What it is; nil if it is not there any more.
        public let new: TreeEntry?
    }

    /// Sums over all entries that have changed.
    public struct Totals: Hashable, Sendable {
        /// Files and other entries without entries of their own, by what happened to them.
        public var files: [Change: Int] = [:]
        /// Directories, by what happened to them.
        public var directories: [Change: Int] = [:]
        /// Bytes of files that are new or have other content, as they are now.
        public var newByteCount: UInt64 = 0
        /// Bytes of files that are gone or have other content, as they were.
        public var oldByteCount: UInt64 = 0

        /// Nothing has changed.
        public init() {}

        /// Whether nothing has changed.
        public var isEmpty: Bool { files.isEmpty && directories.isEmpty }
    }

    private let source: Source

    /// A comparison of trees in `source`.
    public init(_ source: Source) { self.source = source }

    /// Compares two trees and calls `body` with each entry that has changed; nil stands for nothing
    /// at all.
    ///
    /// - Throws: ``SnapshotError`` if one is a file and the other several roots; what reading or
    ///   `body` throws.
    public func run(
        from old: TreeRoot?, to new: TreeRoot?, _ body: @escaping (Entry) async throws -> Void
    ) async throws -> Totals {
        if old == new { return Totals() }
        var walk = DiffWalk(source, body)
        if let old = try await entry(old), let new = try await entry(new) {
            try await walk.compare([], old, new)
        } else {
            try await walk.merge([], try await content(of: old), try await content(of: new))
        }
        return walk.totals
    }

    /// What is at the root; nil if the roots are several.
    private func entry(_ root: TreeRoot?) async throws -> TreeEntry?? {
        switch root {
        case .roots: return nil
        case .entry(let cid): return .some(try await TreeEntryReader(source: source).read(cid))
        case nil: return .some(nil)
        }
    }

    private func content(of root: TreeRoot?) async throws -> DirectoryMerge<Source>.Content? {
        switch root {
        case nil: return nil
        case .roots(let entries): return .entries(entries)
        case .entry(let cid):
            let node = try await UnixFSReader(source: source).node(cid)
            guard node.isDirectory else {
                throw SnapshotError(
                    .badReference,
                    "\(cid) is no directory and cannot be compared with a snapshot that has several roots; add :path to that"
                )
            }
            return .node(node, cid)
        }
    }
}

/// A comparison under way.
private struct DiffWalk<Source: BlockStore> {
    typealias Diff = TreeDiff<Source>
    typealias Pair = (name: [UInt8], old: DirectoryEntry?, new: DirectoryEntry?)

    private let source: Source
    private let reader: TreeEntryReader<Source>
    private let body: (Diff.Entry) async throws -> Void
    private(set) var totals = Diff.Totals()

    init(_ source: Source, _ body: @escaping (Diff.Entry) async throws -> Void) {
        self.source = source
        reader = TreeEntryReader(source: source)
        self.body = body
    }

    /// Compares what one path leads to on both sides.
    mutating func compare(
        _ path: [[UInt8]], _ old: TreeEntry?, _ new: TreeEntry?
    ) async throws {
        let isDirectory = (old: old?.kind == .directory, new: new?.kind == .directory)
        if let change = change(old, new) {
            count(change, old, new)
            try await body(Diff.Entry(path: path, change: change, old: old, new: new))
        }
        if isDirectory.old, isDirectory.new, old?.cid == new?.cid { return }
        guard isDirectory.old || isDirectory.new else { return }
        try await merge(
            path, isDirectory.old ? try await content(of: old) : nil,
            isDirectory.new ? try await content(of: new) : nil)
    }

    private func content(of entry: TreeEntry?) async throws -> DirectoryMerge<Source>.Content? {
        guard let entry else { return nil }
        return .node(try await reader.node(of: entry), entry.cid)
    }

    /// Compares the entries of two directories; one that is not there has none.
    mutating func merge(
        _ path: [[UInt8]], _ old: DirectoryMerge<Source>.Content?,
        _ new: DirectoryMerge<Source>.Content?
    ) async throws {
        let sides: [(number: Int, content: DirectoryMerge<Source>.Content?)] = [(0, old), (1, new)]
        let versions = sides.compactMap { side in
            side.content.map {
                DirectoryMerge<Source>.Version(versions: VersionSet([side.number]), content: $0)
            }
        }
        let merge = DirectoryMerge(
            UnixFSReader(source: source), passingOverSharedBy: VersionSet(0..<2))
        var pairs: [Pair] = []
        try await merge.run(versions) { name, found in
            pairs.append(
                (
                    name, found.first { $0.versions.contains(0) }?.entry,
                    found.first { $0.versions.contains(1) }?.entry
                ))
            guard pairs.count == TreeEntryReader<Source>.batchCount else { return }
            let full = pairs
            pairs = []
            try await compare(path, full)
        }
        try await compare(path, pairs)
    }

    private mutating func compare(_ path: [[UInt8]], _ pairs: [Pair]) async throws {
        try Task.checkCancellation()
        var entries = try await reader.read(pairs.flatMap { [$0.old, $0.new].compactMap(\.self) })[
            ...]
        for pair in pairs {
            let old = pair.old == nil ? nil : entries.popFirst()
            let new = pair.new == nil ? nil : entries.popFirst()
            try await compare(path + [pair.name], old, new)
        }
    }

    private func change(_ old: TreeEntry?, _ new: TreeEntry?) -> Diff.Change? {
        guard let old else { return new == nil ? nil : .added }
        guard let new else { return .removed }
        if old.cid == new.cid { return nil }
        if old.kind != new.kind { return .type }
        if old.kind != .directory, !old.hasSameContent(as: new) { return .modified }
        return old.metadata == new.metadata ? nil : .metadata
    }

    private mutating func count(_ change: Diff.Change, _ old: TreeEntry?, _ new: TreeEntry?) {
        if (new ?? old)?.kind == .directory {
            totals.directories[change, default: 0] += 1
        } else {
            totals.files[change, default: 0] += 1
        }
        if change == .metadata { return }
        totals.oldByteCount = totals.oldByteCount.addingSaturated(old?.byteCount ?? 0)
        totals.newByteCount = totals.newByteCount.addingSaturated(new?.byteCount ?? 0)
    }
}

extension UInt64 {
    fileprivate func addingSaturated(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
