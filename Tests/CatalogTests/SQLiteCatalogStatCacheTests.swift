// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Testing

@Suite struct SQLiteCatalogStatCacheTests {
    private func row(
        _ directory: UInt32, segment: UInt16 = 0, last: UInt16 = 0, _ byte: UInt8
    ) -> StatCacheRow {
        StatCacheRow(
            id: StatCacheRow.ID(directory: directory, segment: segment), lastSegment: last,
            body: [UInt8](repeating: byte, count: 100))
    }

    private func rows(
        _ catalog: SQLiteCatalog, _ cache: StatCache, from directory: UInt32 = 0,
        byteLimit: Int = .max
    ) async throws -> [StatCacheRow.ID] {
        try await catalog.statCacheRows(
            of: cache, from: StatCacheRow.ID(directory: directory), byteLimit: byteLimit
        ).map(\.id)
    }

    /// Stages rows and makes the cache live.
    private func fill(
        _ catalog: SQLiteCatalog, key: [UInt8], _ rows: [StatCacheRow]
    ) async throws -> StatCache {
        let opened = try await catalog.statCache(for: key)
        var staged = try #require(try await catalog.stage(rows, removing: [], in: opened))
        staged.nextDirectory = 50
        let commit = StatCacheCommit(
            cache: staged, replaces: opened.number == nil, isReliedOn: opened.number != nil)
        #expect(try await catalog.add(snapshot("s"), reusing: [], caching: [commit], in: nil))
        return try await catalog.statCache(for: key)
    }

    @Test func `rows come back in order, up to a limit, and not those of another cache`()
        async throws
    {
        try await withCatalog { catalog in
            let one = try await fill(catalog, key: [1], [row(3, 7), row(0, 1), row(1, 2)])
            let two = try await fill(catalog, key: [2], [row(StatCacheRow.directoryLimit, 9)])
            #expect(one.number != nil && two.number != nil && one.number != two.number)
            #expect(one.nextDirectory == 50)
            #expect(try await rows(catalog, one).map(\.directory) == [0, 1, 3])
            #expect(try await rows(catalog, one, from: 2).map(\.directory) == [3])
            #expect(try await rows(catalog, one, byteLimit: 101).map(\.directory) == [0, 1])
            #expect(try await rows(catalog, one, byteLimit: 1).map(\.directory) == [0])
            #expect(try await rows(catalog, two).map(\.directory) == [StatCacheRow.directoryLimit])
            #expect(try await catalog.statCache(for: [3]).number == nil)
        }
    }

    @Test func `what is staged counts only when the run is recorded`() async throws {
        try await withCatalog { catalog in
            let opened = try await catalog.statCache(for: [1])
            _ = try await catalog.stage([row(0, 1)], removing: [], in: opened)
            #expect(try await catalog.statCache(for: [1]).number == nil)
        }
    }

    @Test func `a directory's row removes segments beyond its last, and a directory all of them`()
        async throws
    {
        try await withCatalog { catalog in
            let cache = try await fill(
                catalog, key: [1],
                [
                    row(4, segment: 1, 1), row(4, segment: 2, 1), row(4, segment: 3, 1),
                    row(4, last: 3, 1), row(5, segment: 1, 1), row(5, 1),
                ])
            let staged = try #require(
                try await catalog.stage([row(4, last: 1, 2)], removing: [5], in: cache))
            let left = try await rows(catalog, staged)
            #expect(left == [.init(directory: 4), .init(directory: 4, segment: 1)])
        }
    }

    @Test func `of two runs that change one cache the first wins`() async throws {
        try await withCatalog { catalog in
            let cache = try await fill(catalog, key: [1], [row(0, 1)])
            _ = try await fill(catalog, key: [1], [row(1, 1)])
            #expect(try await catalog.stage([row(2, 1)], removing: [], in: cache) == nil)
            let late = StatCacheCommit(cache: cache, replaces: false, isReliedOn: true)
            #expect(try await catalog.add(snapshot("t"), reusing: [], caching: [late], in: nil))
            let now = try await catalog.statCache(for: [1])
            #expect(try await rows(catalog, now).map(\.directory) == [0, 1])
            #expect(now.version > cache.version)
        }
    }

    /// The ways in which packs leave a catalog.
    enum Removal: CaseIterable {
        case forget, remove, replace, rebuild
    }

    @Test(arguments: Removal.allCases)
    func `a pack that leaves makes caches stale, and runs that relied on one are refused`(
        _ removal: Removal
    ) async throws {
        try await withCatalog { catalog in
            try await catalog.commit(pack(1, blockCount: 1), blocks: blocks([1]))
            let cache = try await fill(catalog, key: [1], [row(0, 1)])
            switch removal {
            case .forget: try await catalog.forget(packs: [pack(1).id])
            case .remove: #expect(try await catalog.removePack(pack(1).id, ifVersion: 0))
            case .replace:
                try await catalog.commit(
                    pack(2, blockCount: 1), blocks: blocks([1]), replacing: [pack(1).id],
                    reusing: [])
            case .rebuild: try await catalog.beginRebuild()
            }
            #expect(try await catalog.statCache(for: [1]).number == nil)
            #expect(try await catalog.stage([row(1, 1)], removing: [], in: cache) == nil)
            let relying = StatCacheCommit(cache: cache, replaces: false, isReliedOn: true)
            #expect(try await !catalog.add(snapshot("r"), reusing: [], caching: [relying], in: nil))
            #expect(try await catalog.snapshot(matching: "r") == nil)
            let other = StatCacheCommit(cache: cache, replaces: false, isReliedOn: false)
            #expect(try await catalog.add(snapshot("o"), reusing: [], caching: [other], in: nil))
            #expect(try await catalog.snapshot(matching: "o") != nil)
            #expect(try await catalog.statCache(for: [1]).number == nil)
        }
    }

    @Test func `rows of caches that were replaced or dropped are swept`() async throws {
        try await withCatalog { catalog in
            let first = try await fill(catalog, key: [1], [row(0, 1), row(1, 1)])
            var fresh = first
            fresh.number = nil
            let staged = try #require(try await catalog.stage([row(0, 2)], removing: [], in: fresh))
            let commit = StatCacheCommit(cache: staged, replaces: true, isReliedOn: false)
            #expect(try await catalog.add(snapshot("s"), reusing: [], caching: [commit], in: nil))
            while try await catalog.sweepStatCaches() {}
            #expect(try await rows(catalog, first).isEmpty)
            let live = try await catalog.statCache(for: [1])
            #expect(try await rows(catalog, live).count == 1)
            try await catalog.dropStatCache(for: [1])
            while try await catalog.sweepStatCaches() {}
            #expect(try await rows(catalog, live).isEmpty)
        }
    }
}
