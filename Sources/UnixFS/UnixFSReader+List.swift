// SPDX-License-Identifier: Apache-2.0

import IPLD
public import Multiformats

extension UnixFSReader {
    /// Hands each entry of the directory `cid` to `body`, one after the other.
    ///
    /// A basic directory's entries come in the order of its block, which is that of the names for
    /// every writer in use; a HAMT's in the order of the hashes. No name comes twice, and each is
    /// one that ``DirectoryEntry/isValidName(_:)`` takes.
    /// - Throws: ``UnixFSReadError``, or what the source or `body` throws.
    /// - Complexity: O(n) for n entries; memory for one block, or for one shard per level.
    public func list(
        _ cid: CID, _ body: (DirectoryEntry) async throws -> Void
    ) async throws {
        try await list(try await node(cid), of: cid, body)
    }

    /// Hands each entry of a directory to `body` whose block, named `cid`, was read as `node`.
    ///
    /// Otherwise as ``list(_:_:)``.
    public func list(
        _ node: UnixFSNode, of cid: CID, _ body: (DirectoryEntry) async throws -> Void
    ) async throws {
        switch node {
        case .directory(let directory):
            for entry in directory.entries { try await body(entry) }
        case .hamtShard(let shard):
            try await list(shard, root: cid, body)
        case .rawLeaf, .file, .symlink:
            throw UnixFSReadError.notADirectory(cid)
        }
    }

    /// Walks the shards depth first.
    ///
    /// Each entry's hash must lead to where it stands. As there is one such place only, a shard
    /// that is linked twice is found out at its first entry, and the walk is linear in the number
    /// of entries handed out.
    private func list(
        _ shard: HAMTShard, root: CID, _ body: (DirectoryEntry) async throws -> Void
    ) async throws {
        let shape = shard.shape
        var path = [(cid: root, shard: shard, next: 0)]
        while let last = path.last {
            let level = path.count - 1
            guard last.next < last.shard.children.count else {
                path.removeLast()
                continue
            }
            path[level].next += 1
            switch last.shard.children[last.next] {
            case .entry(let entry):
                let hash = HAMTBuilder.sortKey(of: entry.name)
                for (depth, step) in path.enumerated()
                where shape.bucket(of: hash, level: depth) != step.shard.buckets[step.next - 1] {
                    throw UnixFSReadError.misplacedEntry(name: entry.name, in: last.cid)
                }
                try await body(entry)
            case .shard(let cid):
                guard path.count < shape.levelCount else { throw UnixFSReadError.tooDeep(cid) }
                let child = try await subshard(cid, fanout: shape.fanout)
                path.append((cid: cid, shard: child, next: 0))
            }
        }
    }
}
