// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Foundation
import IPLD
import Ingest
import Lifecycle
import Multiformats
import PackStore
import Repository
import TestSupport
import Testing

/// What a collection does to packs.
struct CollectionTests {
    private func leaves(_ prefix: String, _ count: Int) throws -> [Block] {
        try (0..<count).map {
            try CollectionScene.leaf("\(prefix) \($0) " + String(repeating: "x", count: 100))
        }
    }

    @Test func `a dry run tells what would go, and changes nothing`() async throws {
        let scene = try await CollectionScene()
        let (live, dead) = (try leaves("live", 3), try leaves("dead", 5))
        let mixed = try await scene.store(live + dead, kind: .leaves)
        let gone = try await scene.store(try leaves("gone", 4), kind: .leaves)
        try await scene.snapshot(live.map(\.cid))
        let before = try await scene.packs()
        let report = try await scene.collect {
            $0.isDryRun = true
            $0.repackBelow = 0.5
        }
        let actions = Dictionary(uniqueKeysWithValues: report.plan.packs.map { ($0.pack.id, $0) })
        #expect(actions.count == 2)
        #expect(actions[mixed]?.action == .rewrite)
        #expect(actions[mixed]?.deadBlockCount == 5)
        #expect(actions[mixed]?.liveByteCount == Int64(live.reduce(0) { $0 + $1.bytes.count }))
        #expect(actions[gone]?.action == .delete)
        #expect(try await scene.packs() == before)
        #expect(try await scene.repository.blocks.contains(dead.map(\.cid)).allSatisfy { $0 })
        #expect(try await scene.repository.catalog.condemned().isEmpty)
    }

    @Test func `packs above the share that is asked for stay whole`() async throws {
        let scene = try await CollectionScene()
        let (live, dead) = (try leaves("live", 6), try leaves("dead", 2))
        let pack = try await scene.store(live + dead, kind: .leaves)
        try await scene.snapshot(live.map(\.cid))
        let report = try await scene.collect { $0.repackBelow = 0.5 }
        #expect(report.left.map(\.reason) == [.threshold])
        #expect(report.left.map(\.blocks) == [2])
        #expect(try await scene.packs().contains(pack))
        // They count as present again, as nothing is condemned between collections.
        #expect(try await scene.repository.blocks.contains(dead[0].cid))
        #expect(try await scene.repository.catalog.condemned().isEmpty)
    }

    @Test func `rewriting stops at the limit, and begins where least lives`() async throws {
        let scene = try await CollectionScene()
        var kept: [Block] = []
        var packs: [PackID] = []
        for share in [4, 1, 3] {
            let blocks = try leaves("share \(share)", 12)
            packs.append(try await scene.store(blocks, kind: .leaves))
            kept += blocks.prefix(share)
        }
        try await scene.snapshot(kept.map(\.cid))
        let dry = try await scene.collect { $0.isDryRun = true }
        let needed = try #require(dry.plan.packs.first { $0.pack.id == packs[1] })
        let report = try await scene.collect { $0.repackByteLimit = needed.liveStoredByteCount }
        #expect(report.rewrittenPackCount == 1)
        #expect(report.left.map(\.reason) == [.limit])
        #expect(report.left.map(\.packs) == [2])
        let left = try await scene.packs()
        #expect(left.contains(packs[0]) && !left.contains(packs[1]) && left.contains(packs[2]))
        try await scene.expectSound()
    }

    @Test func `rewriting stops when enough is freed`() async throws {
        let scene = try await CollectionScene()
        let (one, other) = (try leaves("one", 12), try leaves("other", 12))
        try await scene.store(one, kind: .leaves)
        try await scene.store(other, kind: .leaves)
        try await scene.store(try leaves("gone", 3), kind: .leaves)
        try await scene.snapshot([one[0].cid, other[0].cid, other[1].cid])
        let nothing = try await scene.collect { $0.freeTarget = 1 }
        #expect(nothing.deletedPackCount == 1)
        #expect(nothing.rewrittenPackCount == 0)
        #expect(nothing.left.map(\.reason) == [.enough])
        let some = try await scene.collect { $0.freeTarget = 1 }
        #expect(some.rewrittenPackCount == 1)
    }

    @Test func `the record of a snapshot keeps its flag when its pack is rewritten`() async throws {
        let scene = try await CollectionScene()
        let root = try CollectionScene.leaf("root")
        try await scene.store([root], kind: .leaves)
        let (doomed, doomedBlock) = try CollectionScene.snapshot(of: [root.cid])
        let (kept, keptBlock) = try CollectionScene.snapshot(of: [root.cid])
        try await scene.store(
            [doomedBlock, keptBlock], kind: .nodes, flags: .snapshotRecord, perFrame: 2)
        try await scene.repository.catalog.add(doomed)
        try await scene.repository.catalog.add(kept)
        _ = try await scene.repository.catalog.removeSnapshot(doomed.id)
        let report = try await scene.collect()
        #expect(report.rewrittenPackCount == 1)
        let again = try await Reindex(scene.repository).run()
        #expect(again.snapshotCount == 1)
        #expect(try await scene.repository.catalog.snapshots(limit: nil).map(\.id) == [kept.id])
    }

    @Test func `a damaged pack is left alone and told, the others of its group are rewritten`()
        async throws
    {
        let scene = try await CollectionScene()
        let (sound, damaged) = (try leaves("sound", 12), try leaves("damaged", 12))
        let pack = try await scene.store(damaged, kind: .leaves, perFrame: 12)
        try await scene.store(sound, kind: .leaves)
        try await scene.snapshot([sound[0].cid, damaged[0].cid])
        let path = scene.repository.path + "/packs/hot/\(pack).car.zst"
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        bytes[100] ^= 0xff
        try Data(bytes).write(to: URL(filePath: path))
        let report = try await scene.collect()
        #expect(report.damage.count == 1)
        #expect(report.left.map(\.reason) == [.damaged])
        #expect(report.rewrittenPackCount == 1)
        #expect(try await scene.packs().contains(pack))
        #expect(try await scene.repository.blocks.block(sound[0].cid) == sound[0])
    }

    @Test func `unchanged files are not read again after a collection that keeps their snapshot`()
        async throws
    {
        let scene = try await CollectionScene()
        let source = try scene.write(.random(seed: 3), as: "source")
        let other = try scene.write(.random(seed: 4), as: "other")
        let rest: (inout IngestOptions) -> Void = { $0.clock = CollectionScene.tomorrow }
        let gone = try await scene.ingest(other, change: rest)
        _ = try await scene.ingest(source, change: rest)
        let snapshot = try #require(gone.snapshot)
        _ = try await scene.repository.catalog.removeSnapshot(snapshot.id)
        let report = try await scene.collect()
        #expect(report.freedBlockCount > 0)
        let second = try await scene.ingest(source, change: rest)
        #expect(second.counts.files > 0)
        #expect(second.counts.unchangedFiles == second.counts.files)
        #expect(second.counts.newBlocks == 0)
        // The source whose snapshot is gone is read and stored again.
        let third = try await scene.ingest(other, change: rest)
        #expect(third.counts.unchangedFiles == 0)
        _ = try await scene.reachable(try #require(third.roots.first).cid)
        try await scene.expectSound()
    }
}

extension CollectionScene {
    /// A clock by which all files have been at rest for long.
    @Sendable static func tomorrow() -> FileStatus.Time {
        FileStatus.Time(seconds: WallClock.now.seconds + 86_400, nanoseconds: 0)
    }
}
