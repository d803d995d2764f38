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
        #expect(pack.cids == blocks.map(\.cid))
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
