// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Foundation
import GRDB
import Testing

/// What is remembered of a file's filters must agree with what any process does to the file.
@Suite struct SQLiteCatalogFilterTests {
    @Test(arguments: [1, 30, 400], [0, 5_000, 40 << 20])
    func `two catalogs on one file answer as a model does after each of many random changes`(
        _ recentLimit: Int, _ filterByteCount: Int
    ) async throws {
        try await withCatalogPath { path in
            var options = options(recentLimit)
            options.filterByteCount = filterByteCount
            let catalogs = [
                try await SQLiteCatalog.open(at: path, options: options),
                try await SQLiteCatalog.open(at: path, options: options),
            ]
            let seed = UInt64(recentLimit + filterByteCount)
            var generator = SplitMix64(seed: seed)
            var model = BlockModel()
            for step in 0..<150 {
                let catalog = catalogs[Int.random(in: 0..<2, using: &generator)]
                if step % 10 == 9 {
                    let packs = model.living.sorted().shuffled(using: &generator).prefix(3)
                    try await catalog.forget(packs: packs.map { pack($0).id })
                    for number in packs { model.forget(number) }
                } else {
                    let numbers = Set(
                        (0..<Int.random(in: 1...300, using: &generator)).map { _ in
                            Int.random(in: 0..<9_000, using: &generator)
                        }
                    ).sorted()
                    try await catalog.commit(pack(step), blocks: blocks(numbers))
                    model.commit(step, numbers)
                }
                // Few keys, and more than are tested from memory alone.
                let count = step % 15 == 0 ? 3_000 : 40
                let asked = (0..<count).map { _ in Int.random(in: 0..<10_000, using: &generator) }
                for catalog in catalogs {
                    let places = try await catalog.places(of: asked.map(multihash))
                    let wrong = zip(asked, places).filter { !model.allows($1, for: $0) }
                    #expect(wrong.isEmpty, "seed \(seed), step \(step)")
                    #expect(catalog.filterByteCountInMemory <= filterByteCount)
                }
            }
            for catalog in catalogs { try await catalog.close() }
        }
    }

    @Test func `what one process commits, removes or rebuilds, another sees at its next look-up`()
        async throws
    {
        try await withCatalogPath { path in
            let left = try await SQLiteCatalog.open(at: path, options: options(50))
            let right = try await SQLiteCatalog.open(at: path, options: options(50))
            let asked = [multihash(3), multihash(103), multihash(1_003)]
            #expect(try await right.contains(asked) == [false, false, false])
            try await left.commit(pack(1), blocks: blocks(0..<10))
            #expect(try await right.contains(asked) == [true, false, false])
            try await left.commit(pack(2), blocks: blocks(100..<200))
            #expect(try await right.contains(asked) == [true, true, false])
            try await right.commit(pack(3), blocks: blocks(1_000..<1_010))
            #expect(try await left.contains(asked) == [true, true, true])
            try await left.forget(packs: [pack(1).id])
            #expect(try await right.contains(asked) == [false, true, true])
            try await left.beginRebuild()
            #expect(try await right.contains(asked) == [false, false, false])
            try await left.close()
            try await right.close()
        }
    }

    @Test func `runs that the first release wrote are found, and merged with newer ones`()
        async throws
    {
        try await withCatalogPath { path in
            let first = try await SQLiteCatalog.open(at: path, options: options(20))
            // Enough for a merge to be under way.
            for number in 0..<75 {
                try await first.commit(
                    pack(number), blocks: blocks(number * 40..<number * 40 + 40))
            }
            try await first.close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write { db in
                try db.execute(
                    sql: """
                        DROP TABLE filters;
                        ALTER TABLE runs DROP COLUMN has_filters;
                        DELETE FROM state WHERE name = 'block_version';
                        DELETE FROM grdb_migrations WHERE identifier = 'filters';
                        """)
            }
            try queue.close()
            let second = try await SQLiteCatalog.open(at: path, options: options(20))
            for number in 75..<200 {
                if number % 5 == 0 {
                    let asked = (0..<number * 40 + 100).filter { $0 % 7 == number % 7 }
                    let held = try await second.contains(asked.map(multihash))
                    #expect(held == asked.map { $0 < number * 40 })
                }
                try await second.commit(
                    pack(number), blocks: blocks(number * 40..<number * 40 + 40))
            }
            let places = try await second.places(of: (0..<8_000).map(multihash))
            #expect(places == (0..<8_000).map { place($0 / 40, $0 % 40) })
            #expect(second.filterByteCountInMemory > 0)
            try await second.close()
        }
    }

    @Test func `a damaged filter is reported with the way out`() async throws {
        try await withCatalogPath { path in
            let first = try await SQLiteCatalog.open(at: path, options: options(20))
            try await first.commit(pack(1), blocks: blocks(0..<100))
            try await first.close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write { db in try db.execute(sql: "UPDATE filters SET body = x'ff'") }
            try queue.close()
            let second = try await SQLiteCatalog.open(at: path, options: options(20))
            let error = await #expect(throws: CatalogError.self) {
                try await second.contains([multihash(7)])
            }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("cairn reindex") == true)
            try await second.close()
        }
    }
}

/// What a catalog may answer after commits and removals of packs.
private struct BlockModel {
    private(set) var living: Set<Int> = []
    /// All places of a block whose packs live, oldest first.
    private var places: [Int: [(pack: Int, ordinal: Int)]] = [:]
    /// Blocks that lost their oldest place while they had others: these may or may not be found.
    private var isUncertain: Set<Int> = []

    mutating func commit(_ pack: Int, _ blocks: [Int]) {
        living.insert(pack)
        for (ordinal, block) in blocks.enumerated() {
            places[block, default: []].append((pack, ordinal))
        }
    }

    mutating func forget(_ pack: Int) {
        living.remove(pack)
        for block in Array(places.keys) {
            guard let held = places[block], held.contains(where: { $0.pack == pack }) else {
                continue
            }
            let rest = held.filter { $0.pack != pack }
            if rest.isEmpty {
                isUncertain.remove(block)
            } else if held[0].pack == pack {
                isUncertain.insert(block)
            }
            places[block] = rest.isEmpty ? nil : rest
        }
    }

    func allows(_ answer: BlockPlace?, for block: Int) -> Bool {
        guard let held = places[block] else { return answer == nil }
        let allowed = held.map { place($0.pack, $0.ordinal) }
        guard isUncertain.contains(block) else { return answer == allowed[0] }
        return answer.map(allowed.contains) ?? true
    }
}
