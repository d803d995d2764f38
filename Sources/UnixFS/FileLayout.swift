// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// How a file's chunks are arranged in a DAG.
///
/// Spec: <https://specs.ipfs.tech/unixfs/#dag-layout>.
public enum FileLayout: String, Sendable, CaseIterable {
    /// All leaves at the same depth; a file of one chunk is that leaf.
    case balanced
    /// Leaves close to the root first, then ever deeper subtrees; the root is never a leaf.
    case trickle
}

/// A link to a file's leaf or subtree, or to a whole file.
public struct FileLink: Hashable, Sendable {
    /// What names the block.
    public var cid: CID
    /// Byte count of the block and of all blocks below it, repeated ones counted each time.
    public var tsize: UInt64
    /// Bytes of file content at and below the block.
    public var fileByteCount: UInt64

    /// Makes a link.
    public init(cid: CID, tsize: UInt64, fileByteCount: UInt64) {
        self.cid = cid
        self.tsize = tsize
        self.fileByteCount = fileByteCount
    }
}

/// A link to a whole object: a file, a directory or a symlink.
public struct RootLink: Hashable, Sendable {
    /// What names the object's root block.
    public var cid: CID
    /// Byte count of the root block and of all blocks below it.
    public var tsize: UInt64

    /// Makes a link.
    public init(cid: CID, tsize: UInt64) {
        self.cid = cid
        self.tsize = tsize
    }
}
