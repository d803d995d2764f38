// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Builds a sharded directory from entries in the order of their hashes.
///
/// A value that does no I/O. In hash order a shard's entries are neighbours, so only the shards on
/// the way from the root to the last entry are open: memory is O(depth × fanout), and a directory
/// may be larger than memory if its entries were sorted outside. Shards go out children first.
public struct HAMTBuilder {
    /// A shard that still takes links.
    private struct OpenShard {
        var links: [PBLink] = []
        var buckets: [Int] = []
    }

    private let shape: HAMTShape
    private let cidBuilder: CIDBuilder
    private let metadata: UnixFSMetadata

    /// From the root to the shard of the last entry's place so far.
    private var path = [OpenShard()]
    /// The last entry, whose depth depends on the one after it.
    private var pending: (entry: DirectoryEntry, hash: UInt64)?

    /// Makes a builder of an empty directory; `metadata` goes on the root shard.
    ///
    /// - Throws: ``UnixFSBuildError/invalidFanout(_:)``.
    public init(
        fanout: Int = DirectoryRules.defaultFanout, metadata: UnixFSMetadata = .none,
        cidBuilder: CIDBuilder
    ) throws(UnixFSBuildError) {
        guard let shape = HAMTShape(fanout: fanout) else { throw .invalidFanout(fanout) }
        self.shape = shape
        self.metadata = metadata
        self.cidBuilder = cidBuilder
    }

    /// What entries must be sorted by, ascending.
    ///
    /// Entries with equal keys may come in any order; they fail to build in every one.
    public static func sortKey(of name: [UInt8]) -> UInt64 {
        Murmur3.x64Hash64(name.span)
    }

    /// Adds the entry with the next higher sort key.
    ///
    /// - Throws: ``UnixFSBuildError`` with the entry's name, or what `emit` throws; the builder
    ///   must not be used afterwards.
    public mutating func append(
        _ entry: DirectoryEntry, emit: (Block) throws -> Void
    ) throws {
        let hash = Self.sortKey(of: entry.name)
        guard DirectoryEntry.isValidName(entry.name) else {
            throw UnixFSBuildError.invalidName(entry.name)
        }
        if let pending {
            guard pending.hash <= hash else { throw UnixFSBuildError.outOfOrder(entry.name) }
            let common = shape.commonLevels(pending.hash, hash)
            guard common < shape.levelCount else {
                throw pending.entry.name == entry.name
                    ? UnixFSBuildError.duplicateName(entry.name)
                    : UnixFSBuildError.hashCollision(entry.name)
            }
            while path.count <= common { path.append(OpenShard()) }
            place(pending.entry, hash: pending.hash)
            while path.count - 1 > common { try sealLast(hash: pending.hash, emit: emit) }
        }
        pending = (entry, hash)
    }

    /// Seals all open shards and returns the directory's root.
    ///
    /// - Throws: what `emit` throws, or ``UnixFSBuildError/hashing(_:)``.
    public mutating func finish(emit: (Block) throws -> Void) throws -> RootLink {
        if let pending {
            place(pending.entry, hash: pending.hash)
            while path.count > 1 { try sealLast(hash: pending.hash, emit: emit) }
        }
        pending = nil
        let root = try seal(path[0], metadata: metadata)
        try emit(root.block)
        return RootLink(cid: root.block.cid, tsize: root.tsize)
    }

    /// Links an entry from the deepest open shard.
    private mutating func place(_ entry: DirectoryEntry, hash: UInt64) {
        link(entry.cid, name: entry.name, tsize: entry.tsize, hash: hash)
    }

    /// Seals the deepest open shard, which lies on the way of `hash`, and links it.
    private mutating func sealLast(hash: UInt64, emit: (Block) throws -> Void) throws {
        let sealed = try seal(path.removeLast(), metadata: .none)
        try emit(sealed.block)
        link(sealed.block.cid, name: [], tsize: sealed.tsize, hash: hash)
    }

    private mutating func link(_ cid: CID, name: [UInt8], tsize: UInt64, hash: UInt64) {
        let level = path.count - 1
        let bucket = shape.bucket(of: hash, level: level)
        path[level].buckets.append(bucket)
        path[level].links.append(
            PBLink(hash: cid, name: shape.prefix(of: bucket) + name, tsize: tsize))
    }

    private func seal(
        _ shard: OpenShard, metadata: UnixFSMetadata
    ) throws(UnixFSBuildError) -> (block: Block, tsize: UInt64) {
        let bitfield = shape.bitfield(of: shard.buckets)
        let message = UnixFSData(
            kind: .hamtShard, data: bitfield.isEmpty ? nil : bitfield,
            hashType: UnixFSData.murmur3HashType, fanout: UInt64(shape.fanout),
            metadata: metadata)
        return try PBNode(links: shard.links, data: message.encode()).seal(with: cidBuilder)
    }
}
