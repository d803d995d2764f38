// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import UnixFS

/// What a block links to, and what that is in the file or directory around it.
struct DAGChild: Sendable {
    let cid: CID
    /// The entry's name, if the link is one of a directory.
    var name: [UInt8]?
    /// Where its bytes start in the file, if it is part of one.
    var offset: Int64?
    /// The bytes of the file at and below it, as far as they are known.
    var byteCount: Int64?

    /// What `block`, found as `self`, links to.
    ///
    /// A block whose links cannot be told has none: whoever stored it may know its codec.
    func children(of block: Block) -> [DAGChild] {
        guard block.cid.codec != .raw else { return [] }
        guard block.cid.codec == .dagPB,
            let node = try? UnixFSNode(block)  // no UnixFS: links without names, below
        else {
            let links = (try? IPLDCodec.links(of: block)) ?? []  // another codec: as said above
            return links.map { DAGChild(cid: $0) }
        }
        switch node {
        case .rawLeaf, .symlink: return []
        case .file(let file): return Self.parts(of: file, at: offset ?? 0)
        case .directory(let directory): return directory.entries.map { Self.entry($0) }
        case .hamtShard(let shard):
            return shard.children.map { child in
                switch child {
                case .entry(let entry): Self.entry(entry)
                case .shard(let cid): DAGChild(cid: cid)
                }
            }
        }
    }

    private static func parts(of file: FileNode, at start: Int64) -> [DAGChild] {
        var position = start + Int64(file.data.count)
        return file.children.map { link in
            // `FileNode` has checked that the sizes add up to an Int64.
            let byteCount = Int64(clamping: link.fileByteCount)
            defer { position = position.addingReportingOverflow(byteCount).partialValue }
            return DAGChild(cid: link.cid, offset: position, byteCount: byteCount)
        }
    }

    private static func entry(_ entry: DirectoryEntry) -> DAGChild {
        // A raw leaf is the whole file, and its Tsize the length of it.
        let isWhole = entry.cid.codec == .raw
        return DAGChild(
            cid: entry.cid, name: entry.name, offset: isWhole ? 0 : nil,
            byteCount: isWhole ? Int64(exactly: entry.tsize) : nil)
    }
}
