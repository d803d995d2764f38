// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Testing

/// What goes, and what does not, at the end of a collection.
@Suite struct SweepTests {
    @Test func `a swept pack is gone, its file is doomed, and it is not taken in again`()
        async throws
    {
        try await withCatalog { catalog in
            try await catalog.commit(1, 0..<5)
            try await catalog.commit(2, 5..<9)
            _ = try await catalog.condemn([all(1, of: 5)], liveCaches: [])
            let generation = try await catalog.rootGeneration()
            #expect(
                try await catalog.sweep([pack(1).id, pack(7).id], ifRootGeneration: generation))
            #expect(try await catalog.packs().map(\.id) == [pack(2).id])
            #expect(try await catalog.durable(0..<9) == [5, 6, 7, 8])
            let doomed = [DoomedPack(id: pack(1).id, tier: .hot)]
            #expect(try await catalog.doomedPacks() == doomed)
            let error = await #expect(throws: CatalogError.self) {
                try await catalog.commit(1, 0..<5)
            }
            #expect(error?.code == .packDoomed)
            try await catalog.undoom(doomed)
            #expect(try await catalog.doomedPacks().isEmpty)
        }
    }

    @Test func `nothing is swept once a root has been added`() async throws {
        try await withCatalog { catalog in
            try await catalog.commit(1, 0..<5)
            try await catalog.commit(2, 5..<9)
            let generation = try await catalog.rootGeneration()
            _ = try await catalog.condemn([all(1, of: 5), all(2, of: 4)], liveCaches: [])
            try await catalog.add(snapshot("a"))
            #expect(try await catalog.rootGeneration() > generation)
            #expect(try await !catalog.sweep([pack(1).id], ifRootGeneration: generation))
            let rewrite = pack(3, blockCount: 0)
            #expect(
                try await !catalog.commitRewrite(
                    rewrite, blocks: [], replacing: [pack(2).id], ifRootGeneration: generation))
            #expect(try await catalog.packs().count == 2)
            #expect(try await catalog.doomedPacks().isEmpty)
        }
    }

    @Test func `a pack goes only if each of its blocks is condemned`() async throws {
        try await withCatalog { catalog in
            try await catalog.commit(1, 0..<5)
            try await catalog.commit(2, 5..<9)
            try await catalog.commit(3, [])
            let generation = try await catalog.rootGeneration()
            _ = try await catalog.condemn(
                [all(1, of: 5), some(2, of: 4, [0, 1, 3])], liveCaches: [])
            let packs = (1...3).map { pack($0).id }
            let error = await #expect(throws: CatalogError.self) {
                try await catalog.sweep(packs, ifRootGeneration: generation)
            }
            #expect(error?.code == .notCondemned)
            #expect(try await catalog.packs().count == 3)
            try await catalog.releaseCondemned()
            let second = await #expect(throws: CatalogError.self) {
                try await catalog.sweep([pack(1).id], ifRootGeneration: generation)
            }
            #expect(second?.code == .notCondemned)
            #expect(try await catalog.sweep([pack(3).id], ifRootGeneration: generation))
            #expect(try await catalog.packs().map(\.id) == packs.dropLast())
        }
    }

    @Test(arguments: [1, 9, 1_000], [false, true])
    func `a rewrite takes over what lives, even if its pack was taken in before`(
        _ recentLimit: Int, _ isAdopted: Bool
    ) async throws {
        try await withCatalog(recentLimit: recentLimit) { catalog in
            try await catalog.commit(1, 0..<5)
            try await catalog.commit(2, 5..<9)
            _ = try await catalog.condemn(
                [some(1, of: 5, [1, 2, 3]), some(2, of: 4, [0])], liveCaches: [])
            let living = [0, 4, 6, 7, 8]
            let new = pack(3, blockCount: 5)
            if isAdopted {
                try await catalog.commit(new, blocks: blocks(living))
                for number in 10..<60 {
                    try await catalog.commit(number, number * 10..<number * 10 + 9)
                }
            }
            let generation = try await catalog.rootGeneration()
            let replaced = [pack(1).id, pack(2).id]
            let error = await #expect(throws: CatalogError.self) {
                try await catalog.commitRewrite(
                    new, blocks: blocks(living.dropLast()), replacing: replaced,
                    ifRootGeneration: generation)
            }
            #expect(error?.code == .notCondemned)
            #expect(
                try await catalog.commitRewrite(
                    new, blocks: blocks(living), replacing: replaced, ifRootGeneration: generation))
            let expected = (0..<9).map { living.firstIndex(of: $0).map { place(3, $0) } }
            #expect(try await catalog.places(of: (0..<9).map(multihash)) == expected)
            #expect(try await catalog.doomedPacks().map(\.id) == replaced)
            for number in 60..<90 {
                try await catalog.commit(number, number * 10..<number * 10 + 9)
            }
            #expect(try await catalog.durablePlaces(of: (0..<9).map(multihash)) == expected)
        }
    }

    @Test func `only packs of the cache tier are evicted`() async throws {
        try await withCatalog { catalog in
            try await catalog.commit(1, 0..<5, tier: .cache)
            try await catalog.commit(2, 5..<9)
            let packs = [1, 2, 3].map { pack($0).id }
            #expect(try await catalog.evict(packs) == [pack(1).id])
            #expect(try await catalog.packs().map(\.id) == [pack(2).id])
            #expect(try await catalog.doomedPacks() == [DoomedPack(id: pack(1).id, tier: .cache)])
        }
    }

    @Test func `roots are those of all snapshots and their records`() async throws {
        try await withCatalog { catalog in
            #expect(try await catalog.roots().roots.isEmpty)
            try await catalog.add(snapshot("a"))
            try await catalog.add(snapshot("b"))
            let generation = try await catalog.rootGeneration()
            let expected: Set<CatalogRoot> = Set(
                ["a", "b"].flatMap { id in
                    [
                        CatalogRoot(cid: [1, 2], isRecursive: true, origin: .snapshot(id)),
                        CatalogRoot(cid: [3, 4], isRecursive: false, origin: .record(id)),
                    ]
                })
            #expect(try await Set(catalog.roots().roots) == expected)
            _ = try await catalog.removeSnapshot("b")
            #expect(try await catalog.roots().roots.count == 2)
            #expect(try await catalog.rootGeneration() == generation)
            try await catalog.add(snapshot("a"))
            #expect(try await catalog.rootGeneration() > generation)
        }
    }

    @Test func `nothing is condemned while the catalog is rebuilt, and nothing stays condemned`()
        async throws
    {
        try await withCatalog { catalog in
            try await catalog.commit(1, 0..<5)
            _ = try await catalog.condemn([all(1, of: 5)], liveCaches: [])
            let generation = try await catalog.rootGeneration()
            try await catalog.beginRebuild()
            let error = await #expect(throws: CatalogError.self) {
                _ = try await catalog.condemn([all(1, of: 5)], liveCaches: [])
            }
            #expect(error?.code == .rebuilding)
            #expect(try await !catalog.sweep([pack(1).id], ifRootGeneration: generation))
            try await catalog.commit(1, 0..<5)
            let during = try await catalog.rootGeneration()
            try await catalog.finishRebuild()
            #expect(try await !catalog.sweep([pack(1).id], ifRootGeneration: during))
            #expect(try await catalog.durable(0..<5).count == 5)
        }
    }
}
