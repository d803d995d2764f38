// SPDX-License-Identifier: Apache-2.0

import BlockStore
import FileIO
import IPLD
import Multiformats
import ObjectStore
import PackStore
import Testing

@Suite struct SalvageTests {
    private let directory: TemporaryDirectory
    private let store: DirectoryObjectStore
    private let packs: PackStore
    private let groups: [[Block]]

    init() throws {
        directory = try TemporaryDirectory()
        store = try DirectoryObjectStore(path: directory.path)
        packs = PackStore(tiers: [.hot: store])
        groups = [
            [try rawBlock("one"), try rawBlock("two")], [try rawBlock("three")],
            [try rawBlock("four"), try rawBlock("five")],
        ]
    }

    private func cutPack() throws -> (bytes: [UInt8], frameEnds: [Int]) {
        var ends: [Int] = []
        var writer = try PackWriter(into: store, kind: .leaves, tier: .hot)
        ends.append(Int(writer.storedByteCount))
        for group in groups {
            try writer.append(try FrameBuilder.frame(of: group, compression: .auto))
            ends.append(Int(writer.storedByteCount))
        }
        let pack = try writer.finish().seal()
        let name = "\(pack.id).car.zst"
        let bytes = try directory.read(name)
        try store.delete(try #require(ObjectKey(name)))
        return (bytes, ends)
    }

    @Test func `a part cut at any byte gives its whole frames`() async throws {
        let (bytes, ends) = try cutPack()
        for count in 0...bytes.count {
            let id = PackID.make()
            try directory.write(Array(bytes.prefix(count)), to: "\(id).car.zst.part")
            let report = try await packs.salvage(.hot)
            let kept = groups.indices.filter { ends[$0 + 1] <= count }
            #expect(report.failures.isEmpty)
            if kept.isEmpty {
                #expect(report.removedCount == 1, "cut to \(count)")
                #expect(try directory.names.isEmpty, "cut to \(count)")
                continue
            }
            let expected = kept.flatMap { groups[$0] }
            let pack = try #require(report.packs.first, "cut to \(count)")
            #expect(pack.id == id)
            #expect(pack.cids == expected.map(\.cid), "cut to \(count)")
            #expect(try directory.names == ["\(id).car.zst"])
            let result = try await packs.verify(id, tier: .hot)
            #expect(result.damage.isEmpty, "cut to \(count): \(result.damage)")
            #expect(result.soundBlockCount == expected.count)
            #expect(try directory.read("\(id).car.zst").count == Int(pack.storedByteCount))
            try await packs.delete(id, tier: .hot)
        }
    }

    @Test func `frames behind a damaged one are not kept`() async throws {
        let (bytes, ends) = try cutPack()
        var damaged = bytes
        damaged[ends[2] - 1] ^= 1  // the checksum of the frame that holds "three"
        let id = PackID.make()
        try directory.write(damaged, to: "\(id).car.zst.part")
        let report = try await packs.salvage(.hot)
        #expect(report.packs.first?.cids == groups[0].map(\.cid))
    }

    @Test func `a part whose writer lives is left alone`() async throws {
        let id = PackID.make()
        var writer = try PackWriter(into: store, kind: .leaves, tier: .hot, id: id)
        try writer.append(try FrameBuilder.frame(of: groups[0], compression: .auto))
        let during = try await packs.salvage(.hot)
        #expect(during.packs.isEmpty)
        #expect(during.removedCount == 0)
        #expect(try directory.names == ["\(id).car.zst.part"])
        try writer.append(try FrameBuilder.frame(of: groups[1], compression: .auto))
        #expect(try writer.finish().seal().blockCount == 3)
        #expect(try PackReader(id, in: store).block(2) == groups[1][0])
    }

    @Test func `a part locked by another open file is left alone`() async throws {
        let (bytes, _) = try cutPack()
        let name = "\(PackID.make()).car.zst.part"
        try directory.write(bytes, to: name)
        var file = try File(directory.path + "/" + name, .update)
        let isLocked = try file.tryLock()
        #expect(isLocked)
        let report = try await packs.salvage(.hot)
        #expect(report.packs.isEmpty && report.removedCount == 0)
        #expect(try directory.names == [name])
        try file.close()
        #expect(try await packs.salvage(.hot).packs.count == 1)
    }

    @Test func `a finished part keeps its kind and flags`() async throws {
        func finishAndDie() throws -> PackID {
            var writer = try PackWriter(into: store, kind: .nodes, tier: .hot)
            let builder = FrameBuilder(compression: .auto)
            try builder.append(groups[0][0], flags: .snapshotRecord)
            try writer.append(try builder.finish())
            return try writer.finish().id
        }
        let id = try finishAndDie()
        let pack = try #require(try await packs.salvage(.hot).packs.first)
        #expect(pack.id == id)
        #expect(pack.kind == .nodes)
        #expect(pack.blocks.map(\.flags) == [.snapshotRecord])
    }

    @Test func `several salvagers at once complete each part once`() async throws {
        let (bytes, _) = try cutPack()
        let ids = (0..<12).map { _ in PackID.make() }
        for id in ids { try directory.write(bytes, to: "\(id).car.zst.part") }
        let stores = try (0..<4).map { _ in
            PackStore(tiers: [.hot: try DirectoryObjectStore(path: directory.path)])
        }
        let salvaged = try await withThrowingTaskGroup(of: SalvageReport.self) { group in
            for store in stores { group.addTask { try await store.salvage(.hot) } }
            return try await group.reduce(into: [PackID]()) { $0 += $1.packs.map(\.id) }
        }
        #expect(salvaged.sorted() == ids.sorted())
        for id in ids {
            #expect(try await packs.verify(id, tier: .hot).damage.isEmpty)
        }
    }

    @Test func `other files are left alone`() async throws {
        try directory.write([1], to: "notes.txt.part")
        try directory.write([1], to: "notes.txt")
        let report = try await packs.salvage(.hot)
        #expect(report.removedCount == 0)
        #expect(try directory.names == ["notes.txt", "notes.txt.part"])
        #expect(try await packs.packs(in: .hot).isEmpty)
    }
}
