// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Testing

@Suite struct SQLiteCatalogMergeTests {
    @Test(arguments: [1, 7, 40])
    func `look-ups are right after each of many commits, while merges are under way`(
        _ recentLimit: Int
    ) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            var generator = SplitMix64(seed: UInt64(recentLimit))
            // The first pack that brought a block.
            var model: [Int: BlockPlace] = [:]
            for step in 0..<120 {
                let drawn = (0..<Int.random(in: 1...200, using: &generator)).map { _ in
                    Int.random(in: 0..<3_000, using: &generator)
                }
                let numbers = Set(drawn).sorted()
                try await catalog.commit(pack(step), blocks: blocks(numbers))
                for (ordinal, number) in numbers.enumerated() where model[number] == nil {
                    model[number] = place(step, ordinal)
                }
                guard step % 8 == 0 else { continue }
                let asked = (0..<3_000).shuffled(using: &generator)
                let places = try await catalog.places(of: asked.map(multihash))
                #expect(places == asked.map { model[$0] }, "seed \(recentLimit), commit \(step)")
            }
        }
    }

    @Test(arguments: [1, 7, 10_000])
    func `the blocks of a forgotten pack are absent and can be committed again`(
        _ recentLimit: Int
    ) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            for number in 0..<30 {
                try await catalog.commit(
                    pack(number), blocks: blocks(number * 10..<number * 10 + 10))
            }
            try await catalog.forget(packs: [pack(3).id, pack(29).id, pack(77).id])
            let held = try await catalog.contains((0..<300).map(multihash))
            #expect(held == (0..<300).map { $0 / 10 != 3 && $0 / 10 != 29 })
            // The same id again, and a new one that brings more blocks; both push merges on.
            try await catalog.commit(pack(3), blocks: blocks(30..<40))
            try await catalog.commit(pack(100), blocks: blocks(290..<400))
            let expected = (0..<400).map {
                $0 < 290 ? place($0 / 10, $0 % 10) : place(100, $0 - 290)
            }
            #expect(try await catalog.places(of: (0..<400).map(multihash)) == expected)
        }
    }

    @Test(arguments: [1, 7, 10_000])
    func `a pack that replaces others takes their blocks over`(_ recentLimit: Int) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            for number in 0..<20 {
                try await catalog.commit(
                    pack(number), blocks: blocks(number * 10..<number * 10 + 10))
            }
            try await catalog.commit(
                pack(50), blocks: blocks((0..<200).reversed()),
                replacing: (0..<20).map { pack($0).id }, reusing: [])
            // Enough for several merges to drop what the replaced packs left.
            for number in 60..<90 {
                try await catalog.commit(
                    pack(number), blocks: blocks(number * 10..<number * 10 + 10))
            }
            let places = try await catalog.places(of: (0..<200).map(multihash))
            #expect(places == (0..<200).map { place(50, 199 - $0) })
            #expect(try await catalog.packs().count == 31)
        }
    }

    @Test func `two hundred thousand blocks take at most 64 bytes each`() async throws {
        try await withCatalog(recentLimit: SQLiteCatalogOptions().recentLimit) { catalog in
            let count = 200_000
            for start in stride(from: 0, to: count, by: 5_000) {
                try await catalog.commit(
                    pack(start, blockCount: 5_000), blocks: blocks(start..<start + 5_000))
            }
            let totals = try await catalog.totals()
            #expect(totals.blockCount == count)
            #expect(totals.catalogByteCount <= Int64(count) * 64)
            let asked = Array(stride(from: 0, to: count + 1_000, by: 37))
            let held = try await catalog.contains(asked.map(multihash))
            #expect(held == asked.map { $0 < count })
        }
    }
}
