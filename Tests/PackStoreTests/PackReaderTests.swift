// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import ObjectStore
import PackStore
import Synchronization
import Testing

@Suite struct PackReaderTests {
    private let directory: TemporaryDirectory
    private let store: DirectoryObjectStore
    private let groups: [[Block]]
    private let pack: SealedPack

    init() throws {
        directory = try TemporaryDirectory()
        store = try DirectoryObjectStore(path: directory.path)
        groups = [
            try (0..<100).map { try rawBlock("small \($0)") },
            [try rawBlock([UInt8](repeating: 1, count: 700_000))],
            try (100..<103).map { try rawBlock("small \($0)") },
        ]
        pack = try writePack(groups, into: store, kind: .nodes)
    }

    private var blocks: [Block] { groups.flatMap { $0 } }
    private var packs: PackStore { PackStore(tiers: [.hot: store]) }

    @Test func `every block is found by its ordinal`() throws {
        let reader = try PackReader(pack.id, in: store)
        #expect(reader.blockCount == 104)
        #expect(reader.kind == .nodes)
        #expect(reader.createdAtMilliseconds == pack.createdAtMilliseconds)
        for (ordinal, block) in blocks.enumerated() {
            #expect(try reader.block(ordinal) == block)
            #expect(try reader.entry(ordinal) == pack.blocks[ordinal])
        }
    }

    @Test(arguments: [-1, 104, Int.max])
    func `an ordinal that is not there is an error`(_ ordinal: Int) throws {
        let reader = try PackReader(pack.id, in: store)
        let error = #expect(throws: PackError.self) { try reader.block(ordinal) }
        #expect(error?.code == .damaged)
    }

    @Test func `the index lists what was written`() async throws {
        let index = try await packs.index(of: pack.id, tier: .hot)
        #expect(index.blocks == pack.blocks)
        #expect(index.byteCount == pack.byteCount)
        #expect(index.kind == .nodes)
        #expect(index.frameCount == 4)
        #expect(index.find(blocks[101].cid.multihash) == 101)
        #expect(index.find(try rawBlock("elsewhere").cid.multihash) == nil)
    }

    @Test func `a flag is found again`() throws {
        let record = try rawBlock("record")
        var writer = try PackWriter(into: store, kind: .nodes, tier: .hot)
        let builder = FrameBuilder(compression: .auto)
        try builder.append(blocks[0])
        try builder.append(record, flags: .snapshotRecord)
        try writer.append(try builder.finish())
        let pack = try writer.finish().seal()
        let flags = try PackReader(pack.id, in: store).index().blocks.map(\.flags)
        #expect(flags == [[], .snapshotRecord])
    }

    @Test func `a block is handed out under the CID that was asked for`() async throws {
        let cid = CID(v1: .dagPB, blocks[7].cid.multihash)
        let block = try await packs.block(in: pack.id, tier: .hot, ordinal: 7, expecting: cid)
        #expect(block == Block(cid: cid, bytes: blocks[7].bytes))
    }

    @Test func `another block than the expected one is not handed out`() async throws {
        let error = await #expect(throws: PackError.self) {
            try await packs.block(
                in: pack.id, tier: .hot, ordinal: 7, expecting: blocks[8].cid)
        }
        #expect(error?.code == .otherBlock)
    }

    @Test func `many blocks of a pack are read in order`() async throws {
        let read = Mutex<[Int]>([])
        let blocks = blocks
        let wanted = [103, 0, 100, 5, 102].map {
            WantedBlock(ordinal: $0, cid: blocks[$0].cid, index: $0 + 1)
        }
        try await packs.read(wanted, of: pack.id, tier: .hot) { wanted, result in
            let block = try result.get()
            #expect(block == blocks[wanted.ordinal])
            #expect(wanted.index == wanted.ordinal + 1)
            read.withLock { $0.append(wanted.ordinal) }
        }
        #expect(read.withLock { $0 } == [0, 5, 100, 102, 103])
    }

    @Test func `one bad block among many does not spoil the others`() async throws {
        let results = Mutex<[Int: PackError.Code?]>([:])
        let wanted = [
            WantedBlock(ordinal: 4, cid: blocks[4].cid, index: 0),
            WantedBlock(ordinal: 5, cid: blocks[6].cid, index: 1),
            WantedBlock(ordinal: blocks.count, cid: blocks[0].cid, index: 2),
            WantedBlock(ordinal: 6, cid: blocks[6].cid, index: 3),
        ]
        try await packs.read(wanted, of: pack.id, tier: .hot) { wanted, result in
            let code: PackError.Code? =
                switch result {
                case .success: nil
                case .failure(let error): error.code
                }
            results.withLock { $0[wanted.index] = code }
        }
        #expect(results.withLock { $0 } == [0: nil, 1: .otherBlock, 2: .damaged, 3: nil])
    }

    @Test func `a deleted pack is gone`() async throws {
        let packs = packs
        #expect(try await packs.packs(in: .hot) == [pack.id])
        _ = try await packs.block(in: pack.id, tier: .hot, ordinal: 0, expecting: blocks[0].cid)
        try await packs.delete(pack.id, tier: .hot)
        let error = await #expect(throws: PackError.self) {
            try await packs.block(in: pack.id, tier: .hot, ordinal: 0, expecting: blocks[0].cid)
        }
        #expect(error?.code == .notFound)
        #expect(try await packs.packs(in: .hot).isEmpty)
    }

    @Test func `a tier that is not there is an error`() async throws {
        let error = await #expect(throws: PackError.self) {
            try await packs.packs(in: .cold)
        }
        #expect(error?.code == .notFound)
    }

    @Test func `more packs than may be open are read all the same`() async throws {
        var options = PackStore.Options()
        options.openPackCount = 2
        options.cacheByteCount = 8000
        let packs = PackStore(tiers: [.hot: store], options: options)
        let others = try (0..<5).map { _ in try writePack(groups, into: store) }
        for ordinal in [0, 103, 50, 0] {
            for other in others {
                let block = try await packs.block(
                    in: other.id, tier: .hot, ordinal: ordinal, expecting: blocks[ordinal].cid)
                #expect(block == blocks[ordinal])
            }
        }
    }

    @Test func `a sound pack verifies`() async throws {
        let result = try await packs.verify(pack.id, tier: .hot)
        #expect(result.damage.isEmpty)
        #expect(result.soundBlockCount == 104)
        #expect(result.soundByteCount == pack.byteCount)
    }

    @Test func `an index is recovered from the frames alone`() async throws {
        let name = "\(pack.id).car.zst"
        var bytes = try directory.read(name)
        bytes[bytes.count - 1] ^= 1
        try directory.write(bytes, to: name)
        #expect(throws: PackError.self) { try PackReader(pack.id, in: store) }
        let index = try await packs.recoverIndex(of: pack.id, tier: .hot)
        #expect(index.blocks == pack.blocks)
        let result = try await packs.verify(pack.id, tier: .hot)
        #expect(result.damage.map(\.place) == [.index])
        #expect(result.soundBlockCount == 104)
    }
}
