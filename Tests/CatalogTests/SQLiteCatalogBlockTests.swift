// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Testing

/// What a look-up answers; each layout comes from a size of the recent table: all blocks in runs,
/// some of them, none.
@Suite struct SQLiteCatalogBlockTests {
    @Test(arguments: [1, 50, 10_000])
    func `places come in the order asked, with missing and repeated keys`(
        _ recentLimit: Int
    ) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            try await catalog.commit(pack(1), blocks: blocks(0..<20))
            try await catalog.commit(pack(2), blocks: blocks(20..<90))
            let asked = [25, 3, 500, 25, 0, 89, 501, 19]
            let expected = [
                place(2, 5), place(1, 3), nil, place(2, 5), place(1, 0), place(2, 69), nil,
                place(1, 19),
            ]
            #expect(try await catalog.places(of: asked.map(multihash)) == expected)
            let held = try await catalog.contains(asked.map(multihash))
            #expect(held == expected.map { $0 != nil })
        }
    }

    @Test func `an empty catalog holds nothing, and no catalog holds an empty key`() async throws {
        try await withCatalog(recentLimit: 1) { catalog in
            let asked = [multihash(1), [], [7]]
            #expect(try await catalog.places(of: []).isEmpty)
            #expect(try await catalog.contains(asked) == [false, false, false])
            #expect(try await catalog.isEmpty())
            try await catalog.commit(pack(1), blocks: blocks(0..<1))
            #expect(try await catalog.contains(asked) == [false, false, false])
            #expect(try await catalog.isEmpty() == false)
        }
    }

    @Test(arguments: [1, 10_000])
    func `a pack committed twice is there once`(_ recentLimit: Int) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            for _ in 0..<2 {
                try await catalog.commit(pack(1, blockCount: 30), blocks: blocks(0..<30))
            }
            #expect(try await catalog.packs() == [pack(1, blockCount: 30)])
            #expect(try await catalog.totals().blockCount == 30)
        }
    }

    @Test(arguments: [1, 25, 45, 10_000])
    func `a block that is held already keeps its older place`(_ recentLimit: Int) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            try await catalog.commit(pack(1), blocks: blocks(0..<20))
            for number in 2..<20 {
                try await catalog.commit(pack(number), blocks: blocks(10..<30))
            }
            let expected = (0..<30).map { $0 < 20 ? place(1, $0) : place(2, $0 - 10) }
            #expect(try await catalog.places(of: (0..<30).map(multihash)) == expected)
        }
    }

    @Test(arguments: [1, 10_000])
    func `a block twice in one pack lies at the lower ordinal`(_ recentLimit: Int) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            try await catalog.commit(pack(1), blocks: blocks([4, 5, 4, 5]))
            let places = try await catalog.places(of: [multihash(4), multihash(5)])
            #expect(places == [place(1, 0), place(1, 1)])
        }
    }

    @Test(arguments: [1, 10_000])
    func `multihashes of any length live side by side`(_ recentLimit: Int) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            let keys = (1...NewBlock.maximumMultihashByteCount).map {
                [UInt8](repeating: 0xff, count: $0)
            }
            let new = keys.enumerated().map {
                NewBlock(multihash: $0.element, ordinal: UInt32($0.offset))
            }
            try await catalog.commit(pack(1), blocks: new)
            let others = keys.map { Array($0.dropLast() + [0]) }
            let expected = keys.indices.map { place(1, $0) } + others.map { _ in nil }
            #expect(try await catalog.places(of: keys + others) == expected)
        }
    }

    @Test(arguments: [
        NewBlock(multihash: [], ordinal: 0),
        NewBlock(multihash: [UInt8](repeating: 1, count: 256), ordinal: 0),
        NewBlock(multihash: [1], ordinal: BlockPlace.ordinalLimit),
    ])
    func `a block outside the limits is refused, and its pack with it`(
        _ block: NewBlock
    ) async throws {
        try await withCatalog { catalog in
            let error = await #expect(throws: CatalogError.self) {
                try await catalog.commit(pack(1), blocks: blocks(0..<3) + [block])
            }
            #expect(error?.code == .invalid)
            let isEmpty = try await catalog.isEmpty()
            #expect(isEmpty)
        }
    }

    @Test func `the highest ordinal comes back`() async throws {
        try await withCatalog(recentLimit: 1) { catalog in
            let last = BlockPlace.ordinalLimit - 1
            try await catalog.commit(
                pack(1), blocks: [NewBlock(multihash: multihash(1), ordinal: last)])
            #expect(try await catalog.places(of: [multihash(1)]) == [place(1, Int(last))])
        }
    }
}
