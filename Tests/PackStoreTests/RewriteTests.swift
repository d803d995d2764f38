// SPDX-License-Identifier: Apache-2.0

import BlockStore
import FileIO
import IPLD
import ObjectStore
import PackStore
import Synchronization
import Testing

/// Blocks that are taken over from pack to pack.
@Suite struct RewriteTests {
    private let directory: TemporaryDirectory
    private let store: DirectoryObjectStore
    private let groups: [[Block]]
    private let pack: SealedPack

    init() throws {
        directory = try TemporaryDirectory()
        store = try DirectoryObjectStore(path: directory.path)
        groups = [
            try (0..<10).map { try rawBlock("first \($0) " + String(repeating: "a", count: 200)) },
            try (0..<10).map { try rawBlock("second \($0) " + String(repeating: "b", count: 200)) },
            try (0..<10).map { try rawBlock("third \($0) " + String(repeating: "c", count: 200)) },
        ]
        pack = try writePack(groups, into: store)
    }

    private var blocks: [Block] { groups.flatMap { $0 } }
    private var packs: PackStore { PackStore(tiers: [.hot: store]) }

    private func rewrite(
        _ sources: [PackID], keeping isKept: @escaping @Sendable (Int) -> Bool
    ) async throws -> SealedPack? {
        let store = store
        return try await packs.rewrite(
            sources.map { RewriteSource(pack: $0, tier: .hot, isKept: isKept) },
            compression: .auto
        ) {
            try PackWriter(into: store, kind: .leaves, tier: .hot)
        }?.seal()
    }

    private func read(_ pack: PackID) throws -> [Block] {
        let reader = try PackReader(pack, in: store)
        return try (0..<reader.blockCount).map { try reader.block($0) }
    }

    @Test func `a frame that is kept whole is copied as it is, the rest is gathered`() async throws
    {
        // The second frame whole, some of the others.
        let kept = [1, 3] + Array(10..<20) + [29]
        let new = try #require(try await rewrite([pack.id]) { kept.contains($0) })
        #expect(Set(try read(new.id)) == Set(kept.map { blocks[$0] }))
        #expect(new.blockCount == kept.count)
        #expect(try await packs.verify(new.id, tier: .hot).damage.isEmpty)
        // Frame by frame: the copy has the same stored bytes, the rest became one frame.
        let old = try directory.read("\(pack.id).car.zst")
        let copy = try directory.read("\(new.id).car.zst")
        let frames = try await packs.index(of: new.id, tier: .hot).frameCount
        #expect(frames == 3)
        let stored = try FrameBuilder.frame(of: groups[1], compression: .auto).stored
        #expect(old.contains(stored) && copy.contains(stored))
    }

    @Test func `flags go with their blocks, from frames that are kept whole and others`()
        async throws
    {
        let records = try (0..<3).map { try rawBlock("record \($0)") }
        var writer = try PackWriter(into: store, kind: .nodes, tier: .hot)
        for group in [Array(records.prefix(2)), [records[2]]] {
            try writer.append(
                try FrameBuilder.frame(of: group, compression: .auto, flags: .snapshotRecord))
        }
        let source = try writer.finish().seal()
        let new = try #require(try await rewrite([source.id]) { $0 != 0 })
        let index = try await packs.index(of: new.id, tier: .hot)
        #expect(index.blocks.count == 2)
        #expect(index.blocks.allSatisfy { $0.flags == .snapshotRecord })
    }

    @Test func `several packs become one, in their order`() async throws {
        let more = try (0..<5).map { try rawBlock("more \($0)") }
        let other = try writePack([more], into: store)
        let new = try #require(try await rewrite([pack.id, other.id]) { $0 < 5 })
        #expect(Set(try read(new.id)) == Set(blocks.prefix(5) + more))
    }

    @Test func `nothing to keep makes no pack`() async throws {
        let before = try directory.names
        #expect(try await rewrite([pack.id]) { _ in false } == nil)
        #expect(try directory.names == before)
    }

    @Test(arguments: [0, 1, 2])
    func `a block that is kept and damaged stops it, and names the pack`(
        _ frame: Int
    ) async throws {
        let name = "\(pack.id).car.zst"
        var bytes = try directory.read(name)
        let stored = try FrameBuilder.frame(of: groups[frame], compression: .auto).stored
        let start = try #require(bytes.firstRange(of: stored)).lowerBound
        bytes[start + stored.count / 2] ^= 0x10
        try directory.write(bytes, to: name)
        let before = try directory.names
        let inFrame = frame * 10..<frame * 10 + 10
        let error = await #expect(throws: PackError.self) {
            try await rewrite([pack.id]) { _ in true }
        }
        #expect(error?.code == .damaged)
        #expect(error?.pack == pack.id)
        #expect(try directory.names == before)
        // What is not kept is not looked at.
        let new = try #require(try await rewrite([pack.id]) { !inFrame.contains($0) })
        #expect(new.blockCount == 20)
    }

    @Test func `an error of the one who watches ends it, and leaves nothing`() async throws {
        struct Enough: Error {}
        let before = try directory.names
        let store = store
        let source = RewriteSource(pack: pack.id, tier: .hot) { _ in true }
        await #expect(throws: Enough.self) {
            try await packs.rewrite([source], compression: .auto) {
                try PackWriter(into: store, kind: .leaves, tier: .hot)
            } onBytes: { _ in
                throw Enough()
            }
        }
        #expect(try directory.names == before)
    }

    @Test func `a store that is held up gives the same bytes`() async throws {
        let rate = ByteRate(bytesPerSecond: 50_000_000)
        let throttled = PackStore(tiers: [.hot: MeteredObjectStore(store, rate: rate)])
        let index = try await throttled.index(of: pack.id, tier: .hot)
        #expect(index.blocks.map(\.cid) == blocks.map(\.cid))
    }
}
