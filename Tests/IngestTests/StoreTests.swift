// SPDX-License-Identifier: Apache-2.0

import Catalog
import FileIO
import Foundation
import IPLD
import Ingest
import Multiformats
import PackStore
import Repository
import TestSupport
import Testing
import UnixFS

/// What a run leaves in the repository.
struct StoreTests {
    private var scene: Scene

    init() throws { scene = try Scene() }

    @Test func `a second run of the same tree brings nothing new`() async throws {
        try scene.write(.random(seed: 5))
        let first = try await scene.ingest()
        let second = try await scene.ingest()
        #expect(first.counts.newBlocks > 0)
        #expect(second.roots == first.roots)
        #expect(second.counts.newBlocks == 0)
        #expect(second.counts.newBytes == 0)
        #expect(second.snapshot?.parentID == first.snapshot?.id)
    }

    @Test func `what repeats within a run is stored once`() async throws {
        let file = InputTree(.file(.noise(seed: 1, count: 3_000_000)))
        let tree = InputTree(.directory((0..<6).map { ("copy\($0)", file) }))
        try scene.write(tree)
        let result = try await scene.ingest()
        var distinct: Set<CID> = []
        var options = DAGCase.Options()
        options.cidVersion = 1
        options.rawLeaves = true
        options.chunker = "size-1048576"
        options.maxLinks = 1024
        options.estimator = "block"
        let expected = try TreeImporter(options) { distinct.insert($0.cid) }.importRoot(tree)
        #expect(result.roots.map(\.cid) == [expected.cid])
        #expect(result.counts.newBlocks == distinct.count)
    }

    @Test func `every block below the root can be read, and no other claims it`() async throws {
        let tree = InputTree.random(seed: 77)
        try scene.write(tree)
        let result = try await scene.ingest(profile: .v0_2015)
        var blocks: [CID: [UInt8]] = [:]
        _ = try TreeImporter(DAGCase.Options()) { blocks[$0.cid] = $0.bytes }.importRoot(tree)
        let stored = try await scene.repository().blocks
        for (cid, bytes) in blocks { #expect(try await stored.block(cid).bytes == bytes) }
        #expect(result.counts.newBlocks == blocks.count)
    }

    @Test func `the snapshot in the catalog is the one in the packs`() async throws {
        try scene.write(.random(seed: 3))
        var tagged = scene
        tagged.change = { $0.tags = ["nightly", "ümlaut"] }
        let result = try await tagged.ingest()
        let snapshot = try #require(result.snapshot)
        let repository = try await scene.repository()
        #expect(try await repository.catalog.snapshots(limit: nil) == [snapshot])
        let block = try await repository.blocks.block(try CID(snapshot.recordCID))
        #expect(SnapshotBlock.decode(block) == snapshot)
        #expect(snapshot.tags == ["nightly", "ümlaut"])
        #expect(snapshot.roots.map(\.cid) == result.roots.map(\.cid.bytes))
        #expect(snapshot.counts.newBlocks == Int64(result.counts.newBlocks))
        #expect(snapshot.counts.files == Int64(result.counts.files))
    }

    @Test func `a dry run says what would be new and writes nothing`() async throws {
        try scene.write(.random(seed: 8))
        let repository = try await scene.repository()
        let dry = try await scene.run(.dryRun).run([.path(scene.path("source").path)])
        #expect(try await repository.catalog.totals().blockCount == 0)
        #expect(try await repository.catalog.snapshots(limit: nil).isEmpty)
        let real = try await scene.ingest()
        #expect(dry.counts.newBlocks == real.counts.newBlocks)
        #expect(dry.counts.newBytes == real.counts.newBytes)
        let again = try await scene.run(.dryRun).run([.path(scene.path("source").path)])
        #expect(again.counts.newBlocks == 0)
    }

    @Test func `a directory that spills to disk has the same root`() async throws {
        let tree = InputTree.numbered(
            name: "a file with a name of some length %d", text: "%d", first: 1, count: 3000)
        try scene.write(tree)
        let expected = try await scene.hash()
        var spilling = scene
        spilling.change = { $0.directoryByteLimit = 20_000 }
        #expect(try await spilling.hash() == expected)
        #expect(try await spilling.ingest().roots.map(\.cid) == [expected])
        // The temporary file has no name, so nothing is left of it.
        let names = try FileManager.default.contentsOfDirectory(atPath: scene.directory.url.path)
        #expect(names.sorted() == ["repository", "source"])
    }

    @Test(.timeLimit(.minutes(15)))
    func `a cancelled run ends at once, and the next one finishes its work`() async throws {
        let tree = InputTree(
            .directory(
                (0..<30).map {
                    ("\($0)", InputTree(.file(.noise(seed: UInt64($0), count: 1_500_000))))
                }))
        try scene.write(tree)
        let expected = try await scene.hash()
        // A terabyte of zeros: who does not heed being cancelled runs into the time limit.
        let endless = scene.path("endless").path
        try File(endless, .create).truncate(to: 1 << 40)
        for milliseconds in [0, 1, 5, 20, 60, 150] {
            let run = try await scene.run(.store)
            let path = scene.path("source").path
            // Unstructured: cancelled and awaited below.
            let task = Task { try await run.run([.path(path), .path(endless)]) }
            try await Task.sleep(for: .milliseconds(milliseconds))
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
        try FileManager.default.removeItem(atPath: endless)
        let result = try await scene.ingest()
        #expect(result.roots.map(\.cid) == [expected])
        let file = try await UnixFSReader(source: try await scene.repository().blocks)
            .resolve(expected, path: [Array("7".utf8)]).cid
        #expect(try await scene.read(file) == InputContent.noise(seed: 7, count: 1_500_000).bytes())
    }

    @Test func `the blocks of a repository keep the contract of a block store`() async throws {
        try await BlockStoreContract(try await scene.repository().blocks).check()
    }
}
