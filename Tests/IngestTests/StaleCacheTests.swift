// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Foundation
import Ingest
import Lifecycle
import Multiformats
import Repository
import TestSupport
import Testing
import UnixFS

/// A stat cache that is damaged, wrong, or about blocks that are gone, does no harm.
struct StaleCacheTests {
    private var scene: Scene

    init() throws {
        scene = try Scene()
        scene.change = { $0.clock = Scene.tomorrow }
    }

    private func sql(_ statement: String) async throws {
        let path = scene.path("repository").path + "/catalog.sqlite"
        let outcome = try await Command.named("sqlite3").run([path, statement])
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    private func removePacks(_ isRemoved: (PackKind) -> Bool) async throws {
        let repository = try await scene.repository()
        let packs = try await repository.catalog.packs().filter { isRemoved($0.kind) }
        for pack in packs {
            let path = repository.path + "/packs/hot/\(pack.id).car.zst"
            try FileManager.default.removeItem(atPath: path)
        }
        try await repository.catalog.forget(packs: packs.map(\.id))
    }

    /// Lets caches believe that no pack has been removed.
    private func makeCurrent() async throws {
        try await sql(
            """
            UPDATE stat_caches SET generation =
                (SELECT value FROM state WHERE name = 'stat_generation')
            """)
    }

    @Test func `when packs are removed, all is read again and what is missing is stored`()
        async throws
    {
        try scene.write(.random(seed: 21))
        let first = try await scene.ingest()
        let root = try #require(first.roots.first).cid
        for kind in [PackKind.leaves, .nodes] {
            try await removePacks { $0 == kind }
            let result = try await scene.ingest()
            #expect(result.counts.unchangedFiles == 0)
            #expect(result.roots.first?.cid == root)
            try await scene.expectStored(root)
            #expect(try await scene.ingest().counts.filesRead == 0)
        }
    }

    @Test func `after a reindex all is read once`() async throws {
        try scene.write(.random(seed: 22))
        let first = try await scene.ingest()
        _ = try await Reindex(try await scene.repository()).run()
        let second = try await scene.ingest()
        #expect(second.counts.unchangedFiles == 0)
        #expect(second.counts.newBlocks == 0)
        #expect(second.roots == first.roots)
        #expect(try await scene.ingest().counts.filesRead == 0)
    }

    @Test(arguments: [
        "UPDATE stat_rows SET body = zeroblob(length(body))",
        "UPDATE stat_rows SET body = x''",
        "UPDATE stat_rows SET body = substr(body, 1, length(body) - 9)",
        "UPDATE stat_rows SET body = CAST(replace(body, x'01', x'02') AS BLOB)",
        "DELETE FROM stat_rows WHERE id % 3 = 0",
        "DELETE FROM stat_rows WHERE id % 2 = 1",
        "UPDATE stat_rows SET body = (SELECT body FROM stat_rows ORDER BY id DESC LIMIT 1)",
        "DELETE FROM stat_rows",
    ])
    func `damaged rows are passed over and written anew`(_ damage: String) async throws {
        try scene.write(.random(seed: 23))
        let first = try await scene.ingest()
        try await sql(damage)
        let second = try await scene.ingest()
        #expect(second.roots == first.roots)
        #expect(second.counts.skipped == first.counts.skipped)
        #expect(try await scene.ingest().counts.filesRead == 0)
    }

    /// Makes two caches and exchanges them, so that each gives the CIDs of the other's options.
    private func makeWrongCache() async throws {
        try scene.write(.random(seed: 24))
        var wrapped = DAGOverrides()
        wrapped.rawLeaves = false
        _ = try await scene.ingest()
        _ = try await scene.ingest(overrides: wrapped)
        try await sql(
            """
            CREATE TEMP TABLE k AS SELECT number, key FROM stat_caches;
            UPDATE stat_caches SET key = NULL;
            UPDATE stat_caches SET key = (SELECT key FROM k WHERE k.number <> stat_caches.number);
            """)
    }

    @Test func `verifying the cache finds what is wrong, records nothing and drops the cache`()
        async throws
    {
        try await makeWrongCache()
        let right = try await scene.hash()
        var verifying = scene
        verifying.change = {
            $0.clock = Scene.tomorrow
            $0.verifiedShare = 1
        }
        let count = try await scene.repository().catalog.snapshots(limit: nil).count
        let error = await #expect(throws: IngestError.self) { try await verifying.ingest() }
        #expect(error?.code == .wrongCache)
        #expect(try await scene.repository().catalog.snapshots(limit: nil).count == count)
        let next = try await scene.ingest()
        #expect(next.counts.unchangedFiles == 0)
        #expect(next.roots.map(\.cid) == [right])
    }

    @Test func `verifying a cache that is right reads its files and changes nothing`() async throws
    {
        try scene.write(.random(seed: 25))
        let first = try await scene.ingest()
        for share in [1.0, 0.5] {
            var verifying = scene
            verifying.change = {
                $0.clock = Scene.tomorrow
                $0.verifiedShare = share
            }
            let result = try await verifying.ingest()
            #expect(result.roots == first.roots)
            #expect(result.counts.verifiedFiles == result.counts.filesRead)
            #expect(
                result.counts.verifiedFiles + result.counts.unchangedFiles == first.counts.files)
            #expect(share < 1 || result.counts.unchangedFiles == 0)
            #expect(try await scene.ingest().counts.filesRead == 0)
        }
    }

    @Test func `blocks that went without the cache hearing of it are missed in time`() async throws
    {
        let source = try scene.write(.random(seed: 26))
        let first = try await scene.ingest()
        let root = try #require(first.roots.first).cid
        try await removePacks { _ in true }
        try await makeCurrent()
        try Data("changed".utf8).write(to: source.appending(path: "changed"))
        let second = try await scene.ingest()
        #expect(second.counts.unchangedFiles == 0)
        try await scene.expectStored(try #require(second.roots.first).cid)
        #expect(second.roots.first?.cid != root)
    }

    @Test func `links to blocks that are gone end the run, and the next one reads all`()
        async throws
    {
        let source = try scene.write(.random(seed: 27))
        let root = try #require(try await scene.ingest().roots.first).cid
        let top = try await scene.repository().blocks.block(root)
        try await removePacks { _ in true }
        try await scene.repository().blocks.put([top])
        try await makeCurrent()
        try Data("changed".utf8).write(to: source.appending(path: "changed"))
        let error = await #expect(throws: IngestError.self) { try await scene.ingest() }
        #expect(error?.code == .staleCache)
        let next = try await scene.ingest()
        #expect(next.counts.unchangedFiles == 0)
        try await scene.expectStored(try #require(next.roots.first).cid)
    }
}
