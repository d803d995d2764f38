// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import IPLD
import Lifecycle
import Multiformats
import PackStore
import Repository
import Synchronization
import TestSupport
import Testing

/// A raw block with its sha2-256 CID.
func rawBlock(_ bytes: [UInt8]) throws -> Block {
    Block(
        cid: CID(v1: .raw, try HashFunction.sha2_256.multihash(of: bytes.span)), bytes: bytes)
}

/// Reads that meet damage: what they do by themselves.
@Suite struct HealingReadTests {
    /// A store in which the first leaf of the first pack is bad, and that leaf.
    private func storeWithBadLeaf() async throws -> (DamagedStore, Block) {
        let store = try await DamagedStore()
        try store.reset()
        let file = try store.packs()[0]
        let id = try #require(PackID(file.lastPathComponent.prefix(36)))
        let repository = try await store.open()
        let index = try await repository.packs.index(of: id, tier: .hot)
        let cid = index.blocks[0].cid
        try store.damage(file) { bytes in
            guard let range = try? PackRegion.frameData.range(in: bytes) else { return }  // told
            bytes[range.lowerBound + 10] ^= 1
        }
        return (store, Block(cid: cid, bytes: try #require(store.blocks[cid])))
    }

    @Test func `a bad block goes into quarantine and is an error that names it`() async throws {
        let (store, leaf) = try await storeWithBadLeaf()
        let repository = try await store.open()
        let error = await #expect(throws: BlockStoreError.self) {
            try await repository.blocks.block(leaf.cid)
        }
        #expect(error?.code == .corrupt && error?.cid == leaf.cid)
        #expect(try await repository.quarantine().blockCount == 1)
    }

    @Test func `what is in quarantine is stored anew by whoever puts it`() async throws {
        let (store, leaf) = try await storeWithBadLeaf()
        let repository = try await store.open()
        _ = try? await repository.blocks.block(leaf.cid)  // told by the test above
        try await repository.blocks.put([leaf])
        #expect(try await repository.blocks.block(leaf.cid) == leaf)
        #expect(try await store.open().blocks.block(leaf.cid) == leaf)
    }

    @Test func `many blocks are handed out, each once, though some were bad`() async throws {
        let (store, leaf) = try await storeWithBadLeaf()
        let repository = try await store.open()
        // Blocks of one frame are bad together.
        let pack = try #require(
            try await repository.catalog.places(of: [Array(leaf.cid.multihashBytes)])[0]
        ).packID
        let entries = try await repository.packs.index(of: pack, tier: .hot).blocks
        let bad = entries.filter { $0.frame == entries[0].frame }.map(\.cid)
        let asked = Mutex<[CID]>([])
        let blocks = repository.blocks.rescued { cid in
            asked.withLock { $0.append(cid) }
            return store.blocks[cid].map { Block(cid: cid, bytes: $0) }
        }
        let cids = Array(store.blocks.keys)
        let seen = Mutex<[Int: Int]>([:])
        try await blocks.forEachBlock(cids) { index, block in
            #expect(block.cid == cids[index] && block.bytes == store.blocks[cids[index]])
            seen.withLock { $0[index, default: 0] += 1 }
        }
        let once = Dictionary(uniqueKeysWithValues: cids.indices.map { ($0, 1) })
        #expect(seen.withLock { $0 } == once)
        let rescued = asked.withLock { $0 }
        #expect(rescued.contains(leaf.cid) && rescued.count == Set(rescued).count)
        #expect(Set(rescued).isSubset(of: bad))
        // All that was rescued is stored: another process asks nobody.
        let count = try await store.expectNeverServed(try await store.open(), "after the rescue")
        #expect(count == store.blocks.count)
    }

    @Test func `a pack that was rewritten between look-up and read is looked up again`()
        async throws
    {
        let store = try await DamagedStore()
        try store.reset()
        let (reader, other) = (try await store.open(), try await store.open())
        let cid = try #require(store.blocks.keys.first { $0.codec == .raw })
        // The reader knows where the pack lies.
        _ = try await reader.blocks.block(try #require(store.blocks.keys.first))
        let packs = try await other.catalog.packs()
        for pack in packs {
            let (kind, tier) = (pack.kind, pack.tier)
            let sealed = try #require(
                try await other.packs.rewriteSound(pack.id, tier: tier, flags: { _ in [] }) {
                    try other.packs.writer(kind: kind, tier: tier)
                })
            try await other.commit(sealed, replacing: [pack.id])
            try FileManager.default.removeItem(
                at: store.url.appending(path: "packs/hot/\(pack.id).car.zst"))
        }
        #expect(try await reader.blocks.block(cid).bytes == store.blocks[cid])
        #expect(try await reader.quarantine().blockCount == 0)
    }

    @Test func `what a peer gives is checked, read on, and stored`() async throws {
        let (store, leaf) = try await storeWithBadLeaf()
        let repository = try await store.open()
        let liar = repository.blocks.rescued { Block(cid: $0, bytes: [0]) }
        await #expect(throws: BlockStoreError.self) { try await liar.block(leaf.cid) }
        let asked = Mutex<[CID]>([])
        let blocks = repository.blocks.rescued { cid in
            asked.withLock { $0.append(cid) }
            return Block(cid: cid, bytes: leaf.bytes)
        }
        #expect(try await blocks.block(leaf.cid) == leaf)
        #expect(asked.withLock { $0 } == [leaf.cid])
        // Stored: nobody is asked a second time, and it outlives this process.
        #expect(try await blocks.block(leaf.cid) == leaf)
        #expect(try await store.open().blocks.block(leaf.cid) == leaf)
        #expect(asked.withLock { $0.count } == 1)
    }

    @Test func `repair asks peers for what is nowhere else, and refuses wrong answers`()
        async throws
    {
        let (store, leaf) = try await storeWithBadLeaf()
        try FileManager.default.removeItem(at: store.source)
        var options = Repair.Options()
        options.peer = { Block(cid: $0, bytes: [1, 2, 3]) }
        let (_, _, failed) = try await store.repair(options)
        #expect(failed.losses.contains { $0.cid == leaf.cid })
        #expect(failed.healedBlockCount == 0)
        options.peer = { [blocks = store.blocks] cid in
            blocks[cid].map { Block(cid: cid, bytes: $0) }
        }
        let (repository, _, outcome) = try await store.repair(options)
        #expect(outcome.losses.isEmpty, "\(outcome.losses)")
        #expect(outcome.healedFrom.peer == Set(failed.losses.map(\.cid)).count)
        try await store.expectWhole(repository, "healed by a peer")
    }

    @Test func `repair finds a second copy that the catalog does not know of`() async throws {
        let (store, leaf) = try await storeWithBadLeaf()
        try FileManager.default.removeItem(at: store.source)
        let repository = try await store.open()
        let all = store.blocks.map { Block(cid: $0.key, bytes: $0.value) }
        _ = leaf
        for pack in try repository.sealPacks(of: all, in: .hot) {
            try await repository.commit(pack)
        }
        let (repaired, _, outcome) = try await store.repair()
        #expect(outcome.losses.isEmpty, "\(outcome.losses)")
        try await store.expectWhole(repaired, "second copy")
    }
}
