// SPDX-License-Identifier: Apache-2.0

import BlockStore
import CAR
import Foundation
import IPLD
import Multiformats
import ObjectStore
import PackStore
import Testing

@Suite struct PackWriterTests {
    static let zstd = ["/usr/bin/zstd", "/usr/local/bin/zstd", "/opt/homebrew/bin/zstd"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(arguments: [(1, 0), (1, 33), (500, 33), (3, 1 << 20), (40, 300_000)])
    func `a pack is not larger than the bound of its blocks`(_ count: Int, _ size: Int) throws {
        let directory = try TemporaryDirectory()
        let store = try DirectoryObjectStore(path: directory.path)
        var random = SystemRandomNumberGenerator()
        let blocks = try (0..<count).map { _ in
            try rawBlock((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
        // The worst case: a frame for each block.
        let pack = try writePack(blocks.map { [$0] }, into: store, compression: .auto)
        let bound = PackStore.storedByteCountBound(of: blocks, packCount: 1)
        #expect(pack.storedByteCount <= bound)
        #expect(bound < pack.storedByteCount + Int64(count * (200 + size / 500) + 512))
    }

    @Test(
        .enabled(if: zstd != nil, "the zstd command is not installed"),
        arguments: [Compression.auto, .none, .zstd(level: 9)])
    func `the zstd command makes a CAR of a pack`(_ compression: Compression) throws {
        let directory = try TemporaryDirectory()
        let store = try DirectoryObjectStore(path: directory.path)
        var random = SystemRandomNumberGenerator()
        let noise = (0..<300_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let groups = [
            try (0..<40).map { try rawBlock("a small block, number \($0)") },
            [try rawBlock(noise)],
            [try rawBlock([UInt8](repeating: 7, count: 1 << 20)), try rawBlock("")],
        ]
        let pack = try writePack(groups, into: store, compression: compression)

        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.zstd))
        process.arguments = ["-dc", "\(directory.path)/\(pack.id).car.zst"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = [UInt8](pipe.fileHandleForReading.readDataToEndOfFile())
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)

        let blocks = groups.flatMap { $0 }
        let expected = CARHeader.encode(roots: [CARHeader.placeholderRoot]) + sections(blocks)
        #expect(output == expected)
        var reader = try CARReader(output)
        #expect(reader.header.roots == [CARHeader.placeholderRoot])
        #expect(try reader.readAll().map(\.block) == blocks)
        #expect(pack.cids == blocks.map(\.cid))
    }

    @Test func `a block of three parts is one section`() throws {
        let block = try rawBlock("head body tail")
        let (prefix, body, suffix) = (Array("head ".utf8), Array("body ".utf8), Array("tail".utf8))
        let builder = FrameBuilder(compression: .none)
        try builder.append(
            cid: block.cid, prefix: prefix.span, body: body.span, suffix: suffix.span)
        let inParts = try builder.finish()
        let whole = try FrameBuilder.frame(of: [block], compression: .none)
        #expect(inParts.stored == whole.stored)
        #expect(inParts.blocks == whole.blocks)
        #expect(builder.blockCount == 0 && builder.contentByteCount == 0)
    }

    @Test func `a block over 32 MiB is refused, and the frame stays as it was`() throws {
        let builder = FrameBuilder(compression: .none)
        let small = try rawBlock("small")
        try builder.append(small)
        let big = Block(cid: small.cid, bytes: [UInt8](repeating: 0, count: 32 << 20 + 1))
        let error = #expect(throws: PackError.self) { try builder.append(big) }
        #expect(error?.code == .tooLarge)
        #expect(try builder.finish().blocks.count == 1)
    }

    @Test func `the largest block comes back`() throws {
        let store = try DirectoryObjectStore(path: try TemporaryDirectory().path)
        let block = try rawBlock([UInt8](repeating: 5, count: 32 << 20))
        let pack = try writePack([[block]], into: store)
        #expect(try PackReader(pack.id, in: store).block(0) == block)
    }

    @Test func `a pack takes no more blocks than its limit`() throws {
        let directory = try TemporaryDirectory()
        let store = try DirectoryObjectStore(path: directory.path)
        let frame = try FrameBuilder.frame(
            of: [try rawBlock("one"), try rawBlock("two")], compression: .auto)
        var writer = try PackWriter(
            into: store, kind: .leaves, tier: .hot, limits: PackLimits(blockCount: 3))
        let hadRoom = writer.hasRoom(for: frame)
        try writer.append(frame)
        let (hasRoom, isFull) = (writer.hasRoom(for: frame), writer.isFull)
        #expect(hadRoom && !hasRoom && !isFull)
        var code: PackError.Code?
        do throws(PackError) { try writer.append(frame) } catch { code = error.code }
        #expect(code == .tooLarge)
        writer.abandon()
        #expect(try directory.names.isEmpty)
    }

    @Test(arguments: [
        (Compression.auto, true), (.none, false), (.zstd(level: 1), false),
    ])
    func `haste costs bytes where the level was not asked for`(
        _ compression: Compression, _ isChosen: Bool
    ) async throws {
        let words = (0..<20_000).map { "number \($0 &* 2_654_435_761 % 9_973) " }.joined()
        let blocks = [try rawBlock(words)]
        let builder = FrameBuilder(compression: compression)
        func frame(inHaste: Bool) throws -> Frame {
            for block in blocks { try builder.append(block) }
            return try builder.finish(inHaste: inHaste)
        }
        let unhurried = try frame(inHaste: false)
        let hasty = try frame(inHaste: true)
        #expect(isChosen == (hasty.stored.count > unhurried.stored.count))
        #expect(isChosen || hasty.stored == unhurried.stored)
        // Haste does not stay.
        #expect(try frame(inHaste: false).stored == unhurried.stored)

        let directory = try TemporaryDirectory()
        let store = try DirectoryObjectStore(path: directory.path)
        var writer = try PackWriter(into: store, kind: .leaves, tier: .hot, id: .make())
        try writer.append(hasty)
        let pack = try writer.finish().seal()
        let result = try await PackStore(tiers: [.hot: store]).verify(pack.id, tier: .hot)
        #expect(result.damage.isEmpty)
        #expect(try PackReader(pack.id, in: store).block(0) == blocks[0])
    }

    @Test(arguments: [
        ("none", Compression.none), ("auto", .auto), ("zstd", .zstd(level: 3)),
        ("zstd:1", .zstd(level: 1)), ("zstd:19", .zstd(level: 19)),
    ])
    func `a compression is read from its name`(_ text: String, _ compression: Compression) {
        #expect(Compression(text) == compression)
        #expect(Compression(compression.description) == compression)
    }

    @Test(arguments: ["", "gzip", "zstd:", "zstd:0", "zstd:20", "zstd:-1", "zstd:1 ", "ZSTD"])
    func `what is no compression is refused`(_ text: String) {
        #expect(Compression(text) == nil)
    }

    @Test func `a pack has no name before it is sealed`() throws {
        let directory = try TemporaryDirectory()
        let store = try DirectoryObjectStore(path: directory.path)
        let id = PackID.make()
        var writer = try PackWriter(into: store, kind: .nodes, tier: .hot, id: id)
        try writer.append(
            try FrameBuilder.frame(of: [try rawBlock("one")], compression: .auto))
        let finished = try writer.finish()
        #expect(try directory.names == ["\(id).car.zst.part"])
        let pack = try finished.seal()
        #expect(try directory.names == ["\(id).car.zst"])
        #expect(pack.storedByteCount == Int64(try directory.read("\(id).car.zst").count))
        #expect(pack.byteCount == 3)
    }
}
