// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import GRDB
import Testing

/// Catalogs of the release before marks and sessions.
@Suite struct ReclamationMigrationTests {
    @Test func `a catalog of the former form keeps what it has, and its caches are taken for open`()
        async throws
    {
        try await withCatalogPath { path in
            let first = try await SQLiteCatalog.open(at: path, options: options(20))
            for number in 0..<9 { try await first.commit(number, number * 10..<number * 10 + 9) }
            try await first.add(snapshot("a"))
            let opened = try await first.statCache(for: [1])
            let row = StatCacheRow(id: .init(directory: 0), body: [7])
            let staged = try #require(try await first.stage([row], removing: [], in: opened))
            let commit = StatCacheCommit(cache: staged, replaces: true, isReliedOn: false)
            #expect(try await first.add(snapshot("b"), reusing: [], caching: [commit], in: nil))
            let packs = try await first.packs()
            try await first.close()
            try await Self.undoMigration(path)

            let second = try await SQLiteCatalog.open(at: path, options: options(20))
            #expect(try await second.packs() == packs)
            #expect(try await second.durable(0..<90).count == 81)
            #expect(try await second.snapshots(limit: nil).count == 2)
            #expect(try await second.sessions().isEmpty)
            // Runs may have it, collections do not know that it is whole.
            let cache = try await second.statCache(for: [1])
            #expect(cache.number != nil)
            #expect(try await second.statCaches().isEmpty)
            let relying = StatCacheCommit(cache: cache, replaces: false, isReliedOn: true)
            #expect(try await second.add(snapshot("c"), reusing: [], caching: [relying], in: nil))
            #expect(try await second.statCaches().map(\.row) == [[7]])
            let generation = try await second.rootGeneration()
            _ = try await second.condemn([all(3, of: 9)], liveCaches: [])
            #expect(try await second.sweep([pack(3).id], ifRootGeneration: generation))
            try await second.close()
        }
    }

    private static func undoMigration(_ path: String) async throws {
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in
            try db.execute(
                sql: """
                    DROP TRIGGER snapshots_are_roots;
                    DROP TRIGGER pins_are_roots;
                    DROP TRIGGER tombstones_are_roots;
                    DROP TRIGGER tag_changes_are_roots;
                    DROP TRIGGER marks_go_with_packs;
                    DROP TABLE sessions;
                    DROP TABLE block_marks;
                    DROP INDEX packs_by_session;
                    ALTER TABLE packs DROP COLUMN session;
                    ALTER TABLE stat_caches DROP COLUMN staged;
                    ALTER TABLE stat_caches DROP COLUMN suspect;
                    DELETE FROM state
                        WHERE name IN ('root_generation', 'collection', 'condemning');
                    DELETE FROM grdb_migrations WHERE identifier = 'reclamation';
                    """)
        }
        try queue.close()
    }
}
