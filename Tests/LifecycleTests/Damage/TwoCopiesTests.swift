// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import IPLD
import Lifecycle
import Multiformats
import PackStore
import Repository
import TestSupport
import Testing

/// A pack that lies in two tiers and is damaged in both.
@Suite struct TwoCopiesTests {
    private static let tree = InputTree(
        .directory([
            ("a", InputTree(.file(.noise(seed: 1, count: 2_000_000)))), ("b", .text("b")),
        ]))

    /// A store without its source, whose leaves have a mirror; a bit is flipped in the middle of
    /// one frame of each copy, counted from the first or, if below 0, from the last.
    private func damaged(
        hot: Int, spare: Int
    ) async throws -> (store: DamagedStore, id: PackID, lost: [CID]) {
        let store = try await DamagedStore(Self.tree)
        try store.reset()
        try FileManager.default.removeItem(at: store.source)
        let config = store.url.appending(path: "config.yaml")
        var text = try String(contentsOf: config, encoding: .utf8)
        text += "tiers:\n  spare:\n    directory: \(spareFolder(store).path)\n"
        text += "    mirror-of: hot\n"
        try text.write(to: config, atomically: true, encoding: .utf8)
        let report = try await store.open().moveByRules()
        try #require(report.failures == [] && report.doneCount == 2)
        let file = try #require(
            try store.packs().max { try Self.size($0) < Self.size($1) })
        let id = try #require(PackID(file.lastPathComponent.prefix(36)))
        let copy = spareFolder(store).appending(path: file.lastPathComponent)
        for (file, number) in [(file, hot), (copy, spare)] {
            try store.damage(file) { bytes in
                guard let frames = try? PackRegion.dataFrames(of: bytes) else { return }  // told
                let frame = frames[number < 0 ? frames.count + number : number]
                bytes[(frame.lowerBound + frame.upperBound) / 2] ^= 1
            }
        }
        let repository = try await store.open()
        var bad: [Set<Int>] = []
        for tier in [PackTier.hot, .named("spare")] {
            let check = try await repository.packs.verify(id, tier: tier)
            try #require(!check.badOrdinals.isEmpty)
            bad.append(Set(check.badOrdinals))
        }
        let index = try await repository.packs.index(of: id, tier: .hot)
        try #require(bad[0].count < index.blocks.count)
        return (store, id, bad[0].intersection(bad[1]).sorted().map { index.blocks[$0].cid })
    }

    private static func size(_ file: URL) throws -> Int { try Data(contentsOf: file).count }

    private func spareFolder(_ store: DamagedStore) -> URL {
        store.directory.url.appending(path: "spare")
    }

    @Test func `bad in different frames, they are combined to one good pack`() async throws {
        let (store, id, lost) = try await damaged(hot: 0, spare: -1)
        try #require(lost.isEmpty)
        // Each read finds what it wants in one of them.
        let reader = try await store.open()
        #expect(try await store.expectNeverServed(reader, "two copies") == store.blocks.count)
        let (repository, _, outcome) = try await store.repair()
        #expect(outcome.losses.isEmpty && outcome.failures.isEmpty, "\(outcome)")
        #expect(outcome.rewrittenPackCount == 1)
        #expect(outcome.setAside.isEmpty)
        #expect(try await repository.catalog.pack(id) == nil)
        try await store.expectWhole(repository, "combined")
        try await expectMirrored(store)
    }

    @Test func `bad in the same frame, what is lost is named and all else is kept`() async throws {
        let (store, _, lost) = try await damaged(hot: 1, spare: 1)
        try #require(!lost.isEmpty)
        let (repository, _, outcome) = try await store.repair()
        #expect(Set(outcome.losses.map(\.cid)) == Set(lost))
        #expect(outcome.losses.allSatisfy { $0.path == "source/a" }, "\(outcome.losses)")
        #expect(outcome.failures.isEmpty, "\(outcome.failures)")
        #expect(
            try await store.expectNeverServed(repository, "same frame")
                == store.blocks.count - lost.count)
        let report = try await Lifecycle.Verify(repository).run()
        #expect(Set(report.findings.compactMap(\.cid)) == Set(lost), "\(report.findings)")
        #expect(report.findings.allSatisfy { $0.kind == "lost-content" })
        // The damaged file is kept for whoever can do more with it.
        #expect(outcome.setAside.count == 1)
        try await expectMirrored(store)
    }

    /// The next move makes the mirror whole, and leaves nothing of what was there.
    private func expectMirrored(_ store: DamagedStore) async throws {
        let repository = try await store.open()
        #expect(try await repository.moveByRules().failures == [])
        #expect(try await TierCheck(repository).run().findings == [])
        let names = try FileManager.default.contentsOfDirectory(atPath: spareFolder(store).path)
            .filter { $0.hasSuffix(".car.zst") }
        let packs = try await repository.catalog.packs()
        #expect(Set(names) == Set(packs.map { "\($0.id).car.zst" }))
    }
}
