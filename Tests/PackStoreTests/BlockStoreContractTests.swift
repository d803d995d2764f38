// SPDX-License-Identifier: Apache-2.0

import BlockStore
import FileIO
import IPLD
import Multiformats
import ObjectStore
import PackStore
import Synchronization
import TestSupport
import Testing

@Suite struct BlockStoreContractTests {
    @Test func `blocks in memory keep the contract`() async throws {
        let store = MemoryBlockStore()
        try await BlockStoreContract(store).check()
        #expect(store.count == 42)
    }

    @Test func `blocks in packs keep the contract`() async throws {
        let directory = try TemporaryDirectory()
        let store = try PackBackedStore(path: directory.path)
        try await BlockStoreContract(store).check()
        #expect(try directory.names.count == 3)
    }
}

/// A store that writes each put as one pack, and remembers places in memory.
private final class PackBackedStore: BlockStore {
    private let packs: PackStore
    private let objects: DirectoryObjectStore
    private let places = Mutex<[ArraySlice<UInt8>: (pack: PackID, ordinal: Int)]>([:])

    init(path: String) throws {
        objects = try DirectoryObjectStore(path: path)
        packs = PackStore(tiers: [.hot: objects])
    }

    func block(_ cid: CID) async throws -> Block {
        if let block = cid.inlineBlock { return block }
        guard let place = places.withLock({ $0[cid.multihashBytes] }) else {
            throw BlockStoreError.notFound(cid)
        }
        return try await packs.block(
            in: place.pack, tier: .hot, ordinal: place.ordinal, expecting: cid)
    }

    func contains(_ cids: [CID]) async throws -> [Bool] {
        places.withLock { places in
            cids.map { $0.inlineBlock != nil || places[$0.multihashBytes] != nil }
        }
    }

    func put(_ blocks: [Block]) async throws {
        for block in blocks { try block.verify() }
        var new: [Block] = []
        for block in blocks where !new.contains(block) {
            if try await !contains(block.cid) { new.append(block) }
        }
        if new.isEmpty { return }
        let pack = try writePack([new], into: objects)
        places.withLock { places in
            for (ordinal, cid) in pack.cids.enumerated() {
                places[cid.multihashBytes] = (pack.id, ordinal)
            }
        }
    }
}
