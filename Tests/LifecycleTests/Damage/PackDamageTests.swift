// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import Lifecycle
import Multiformats
import Repository
import TestSupport
import Testing

/// Damage of each kind: found, named, never served, and healed as far as its blocks are elsewhere.
@Suite struct PackDamageTests {
    @Test(arguments: PackRegion.allCases, [0, 1])
    func `a flip in any region of a pack is found and healed from the source`(
        _ region: PackRegion, _ pack: Int
    ) async throws {
        let store = try await DamagedStore()
        for part in 0..<3 {
            try store.reset()
            let file = try store.packs()[pack]
            let name = file.lastPathComponent.prefix(36)
            var what = ""
            try store.damage(file) { bytes in
                guard let range = try? region.range(in: bytes) else { return }  // told below
                let offset = range.lowerBound + part * (range.count - 1) / 2
                bytes[offset] ^= 1 << UInt8(offset % 8)
                what = "\(region) at \(offset) of \(bytes.count) in pack \(pack)"
            }
            try #require(!what.isEmpty)
            let repository = try await store.open()
            let report = try await Verify(repository).run()
            #expect(
                report.findings.contains { $0.pack.map { "\($0)" == name } ?? false },
                "\(what): \(report.findings)")
            _ = try await store.expectNeverServed(repository, what)
            let (repaired, plan, outcome) = try await store.repair()
            #expect(!plan.isEmpty, "\(what)")
            #expect(outcome.losses.isEmpty, "\(what): \(outcome.losses)")
            #expect(outcome.failures.isEmpty, "\(what): \(outcome.failures)")
            #expect(outcome.setAside.isEmpty, "\(what)")
            try await store.expectWhole(repaired, what)
        }
    }

    @Test(arguments: [0, 1])
    func `a truncated pack loses nothing that its source still has`(_ pack: Int) async throws {
        let store = try await DamagedStore()
        let byteCount = try {
            try store.reset()
            return try Data(contentsOf: store.packs()[pack]).count
        }()
        for length in [0, 1, 30, byteCount / 3, byteCount / 2, byteCount - 40, byteCount - 1] {
            try store.reset()
            try store.damage(try store.packs()[pack]) { $0.removeSubrange(length...) }
            let what = "pack \(pack) cut to \(length) of \(byteCount)"
            _ = try await store.expectNeverServed(try await store.open(), what)
            let (repository, _, outcome) = try await store.repair()
            #expect(outcome.losses.isEmpty && outcome.failures.isEmpty, "\(what): \(outcome)")
            try await store.expectWhole(repository, what)
        }
    }

    @Test(arguments: [0, 1])
    func `a missing pack is healed from the source and leaves the catalog`(
        _ pack: Int
    ) async throws {
        let store = try await DamagedStore()
        try store.reset()
        let file = try store.packs()[pack]
        try FileManager.default.removeItem(at: file)
        let (repository, plan, outcome) = try await store.repair()
        #expect(plan.report.findings.contains { $0.kind == "missing-pack" })
        #expect(outcome.losses.isEmpty && outcome.failures.isEmpty, "\(outcome)")
        #expect(outcome.forgottenPackCount == 1)
        #expect(outcome.healedFrom.source > 0)
        try await store.expectWhole(repository, "pack \(pack) missing")
    }

    @Test(arguments: [true, false])
    func `swapped packs are written anew, and nothing is lost`(
        _ areSound: Bool
    ) async throws {
        let store = try await DamagedStore()
        try store.reset()
        if areSound {
            try FileManager.default.removeItem(at: store.source)
        } else {
            try store.damage(try store.packs()[0]) { $0[$0.count / 2] ^= 1 }
        }
        let packs = try store.packs()
        let other = packs[0].appendingPathExtension("other")
        try FileManager.default.moveItem(at: packs[0], to: other)
        try FileManager.default.moveItem(at: packs[1], to: packs[0])
        try FileManager.default.moveItem(at: other, to: packs[1])
        _ = try await store.expectNeverServed(try await store.open(), "swapped")
        let (repository, _, outcome) = try await store.repair()
        #expect(outcome.losses.isEmpty && outcome.failures.isEmpty, "\(outcome)")
        #expect(outcome.rewrittenPackCount == 2)
        try await store.expectWhole(repository, "swapped")
    }

    @Test func `zeroed sectors cost what lies in them and no more`() async throws {
        let store = try await DamagedStore()
        for sector in 0..<8 {
            try store.reset()
            let file = try store.packs()[0]
            try store.damage(file) { bytes in
                let start = min(sector * 4096 * 4, bytes.count - 4096)
                for offset in start..<start + 4096 { bytes[offset] = 0 }
            }
            _ = try await store.expectNeverServed(try await store.open(), "sector \(sector)")
            let (repository, _, outcome) = try await store.repair()
            #expect(outcome.losses.isEmpty && outcome.failures.isEmpty, "\(sector): \(outcome)")
            try await store.expectWhole(repository, "sector \(sector)")
        }
    }

    @Test(arguments: [false, true])
    func `a source that has changed gives nothing, and what is lost is named by its path`(
        _ preserving: Bool
    ) async throws {
        let store = try await DamagedStore(preserving: preserving)
        try store.reset()
        // The same length, the same name; the second chunk is another.
        try store.damage(store.source.appending(path: "a")) { bytes in bytes[20_000] ^= 1 }
        try FileManager.default.removeItem(at: try store.packs()[0])
        let (repository, _, outcome) = try await store.repair()
        let lost = outcome.losses
        let paths = Set(lost.map(\.path))
        #expect(paths == ["source/a"], "\(lost)")
        if !preserving {
            #expect(lost.count == 1)
            #expect(lost.first?.offset == 16_384 && lost.first?.byteCount == 16_384)
        }
        #expect(lost.allSatisfy { $0.snapshotID == store.snapshotID })
        #expect(try await repository.catalog.lostBlockCounts()[store.snapshotID] == lost.count)
        let report = try await Verify(repository).run()
        #expect(report.findings.allSatisfy { $0.kind == "lost-content" }, "\(report.findings)")
        #expect(Set(report.findings.compactMap(\.cid)) == Set(lost.map(\.cid)))
    }

    @Test func `a snapshot that stays incomplete is forgotten if that is asked for`() async throws {
        let store = try await DamagedStore()
        try store.reset()
        try FileManager.default.removeItem(at: store.source)
        try FileManager.default.removeItem(at: try store.packs()[0])
        var options = Repair.Options()
        options.dropsIncomplete = true
        let (repository, _, outcome) = try await store.repair(options)
        #expect(outcome.droppedSnapshots == [store.snapshotID])
        #expect(outcome.losses.isEmpty)
        let report = try await Verify(repository).run()
        #expect(report.findings.isEmpty, "\(report.findings)")
    }

    @Test func `a damaged pack that a killed repair left goes when nothing is lost`() async throws {
        let store = try await DamagedStore()
        try store.reset()
        let aside = try store.packs()[0].appendingPathExtension("damaged")
        try Data(repeating: 1, count: 1_000).write(to: aside)
        let (repository, plan, outcome) = try await store.repair()
        #expect(plan.steps.map(\.kind) == ["remove-set-aside"])
        #expect(outcome.failures.isEmpty)
        #expect(!FileManager.default.fileExists(atPath: aside.path))
        #expect(try await Verify(repository).run().findings.isEmpty)
    }

    @Test func `what stays lost keeps the damaged pack until it is discarded`() async throws {
        let store = try await DamagedStore()
        try store.reset()
        try FileManager.default.removeItem(at: store.source)
        let file = try store.packs()[0]
        try store.damage(file) { bytes in
            guard let range = try? PackRegion.frameData.range(in: bytes) else { return }  // told
            bytes[range.lowerBound + 100] ^= 1
        }
        let damaged = try Data(contentsOf: file)
        let (_, _, outcome) = try await store.repair()
        #expect(!outcome.losses.isEmpty)
        let aside = file.appendingPathExtension("damaged")
        #expect(outcome.setAside == ["packs/hot/\(aside.lastPathComponent)"])
        #expect(try Data(contentsOf: aside) == damaged)
        #expect(!FileManager.default.fileExists(atPath: file.path))
        _ = try await store.repair()
        #expect(try Data(contentsOf: aside) == damaged)
        var options = Repair.Options()
        options.discardsSetAside = true
        _ = try await store.repair(options)
        #expect(!FileManager.default.fileExists(atPath: aside.path))
    }
}
