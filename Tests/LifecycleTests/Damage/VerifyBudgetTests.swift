// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import Lifecycle
import Multiformats
import Repository
import TestSupport
import Testing

/// Verification in parts, and what it remembers between them.
@Suite struct VerifyBudgetTests {
    /// A store of five packs of one leaf each, beside those of the ingest.
    private func manyPacks() async throws -> (DamagedStore, Repository) {
        let store = try await DamagedStore()
        try store.reset()
        let repository = try await store.open()
        for number in 0..<5 {
            let bytes = InputContent.noise(seed: UInt64(100 + number), count: 20_000).bytes()
            try await repository.blocks.put([try rawBlock(bytes)])
        }
        return (store, repository)
    }

    @Test func `runs with a byte budget work their way through all packs, oldest check first`()
        async throws
    {
        let (store, repository) = try await manyPacks()
        defer { withExtendedLifetime(store) {} }
        let all = try await repository.catalog.packs()
        var seen: Set<PackID> = []
        var options = Verify.Options()
        options.budget = .bytes(45_000)
        for _ in 0..<all.count where seen.count < all.count {
            let before = try await repository.catalog.packs()
            let report = try await Verify(repository, options: options).run()
            #expect(report.checkedPackCount >= 1)
            #expect(report.snapshotCount == 0)
            let after = try await repository.catalog.packs()
            let checked = zip(before, after).filter {
                $0.verifiedAtMilliseconds != $1.verifiedAtMilliseconds
            }.map(\.1.id)
            // Those checked once are not checked again while others were never.
            #expect(seen.isDisjoint(with: checked), "\(checked)")
            seen.formUnion(checked)
            #expect(report.coverage.uncheckedPackCount == all.count - seen.count)
        }
        #expect(seen == Set(all.map(\.id)))
    }

    @Test func `a budget smaller than a pack still takes one`() async throws {
        let (store, repository) = try await manyPacks()
        defer { withExtendedLifetime(store) {} }
        var options = Verify.Options()
        options.budget = .bytes(1)
        let report = try await Verify(repository, options: options).run()
        #expect(report.packCount == 1 && report.checkedPackCount == 1)
    }

    @Test func `when no time is left nothing is marked as checked`() async throws {
        let (store, repository) = try await manyPacks()
        defer { withExtendedLifetime(store) {} }
        var options = Verify.Options()
        options.budget = .time(.zero)
        let report = try await Verify(repository, options: options).run()
        #expect(report.checkedPackCount == 0 && report.findings.isEmpty)
        #expect(report.packCount == 7)
        let packs = try await repository.catalog.packs()
        #expect(packs.allSatisfy { $0.verifiedAtMilliseconds == nil })
        #expect(report.coverage.uncheckedPackCount == 7)
    }

    @Test func `only the tiers that are named are read`() async throws {
        let (store, repository) = try await manyPacks()
        defer { withExtendedLifetime(store) {} }
        try await repository.blocks.put([try rawBlock([1, 2, 3])], into: .cache)
        var options = Verify.Options()
        options.tiers = [.cache]
        #expect(try await Verify(repository, options: options).run().checkedPackCount == 1)
        options.tiers = [.hot]
        #expect(try await Verify(repository, options: options).run().checkedPackCount == 7)
    }

    @Test func `a damaged pack is not marked as checked, and what heals leaves quarantine`()
        async throws
    {
        let store = try await DamagedStore()
        try store.reset()
        let file = try store.packs()[0]
        let sound = try Data(contentsOf: file)
        try store.damage(file) { bytes in
            guard let range = try? PackRegion.frameData.range(in: bytes) else { return }  // told
            bytes[range.lowerBound + 10] ^= 1
        }
        let repository = try await store.open()
        let report = try await Verify(repository).run()
        #expect(report.quarantinedBlockCount > 0)
        #expect(report.coverage.uncheckedPackCount == 1)
        // The disk has come to its senses.
        try FileManager.default.removeItem(at: file)
        try sound.write(to: file)
        try await store.expectWhole(try await store.open(), "put back")
    }

    @Test func `a missing pack that is put back leaves quarantine`() async throws {
        let store = try await DamagedStore()
        try store.reset()
        let file = try store.packs()[0]
        let aside = store.url.appending(path: "aside")
        try FileManager.default.moveItem(at: file, to: aside)
        let report = try await Verify(try await store.open()).run()
        #expect(report.findings.contains { $0.kind == "missing-pack" })
        #expect(report.findings.contains { $0.kind == "lost-content" })
        #expect(report.quarantinedBlockCount > 0)
        try FileManager.default.moveItem(at: aside, to: file)
        try await store.expectWhole(try await store.open(), "put back")
    }
}
