// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import ObjectStore
import PackStore
import Testing

@Suite struct PackDamageTests {
    private let directory: TemporaryDirectory
    private let store: DirectoryObjectStore
    private let blocks: [Block]
    private let pack: SealedPack
    private let bytes: [UInt8]
    private var name: String { "\(pack.id).car.zst" }

    init() throws {
        directory = try TemporaryDirectory()
        store = try DirectoryObjectStore(path: directory.path)
        blocks = try ["one", "two", "three"].map { try rawBlock($0) }
        pack = try writePack([[blocks[0], blocks[1]], [blocks[2]]], into: store)
        bytes = try directory.read("\(pack.id).car.zst")
    }

    /// Reads all blocks in every way there is; each must be right or an error.
    private func readEverything(_ what: String) async throws {
        let packs = PackStore(tiers: [.hot: store])
        for (ordinal, block) in blocks.enumerated() {
            // An error is as good as the right block here.
            if let found = try? PackReader(pack.id, in: store).block(ordinal) {
                #expect(
                    try HashFunction.sha2_256.multihash(of: found.bytes.span)
                        == found.cid.multihash, "block \(ordinal), \(what)")
            }
            // An error is as good here, too.
            if let found = try? await packs.block(
                in: pack.id, tier: .hot, ordinal: ordinal, expecting: block.cid)
            {
                #expect(found == block, "block \(ordinal), \(what)")
            }
        }
    }

    @Test func `a pack cut short at any byte is damaged`() async throws {
        for count in 0..<bytes.count {
            try directory.write(Array(bytes.prefix(count)), to: name)
            try await readEverything("cut to \(count)")
            let result = try await PackStore(tiers: [.hot: store]).verify(pack.id, tier: .hot)
            #expect(!result.damage.isEmpty, "cut to \(count)")
        }
    }

    @Test(arguments: [UInt8(0x01), 0x80, 0xff])
    func `a flip of any byte is found, and no wrong block is handed out`(
        _ mask: UInt8
    ) async throws {
        for offset in bytes.indices {
            var damaged = bytes
            damaged[offset] ^= mask
            try directory.write(damaged, to: name)
            try await readEverything("byte \(offset) flipped")
            let packs = PackStore(tiers: [.hot: store])
            let result = try await packs.verify(pack.id, tier: .hot)
            #expect(!result.damage.isEmpty, "byte \(offset) flipped")
            let recovered = try await packs.recoverIndex(of: pack.id, tier: .hot)
            for block in recovered.blocks { #expect(pack.cids.contains(block.cid)) }
        }
    }

    @Test func `damage in one frame leaves the others readable`() async throws {
        var damaged = bytes
        let reader = try PackReader(pack.id, in: store)
        let start = try #require(bytes.firstRange(of: Array("three".utf8))?.lowerBound)
        damaged[start] ^= 1
        try directory.write(damaged, to: name)
        #expect(try reader.block(0) == blocks[0])
        #expect(throws: PackError.self) { try reader.block(2) }
        let result = try await PackStore(tiers: [.hot: store]).verify(pack.id, tier: .hot)
        #expect(result.badOrdinals == [2])
        #expect(result.soundBlockCount == 2)
        #expect(
            result.damage.map(\.place) == [
                .frame(2), .block(ordinal: 2, blocks[2].cid),
            ])
    }

    @Test func `a block that does not match its CID is reported and not handed out`() async throws {
        let lie = Block(cid: blocks[0].cid, bytes: Array("two".utf8))
        let bad = try writePack([[lie, blocks[1]]], into: store)
        let reader = try PackReader(bad.id, in: store)
        let error = #expect(throws: PackError.self) { try reader.block(0) }
        #expect(error?.code == .damaged)
        #expect(try reader.block(1) == blocks[1])
        let result = try await PackStore(tiers: [.hot: store]).verify(bad.id, tier: .hot)
        #expect(result.damage.map(\.place) == [.block(ordinal: 0, lie.cid)])
    }

    @Test func `a pack under another name is refused`() throws {
        let other = PackID.make()
        try directory.write(bytes, to: "\(other).car.zst")
        let error = #expect(throws: PackError.self) { try PackReader(other, in: store) }
        #expect(error?.code == .damaged)
    }
}
