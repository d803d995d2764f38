// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
public import Multiformats
import Synchronization
public import UnixFS

/// What a name in a tree stands for.
public struct TreeEntry: Sendable {
    /// What kind of thing it is.
    public enum Kind: String, Hashable, Sendable {
        case file, directory, symlink
        /// A block that is no UnixFS, as an import may bring in.
        case data
    }

    /// What names it.
    public let cid: CID
    /// What it is.
    public let kind: Kind
    /// Bytes of a file, of a link's target, or of a block of data; nil for a directory.
    public let byteCount: UInt64?
    /// Permissions and modification time, if they were recorded.
    public let metadata: UnixFSMetadata
    /// Its decoded block, unless that was too large to keep.
    let node: UnixFSNode?

    /// Whether both hold the same, whatever their metadata.
    ///
    /// Files are the same if they are cut into the same blocks. Of two directories it says no.
    func hasSameContent(as other: TreeEntry) -> Bool {
        if cid == other.cid { return true }
        switch (node, other.node) {
        case (.symlink(let target, _)?, .symlink(let otherTarget, _)?):
            return target == otherTarget
        case (.file(let file)?, .file(let otherFile)?):
            return file.data == otherFile.data && file.children == otherFile.children
        case (.file(let file)?, nil): return file.isWrapped(other.cid)
        case (nil, .file(let otherFile)?): return otherFile.isWrapped(cid)
        default: return false
        }
    }
}

extension FileNode {
    /// Whether the file is the leaf of that CID and nothing else, as where a leaf alone has no room
    /// for metadata.
    fileprivate func isWrapped(_ cid: CID) -> Bool {
        cid.codec == .raw && data.isEmpty && children.count == 1 && children[0].cid == cid
    }
}

/// Learns what directory entries are, some at a time.
struct TreeEntryReader<Source: BlockStore> {
    /// Entries to be read together.
    static var batchCount: Int { 64 }
    /// Bytes of blocks that are kept decoded; what goes beyond is read again when it is gone into.
    private static var keptByteCount: Int { 8 << 20 }

    let source: Source

    /// What each of `entries` is; of raw leaves nothing is read but their length.
    ///
    /// - Throws: what the source throws for a block that is missing or bad.
    func read(_ entries: [DirectoryEntry]) async throws -> [TreeEntry] {
        let leaves = entries.indices.filter { entries[$0].cid.codec == .raw }
        let others = entries.indices.filter { entries[$0].cid.codec != .raw }
        var found = [TreeEntry?](repeating: nil, count: entries.count)
        let byteCounts = try await source.byteCounts(of: leaves.map { entries[$0].cid })
        for (index, byteCount) in zip(leaves, byteCounts) {
            let entry = entries[index]
            guard let byteCount else { throw BlockStoreError.notFound(entry.cid) }
            found[index] = TreeEntry(
                cid: entry.cid, kind: .file, byteCount: UInt64(byteCount), metadata: .none,
                node: nil)
        }
        let read = Mutex((found: [Int: TreeEntry](), room: Self.keptByteCount))
        try await source.forEachBlock(others.map { entries[$0].cid }) { position, block in
            read.withLock { state in
                let isKept = block.bytes.count <= state.room
                if isKept { state.room -= block.bytes.count }
                state.found[others[position]] = TreeEntry(of: block, keepsNode: isKept)
            }
        }
        for (index, entry) in read.withLock({ $0.found }) { found[index] = entry }
        return try zip(found, entries).map { entry, asked in
            guard let entry else { throw BlockStoreError.notFound(asked.cid) }
            return entry
        }
    }

    /// What the block of `cid` is.
    func read(_ cid: CID) async throws -> TreeEntry {
        try await read([DirectoryEntry(name: [], cid: cid, tsize: 0)])[0]
    }

    /// The decoded block of a directory.
    func node(of entry: TreeEntry) async throws -> UnixFSNode {
        if let node = entry.node { return node }
        return try await UnixFSReader(source: source).node(entry.cid)
    }
}

extension TreeEntry {
    fileprivate init(of block: Block, keepsNode: Bool) {
        guard let node = try? UnixFSNode(block) else {  // another codec, or no UnixFS: data
            self.init(
                cid: block.cid, kind: .data, byteCount: UInt64(block.bytes.count),
                metadata: .none, node: nil)
            return
        }
        let (kind, byteCount): (Kind, UInt64?) =
            switch node {
            case .rawLeaf(let bytes): (.file, UInt64(bytes.count))
            case .file(let file): (.file, file.fileByteCount)
            case .symlink(let target, _): (.symlink, UInt64(target.count))
            case .directory, .hamtShard: (.directory, nil)
            }
        self.init(
            cid: block.cid, kind: kind, byteCount: byteCount, metadata: node.metadata,
            node: keepsNode ? node : nil)
    }
}
