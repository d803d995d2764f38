// SPDX-License-Identifier: Apache-2.0

import Catalog
import Testing

/// Runs that rely on a stat cache, beside forgets and collections.
@Suite struct CacheInterleavingTests {
    /// A source that was ingested once; block 2 is dead, in a pack with a living one.
    private func prepare(_ world: World) async throws {
        for blocks in [[0, 2], [4, 5], [6]] {
            try await world.commit(world.seal(blocks), session: nil)
        }
        try await world.catalog.add(world.record("kept", root: 100, [0]))
        let first = CachedRunProcess("first", in: world, root: 101, adding: 4)
        while first.isReady { try await first.step() }
        world.acknowledged.insert("kept")
    }

    @Test func `a run that relies on a cache, a forget of what it names, and a collection`()
        async throws
    {
        try await Schedules(drawn: (150, 1)).run(prepare) { world in
            [
                CachedRunProcess("run", in: world, root: 1, adding: 2),
                ForgetProcess(of: "first", in: world), CollectProcess(in: world),
            ]
        } finish: { world, trace in
            // It may be given no cache, but what it was given must hold.
            #expect(world.acknowledged.contains("run"), "\(trace)")
            try await world.collect(trace)
        }
    }

    @Test(arguments: [nil] + CachedRunProcess.Step.allCases.dropFirst(3).map(Optional.some))
    func `two runs of one source of which one may be killed, a forget, and a collection`(
        _ step: CachedRunProcess.Step?
    ) async throws {
        try await Schedules(drawn: (80, 2)).run(prepare) { world in
            [
                CachedRunProcess("one", in: world, root: 1, adding: 2, diesBefore: step),
                CachedRunProcess("two", in: world, root: 2, adding: 6),
                ForgetProcess(of: "one", in: world), CollectProcess(in: world),
            ]
        } finish: { world, trace in
            #expect(
                world.acknowledged.contains("two") || world.refused.contains("two"), "\(trace)")
            try await world.collect(trace)
        }
    }

    @Test func `a cache whose source lives is still given to runs after a collection`() async throws
    {
        try await withCatalog { catalog in
            let world = World(catalog)
            try await prepare(world)
            let before = try await catalog.statCache(for: [1])
            try await world.collect("quiet")
            #expect(try await catalog.packs().map(\.id) != [])
            #expect(try await catalog.statCache(for: [1]).number == before.number)
            #expect(before.number != nil)
        }
    }
}
