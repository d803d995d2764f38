// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Reads files and directories out of a source of blocks.
///
/// The DAG may be anybody's: nothing it says is believed unchecked, no input traps, takes memory
/// without bound or goes on for ever. Symlinks are never followed.
public struct UnixFSReader<Source: BlockSource>: Sendable {
    /// Where blocks come from.
    public let source: Source

    /// Makes a reader, which holds no state.
    public init(source: Source) {
        self.source = source
    }

    /// The block that `cid` names, decoded.
    ///
    /// - Throws: ``UnixFSReadError/malformed(_:_:)``, or what the source throws.
    public func node(_ cid: CID) async throws -> UnixFSNode {
        try Self.node(of: try await source.block(cid))
    }

    /// `block`, decoded.
    ///
    /// - Throws: ``UnixFSReadError/malformed(_:_:)``.
    public static func node(of block: Block) throws(UnixFSReadError) -> UnixFSNode {
        do { return try UnixFSNode(block) } catch { throw .malformed(block.cid, error) }
    }

    /// The shard that `cid` names, which must be as wide as `fanout`.
    func subshard(_ cid: CID, fanout: Int) async throws -> HAMTShard {
        guard case .hamtShard(let shard) = try await node(cid), shard.fanout == fanout else {
            throw UnixFSReadError.notAShard(cid)
        }
        // Without this a few empty shards that link to one another in every bucket would make a
        // listing that never ends; with an entry in each, the first misplaced one ends it.
        guard !shard.children.isEmpty else { throw UnixFSReadError.emptyShard(cid) }
        return shard
    }
}
