// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// One block of UnixFS, decoded and checked as far as one block can be.
public enum UnixFSNode: Hashable, Sendable {
    /// File bytes without any framing, from a block of the raw codec.
    case rawLeaf([UInt8])
    /// A file, or a part of one.
    case file(FileNode)
    /// A directory in one block.
    case directory(DirectoryNode)
    /// A directory, or a part of one, spread over blocks by the hashes of its names.
    case hamtShard(HAMTShard)
    /// A symbolic link; its target is data and never followed here.
    case symlink(target: [UInt8], metadata: UnixFSMetadata)

    /// Decodes a block.
    ///
    /// - Throws: ``UnixFSError``.
    /// - Complexity: O(block length), in time and memory.
    public init(_ block: Block) throws(UnixFSError) {
        switch block.cid.codec {
        case .raw: self = .rawLeaf(block.bytes)
        case .dagPB:
            let node: PBNode
            do { node = try PBNode(decoding: block.bytes.span) } catch { throw .dagPB(error) }
            try self.init(node)
        default: throw .unsupportedCodec
        }
    }

    /// Decodes the data of a DAG-PB node and checks it against the node's links.
    ///
    /// - Throws: ``UnixFSError``.
    public init(_ node: PBNode) throws(UnixFSError) {
        guard let data = node.data else { throw .missingData }
        let message = try UnixFSData(decoding: data.span)
        switch message.kind {
        case .file, .raw: self = .file(try FileNode(message, links: node.links))
        case .directory:
            self = .directory(
                DirectoryNode(
                    entries: try DirectoryNode.entries(node.links), metadata: message.metadata))
        case .hamtShard: self = .hamtShard(try HAMTShard(message, links: node.links))
        case .symlink:
            self = .symlink(target: message.data ?? [], metadata: message.metadata)
        case .metadata: throw .metadataObject
        }
    }

    /// What the block links to, in order; repeated links are repeated.
    public var linkTargets: [CID] {
        switch self {
        case .rawLeaf, .symlink: []
        case .file(let file): file.children.map(\.cid)
        case .directory(let directory): directory.entries.map(\.cid)
        case .hamtShard(let shard): shard.children.map(\.cid)
        }
    }

    /// Whether it is a directory, or the root shard of one.
    public var isDirectory: Bool {
        switch self {
        case .directory, .hamtShard: true
        case .rawLeaf, .file, .symlink: false
        }
    }

    /// Mode and modification time; a raw leaf has none.
    public var metadata: UnixFSMetadata {
        switch self {
        case .rawLeaf: .none
        case .file(let file): file.metadata
        case .directory(let directory): directory.metadata
        case .hamtShard(let shard): shard.metadata
        case .symlink(_, let metadata): metadata
        }
    }
}

/// A block of a file: bytes of its own, then those of its children.
public struct FileNode: Hashable, Sendable {
    /// The bytes that come before those of the children.
    public let data: [UInt8]
    /// What follows, in file order; sizes are claims until the blocks are there.
    public let children: [FileLink]
    /// Bytes at and below this block, as it claims.
    public let fileByteCount: UInt64
    /// Mode and modification time; meant for the file's root only.
    public let metadata: UnixFSMetadata

    init(_ message: UnixFSData, links: [PBLink]) throws(UnixFSError) {
        guard message.blocksizes.count == links.count else {
            throw .blocksizesMismatch(
                blocksizes: message.blocksizes.count, links: links.count)
        }
        data = message.data ?? []
        var sum = UInt64(data.count)
        for size in message.blocksizes {
            let (next, overflow) = sum.addingReportingOverflow(size)
            // Above this an offset could not be told as an Int64, and no file is that long.
            guard !overflow, next <= UInt64(Int64.max) else { throw .filesizeMismatch }
            sum = next
        }
        guard message.filesize ?? sum == sum else { throw .filesizeMismatch }
        children = zip(links, message.blocksizes).map { link, size in
            FileLink(cid: link.hash, tsize: link.tsize ?? 0, fileByteCount: size)
        }
        fileByteCount = sum
        metadata = message.metadata
    }
}

/// A directory in one block.
public struct DirectoryNode: Hashable, Sendable {
    /// The entries in the order of the block; each name is valid and there once.
    public let entries: [DirectoryEntry]
    /// Mode and modification time.
    public let metadata: UnixFSMetadata

    static func entries(_ links: [PBLink]) throws(UnixFSError) -> [DirectoryEntry] {
        var entries: [DirectoryEntry] = []
        entries.reserveCapacity(links.count)
        var names = Set<[UInt8]>(minimumCapacity: links.count)
        for (index, link) in links.enumerated() {
            let name = link.name ?? []
            guard DirectoryEntry.isValidName(name) else { throw .invalidName(index: index) }
            guard names.insert(name).inserted else { throw .duplicateName(index: index) }
            entries.append(DirectoryEntry(name: name, cid: link.hash, tsize: link.tsize ?? 0))
        }
        return entries
    }
}
