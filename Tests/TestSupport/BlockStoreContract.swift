// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import IPLD
import Multiformats
import Synchronization
import Testing

/// What every store of blocks must do; run it on an empty one.
public struct BlockStoreContract {
    private let store: any BlockStore
    private let bytes = Array("a block for the contract".utf8)

    /// The contract for `store`, which is empty.
    public init(_ store: any BlockStore) { self.store = store }

    /// Checks every clause.
    public func check() async throws {
        try await absentBlockIsNamed()
        try await identityNeedsNoStorage()
        try await wrongBytesAreRefused()
        try await putTwiceIsOne()
        try await multihashDecides()
        try await emptyBlockIsABlock()
        try await manyBlocksComeByIndex()
    }

    private func cid(_ bytes: [UInt8], _ codec: Multicodec = .raw) throws -> CID {
        CID(v1: codec, try HashFunction.sha2_256.multihash(of: bytes.span))
    }

    private func absentBlockIsNamed() async throws {
        let cid = try cid(Array("nobody put this".utf8))
        let error = await #expect(throws: BlockStoreError.self) { try await store.block(cid) }
        #expect(error?.code == .notFound)
        #expect(error?.cid == cid)
        #expect(try await store.contains([cid]) == [false])
        #expect(try await store.byteCounts(of: [cid]) == [nil])
    }

    private func identityNeedsNoStorage() async throws {
        let multihash = try HashFunction.identity.multihash(of: bytes.span)
        let cid = CID(v1: .raw, multihash)
        #expect(try await store.contains(cid))
        #expect(try await store.block(cid) == Block(cid: cid, bytes: bytes))
        try await store.put([Block(cid: cid, bytes: bytes)])
        #expect(try await store.block(cid).bytes == bytes)
    }

    private func wrongBytesAreRefused() async throws {
        let good = Array("good".utf8)
        let bad = Block(cid: try cid(bytes), bytes: good)
        let error = await #expect(throws: BlockStoreError.self) {
            try await store.put([Block(cid: try cid(good), bytes: good), bad])
        }
        #expect(error?.code == .mismatch)
        #expect(error?.cid == bad.cid)
        #expect(try await store.contains([bad.cid, cid(good)]) == [false, false])
    }

    private func putTwiceIsOne() async throws {
        let block = Block(cid: try cid(bytes), bytes: bytes)
        try await store.put([block, block])
        try await store.put([block])
        #expect(try await store.contains([block.cid]) == [true])
        #expect(try await store.block(block.cid) == block)
    }

    private func multihashDecides() async throws {
        let multihash = try cid(bytes).multihash
        let version0 = try #require(CID(v0: multihash))
        for other in [version0, CID(v1: .dagPB, multihash), CID(v1: .dagCBOR, multihash)] {
            #expect(try await store.contains(other))
            #expect(try await store.block(other) == Block(cid: other, bytes: bytes))
        }
    }

    private func emptyBlockIsABlock() async throws {
        let block = Block(cid: try cid([]), bytes: [])
        #expect(try await store.contains([block.cid]) == [false])
        try await store.put([block])
        #expect(try await store.block(block.cid) == block)
    }

    private func manyBlocksComeByIndex() async throws {
        var blocks = try (0..<40).map { number in
            let bytes = Array("block \(number) of many".utf8)
            return Block(cid: try cid(bytes), bytes: bytes)
        }
        try await store.put(blocks)
        blocks.append(blocks[3])
        blocks.append(
            Block(
                cid: CID(v1: .raw, try HashFunction.identity.multihash(of: bytes.span)),
                bytes: bytes))
        blocks.reverse()
        let found = Mutex<[Int: Block]>([:])
        try await store.forEachBlock(blocks.map(\.cid)) { index, block in
            found.withLock { $0[index] = block }
        }
        let inOrder = blocks.indices.map { index in found.withLock { $0[index] } }
        #expect(inOrder == blocks)
        #expect(
            try await store.byteCounts(of: blocks.map(\.cid))
                == blocks.map { Optional($0.bytes.count) })

        let absent = try cid(Array("nobody put this either".utf8))
        let error = await #expect(throws: BlockStoreError.self) {
            try await store.forEachBlock([blocks[5].cid, absent]) { _, _ in }
        }
        #expect(error?.code == .notFound)
        #expect(error?.cid == absent)
    }
}
