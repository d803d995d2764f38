// SPDX-License-Identifier: Apache-2.0

import FileIO
import GRDB

extension SQLiteCatalog {
    /// As ``ReclamationStore/roots()``.
    public func roots() async throws -> (generation: Int64, roots: [CatalogRoot]) {
        let now = clock.milliseconds
        return try await read { db in
            let generation = try Self.rootGeneration(db)
            let records = try Self.recordRoots(db, now).filter { !$0.cid.isEmpty }
            let pins = try Self.pins(db).filter { $0.expiresAtMilliseconds ?? .max > now }
            return (
                generation,
                try Self.snapshotRoots(db)
                    + pins.map {
                        CatalogRoot(
                            cid: $0.cid, isRecursive: $0.isRecursive,
                            origin: .pin(id: $0.id, name: $0.name))
                    }
                    + records.map {
                        CatalogRoot(cid: $0.cid, isRecursive: false, origin: .record($0.subject))
                    }
            )
        }
    }

    /// A number that triggers raise with each root that is added.
    static func rootGeneration(_ db: Database) throws -> Int64 {
        try db.integer("SELECT value FROM state WHERE name = 'root_generation'") ?? 0
    }

    private static func snapshotRoots(_ db: Database) throws -> [CatalogRoot] {
        let sql = """
            SELECT snapshot_id, cid FROM snapshot_items WHERE kind = 'root'
            ORDER BY snapshot_id, position
            """
        return try db.withCursor(sql) { cursor in
            var roots: [CatalogRoot] = []
            while try cursor.step() {
                roots.append(
                    CatalogRoot(
                        cid: cursor.bytes(1), isRecursive: true, origin: .snapshot(cursor.text(0))))
            }
            return roots
        }
    }
}
