// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Lifecycle
import Repository
import TestSupport
import Testing

/// A catalog that is damaged, lost, or wrong: never believed against the packs.
@Suite struct CatalogDamageTests {
    /// Verifies, then repairs, and expects all to be whole; returns the kinds of faults found.
    private func expectRepaired(
        _ store: DamagedStore, _ what: String
    ) async throws -> Set<String> {
        var kinds: Set<String> = []
        do {
            let repository = try await store.open()
            _ = try await store.expectNeverServed(repository, what)
            kinds = Set(try await Verify(repository).run().findings.map(\.kind))
        } catch let error as CatalogError {
            #expect(error.code == .corrupt, "\(what): \(error)")
            #expect(error.message.contains("cairn"), "\(what): \(error)")
            kinds = ["corrupt"]
        }
        let (repository, _, outcome) = try await store.repair()
        #expect(outcome.losses.isEmpty && outcome.failures.isEmpty, "\(what): \(outcome)")
        try await store.expectWhole(repository, what)
        return kinds
    }

    @Test func `a flip anywhere in the catalog is found or does no harm`() async throws {
        let seed = SeededGenerator.runSeed
        print("catalog damage: seed \(seed) (CAIRN_SEED)")
        var generator = SeededGenerator(seed: seed)
        let store = try await DamagedStore()
        var found = 0
        let trials = 60
        for trial in 0..<trials {
            try store.reset()
            var what = ""
            try store.damage(store.url.appending(path: "catalog.sqlite")) { bytes in
                // Every other one in the header page.
                let limit = trial % 6 == 0 ? 100 : bytes.count
                let offset = Int.random(in: 0..<limit, using: &generator)
                bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                what = "bit flipped at \(offset) of \(bytes.count), trial \(trial)"
            }
            if !(try await expectRepaired(store, what)).isEmpty { found += 1 }
        }
        // Most of a small catalog is free space, where a flip changes nothing.
        print("catalog damage: \(found) of \(trials) flips were faults")
        #expect(found > 0)
    }

    @Test(arguments: [0, 1, 100, 4096, 20_000])
    func `a catalog cut short is made anew`(_ length: Int) async throws {
        let store = try await DamagedStore()
        try store.reset()
        try store.damage(store.url.appending(path: "catalog.sqlite")) {
            $0.removeSubrange(min(length, $0.count)...)
        }
        _ = try await expectRepaired(store, "cut to \(length)")
    }

    @Test func `a missing catalog is made anew`() async throws {
        let store = try await DamagedStore()
        try store.reset()
        try FileManager.default.removeItem(at: store.url.appending(path: "catalog.sqlite"))
        #expect(try await CatalogFault.find(at: store.url.path)?.reason == "it is missing")
        let (repository, _, _) = try await store.repair()
        try await store.expectWhole(repository, "no catalog")
    }

    @Test func `another file in its place is made anew, and kept`() async throws {
        let store = try await DamagedStore()
        try store.reset()
        let file = store.url.appending(path: "catalog.sqlite")
        try Data("this is no catalog, but it is long enough to be looked at".utf8).write(to: file)
        let (repository, _, _) = try await store.repair()
        try await store.expectWhole(repository, "another file")
        let kept = try Data(contentsOf: file.appendingPathExtension("damaged"))
        #expect(kept.starts(with: Data("this is no catalog".utf8)))
    }

    @Test func `a write-ahead log of noise does no harm`() async throws {
        let store = try await DamagedStore()
        var generator = SeededGenerator(seed: 5)
        for byteCount in [1, 32, 5000, 60_000] {
            try store.reset()
            let noise = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
            try Data(noise).write(to: store.url.appending(path: "catalog.sqlite-wal"))
            _ = try await expectRepaired(store, "log of \(byteCount) bytes of noise")
        }
    }

    @Test func `rows that say what the packs do not are found and filled anew`() async throws {
        let store = try await DamagedStore()
        let changes = [
            "UPDATE blocks_recent SET place = place + 1 WHERE multihash = (SELECT multihash FROM blocks_recent LIMIT 1)",
            "DELETE FROM blocks_recent WHERE multihash = (SELECT multihash FROM blocks_recent LIMIT 1)",
            "UPDATE packs SET block_count = block_count + 1",
            "UPDATE packs SET byte_count = byte_count - 1",
            "UPDATE packs SET kind = 'leaves'",
            "UPDATE snapshots SET files = files + 1",
            "UPDATE snapshot_items SET cid = x'00' WHERE kind = 'root'",
            "UPDATE snapshots SET record_cid = x'0102'",
            "UPDATE snapshots SET record_cid = x'01711220\(String(repeating: "5a", count: 32))'",
            "DELETE FROM packs WHERE number = 1",
        ]
        for change in changes {
            try store.reset()
            let sqlite = try Command.named("sqlite3")
            let path = store.url.appending(path: "catalog.sqlite").path
            let outcome = try await sqlite.run([path, change])
            try #require(outcome.status == 0, "\(outcome.errors)")
            let kinds = try await expectRepaired(store, change)
            // A pack without a row is taken in by every verification.
            #expect(!kinds.isEmpty || change.hasPrefix("DELETE FROM packs"), "\(change)")
        }
    }
}
