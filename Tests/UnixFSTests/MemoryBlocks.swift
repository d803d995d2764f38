// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

/// Blocks in a dictionary.
struct MemoryBlocks: BlockSource {
    struct Missing: Error, Equatable {
        let cid: CID
    }

    private(set) var blocks: [CID: [UInt8]] = [:]

    mutating func insert(_ block: Block) {
        blocks[block.cid] = block.bytes
    }

    mutating func remove(_ cid: CID) {
        blocks[cid] = nil
    }

    func block(_ cid: CID) async throws -> Block {
        guard let bytes = blocks[cid] else { throw Missing(cid: cid) }
        return Block(cid: cid, bytes: bytes)
    }

    /// Puts a node in and returns its CID.
    mutating func insert(_ node: PBNode) throws -> CID {
        let bytes = node.encode()
        let cid = try CIDBuilder().cid(codec: .dagPB, hashing: bytes.span)
        insert(Block(cid: cid, bytes: bytes))
        return cid
    }

    /// Puts a raw leaf in and returns its CID.
    mutating func insert(raw bytes: [UInt8]) throws -> CID {
        let cid = try CIDBuilder().cid(codec: .raw, hashing: bytes.span)
        insert(Block(cid: cid, bytes: bytes))
        return cid
    }
}
