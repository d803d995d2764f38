// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats
import Synchronization

/// Blocks in memory: for tests, and for work small enough.
public final class MemoryBlockStore: BlockStore {
    private let blocks = Mutex<[ArraySlice<UInt8>: [UInt8]]>([:])

    /// Makes an empty store.
    public init() {}

    /// How many blocks are stored.
    public var count: Int { blocks.withLock { $0.count } }

    /// The block that `cid` names.
    public func block(_ cid: CID) async throws -> Block {
        if let block = cid.inlineBlock { return block }
        guard let bytes = blocks.withLock({ $0[cid.multihashBytes] }) else {
            throw BlockStoreError.notFound(cid)
        }
        return Block(cid: cid, bytes: bytes)
    }

    /// For each CID whether the store has its block.
    public func contains(_ cids: [CID]) async throws -> [Bool] {
        blocks.withLock { blocks in
            cids.map { $0.multihash.isIdentity || blocks[$0.multihashBytes] != nil }
        }
    }

    /// For each CID the length of its block.
    public func byteCounts(of cids: [CID]) async throws -> [Int?] {
        blocks.withLock { blocks in
            cids.map { $0.inlineBlock?.bytes.count ?? blocks[$0.multihashBytes]?.count }
        }
    }

    /// Stores `blocks`, each checked.
    public func put(_ newBlocks: [Block]) async throws {
        for block in newBlocks { try block.verify() }
        blocks.withLock { blocks in
            for block in newBlocks where !block.cid.multihash.isIdentity {
                blocks[block.cid.multihashBytes] = block.bytes
            }
        }
    }
}
