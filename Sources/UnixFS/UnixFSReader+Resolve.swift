// SPDX-License-Identifier: Apache-2.0

import IPLD
public import Multiformats

/// Where a path leads.
public struct ResolvedPath: Hashable, Sendable {
    /// What the last segment names, or the root if there is no segment.
    ///
    /// Its block was not read.
    public let cid: CID
    /// The Tsize of the link that led there, a claim; nil for the root.
    public let tsize: UInt64?
    /// The blocks read on the way, root first: one for each directory, more for each HAMT.
    public let trail: [CID]
}

extension UnixFSReader {
    /// Follows `path` from `root`, one directory entry per segment.
    ///
    /// Symlinks are not followed: a path that goes on behind one ends in `notADirectory`. `.` and
    /// `..` are names like others, which no directory holds.
    /// - Throws: ``UnixFSReadError``, or what the source throws.
    /// - Complexity: one block per segment, up to 21 more per HAMT.
    public func resolve(_ root: CID, path: [[UInt8]]) async throws -> ResolvedPath {
        var cid = root
        var tsize: UInt64?
        var trail: [CID] = []
        for name in path {
            let entry = try await entry(name, in: cid, trail: &trail)
            cid = entry.cid
            tsize = entry.tsize
        }
        return ResolvedPath(cid: cid, tsize: tsize, trail: trail)
    }

    /// The entry of this name in the directory `cid`.
    ///
    /// - Throws: ``UnixFSReadError``, or what the source throws.
    public func entry(_ name: [UInt8], in cid: CID) async throws -> DirectoryEntry {
        var trail: [CID] = []
        return try await entry(name, in: cid, trail: &trail)
    }

    private func entry(
        _ name: [UInt8], in cid: CID, trail: inout [CID]
    ) async throws -> DirectoryEntry {
        trail.append(cid)
        switch try await node(cid) {
        case .directory(let directory):
            guard let entry = directory.entries.first(where: { $0.name == name }) else {
                throw UnixFSReadError.notFound(name: name, in: cid)
            }
            return entry
        case .hamtShard(let shard):
            return try await entry(name, in: shard, root: cid, trail: &trail)
        case .rawLeaf, .file, .symlink:
            throw UnixFSReadError.notADirectory(cid)
        }
    }

    private func entry(
        _ name: [UInt8], in rootShard: HAMTShard, root: CID, trail: inout [CID]
    ) async throws -> DirectoryEntry {
        let hash = HAMTBuilder.sortKey(of: name)
        var shard = rootShard
        for level in 0..<shard.shape.levelCount {
            switch shard.child(of: hash, level: level) {
            case .entry(let entry) where entry.name == name:
                return entry
            case .entry, nil:
                throw UnixFSReadError.notFound(name: name, in: root)
            case .shard(let cid):
                guard level + 1 < shard.shape.levelCount else {
                    throw UnixFSReadError.tooDeep(cid)
                }
                trail.append(cid)
                shard = try await subshard(cid, fanout: shard.fanout)
            }
        }
        throw UnixFSReadError.tooDeep(root)
    }
}
