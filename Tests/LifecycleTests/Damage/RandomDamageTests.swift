// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Lifecycle
import Repository
import TestSupport
import Testing

/// Damage as it may come, from a printed seed.
@Suite struct RandomDamageTests {
    /// What is done to the files of a repository.
    private enum Damage: CaseIterable {
        case flip, flips, zeroes, noise, cut, remove, swap, catalog
    }

    private static let trials =
        ProcessInfo.processInfo.environment["CAIRN_FULL"] == nil ? 25 : 100

    @Test(arguments: 0..<3)
    func `no damage to packs and catalog is ever served, and all of it heals`(
        _ part: UInt64
    ) async throws {
        let seed = SeededGenerator.runSeed &+ part
        print("random damage: seed \(SeededGenerator.runSeed) (CAIRN_SEED), part \(part)")
        var generator = SeededGenerator(seed: seed)
        let store = try await DamagedStore(preserving: part == 2)
        for trial in 0..<Self.trials {
            try store.reset()
            var done: [String] = []
            // Packs or catalog: what both have lost at once nobody can tell any more.
            if Int.random(in: 0..<6, using: &generator) == 0 {
                done.append(try Self.damage(store, .catalog, &generator))
            } else {
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let kind = Damage.allCases.dropLast().randomElement(using: &generator)
                    done.append(try Self.damage(store, kind ?? .flip, &generator))
                }
            }
            let what = "part \(part), trial \(trial): \(done)"
            do {
                let repository = try await store.open()
                _ = try await store.expectNeverServed(repository, what)
            } catch let error as CatalogError {
                #expect(error.code == .corrupt, "\(what): \(error)")
            }
            let (repository, _, outcome) = try await store.repair()
            #expect(outcome.losses.isEmpty, "\(what): \(outcome.losses)")
            #expect(outcome.failures.isEmpty, "\(what): \(outcome.failures)")
            try await store.expectWhole(repository, what)
        }
    }

    private static func damage(
        _ store: DamagedStore, _ kind: Damage, _ generator: inout SeededGenerator
    ) throws -> String {
        let packs = try store.packs()
        let catalog = store.url.appending(path: "catalog.sqlite")
        guard let pack = kind == .catalog ? catalog : packs.randomElement(using: &generator) else {
            return "nothing is left"
        }
        if kind == .remove {
            try FileManager.default.removeItem(at: pack)
            return "removed \(pack.lastPathComponent)"
        }
        if kind == .swap, packs.count > 1 {
            let other = packs[0].appendingPathExtension("other")
            try FileManager.default.moveItem(at: packs[0], to: other)
            try FileManager.default.moveItem(at: packs[1], to: packs[0])
            try FileManager.default.moveItem(at: other, to: packs[1])
            return "swapped"
        }
        var what = ""
        try store.damage(pack) { bytes in
            guard !bytes.isEmpty else { return }
            let offset = Int.random(in: bytes.indices, using: &generator)
            let count = min(Int.random(in: 1...8192, using: &generator), bytes.count - offset)
            switch kind {
            case .flip, .catalog, .swap, .remove:
                bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case .flips:
                for _ in 0..<20 {
                    let offset = Int.random(in: bytes.indices, using: &generator)
                    bytes[offset] ^= UInt8.random(in: 1...255, using: &generator)
                }
            case .zeroes: for index in offset..<offset + count { bytes[index] = 0 }
            case .noise:
                for index in offset..<offset + count {
                    bytes[index] = UInt8.random(in: 0...255, using: &generator)
                }
            case .cut: bytes.removeSubrange(offset...)
            }
            what = "\(kind) at \(offset), \(count) bytes, of \(pack.lastPathComponent)"
        }
        return what
    }
}
