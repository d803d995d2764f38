// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``Catalog/add(_:reusing:)``.
    public func add(_ snapshot: SnapshotRecord, reusing reused: [PackID]) async throws {
        try await write { db in try Self.add(db, snapshot, reusing: reused, in: nil) }
    }

    /// Records a finished run within a transaction.
    static func add(
        _ db: Database, _ snapshot: SnapshotRecord, reusing reused: [PackID], in session: String?
    ) throws {
        try checkSession(db, session)
        try bumpVersions(db, reused, in: session)
        // From here on the packs of the run live by their blocks.
        try releasePacks(db, of: session ?? snapshot.id)
        // Its record may still lie in a pack, as when a catalog is rebuilt.
        guard try !isRemoved(db, snapshot.id) else { return }
        var snapshot = snapshot
        snapshot.tags = try changedTags(db, ofSnapshot: snapshot.id) ?? snapshot.tags
        _ = try deleteSnapshot(db, snapshot.id)
        try insertSnapshot(db, snapshot)
        try insertItems(db, of: snapshot)
    }

    /// As ``Catalog/snapshots(limit:)``.
    public func snapshots(limit: Int?) async throws -> [SnapshotRecord] {
        try await read { db in
            let sql = """
                SELECT \(Self.snapshotColumns) FROM snapshots
                ORDER BY started_at DESC, id DESC LIMIT ?
                """
            var snapshots = try db.withCursor(sql) { cursor in
                // SQLite takes a negative limit for none.
                try cursor.bind(limit.map { Int64(max($0, 0)) } ?? -1, at: 1)
                var snapshots: [SnapshotRecord] = []
                while try cursor.step() { snapshots.append(Self.snapshotRecord(cursor)) }
                return snapshots
            }
            for index in snapshots.indices { try Self.loadItems(db, of: &snapshots[index]) }
            return snapshots
        }
    }

    /// As ``Catalog/snapshot(matching:)``.
    public func snapshot(matching prefix: String) async throws -> SnapshotRecord? {
        try await read { db in
            // Ids are ASCII, so all that start with the prefix lie below prefix + the last scalar.
            let sql = """
                SELECT \(Self.snapshotColumns) FROM snapshots
                WHERE id >= ?1 AND id < ?1 || ?2 ORDER BY id LIMIT 2
                """
            let matches = try db.withCursor(sql) { cursor in
                try cursor.bind(prefix, at: 1)
                try cursor.bind("\u{10FFFF}", at: 2)
                var matches: [SnapshotRecord] = []
                while try cursor.step() { matches.append(Self.snapshotRecord(cursor)) }
                return matches
            }
            guard var match = matches.first else { return nil }
            guard matches.count == 1 || match.id == prefix else {
                throw CatalogError(
                    .ambiguous, "several snapshots start with \(prefix)")
            }
            try Self.loadItems(db, of: &match)
            return match
        }
    }

    /// As ``Catalog/removeSnapshot(_:)``.
    public func removeSnapshot(_ id: String) async throws -> Bool {
        try await write { db in try Self.deleteSnapshot(db, id) }
    }

    static let snapshotColumns = """
        id, started_at, finished_at, parent_id, host, record_cid, files, directories, symlinks,
        bytes, blocks, new_blocks, new_bytes, stored_bytes, skipped
        """

    private static func insertSnapshot(_ db: Database, _ snapshot: SnapshotRecord) throws {
        let sql = """
            INSERT INTO snapshots (\(snapshotColumns))
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        let counts = snapshot.counts
        let numbers = [
            counts.files, counts.directories, counts.symlinks, counts.bytes, counts.blocks,
            counts.newBlocks, counts.newBytes, counts.storedBytes, counts.skipped,
        ]
        try db.withCursor(sql) { cursor in
            try cursor.bind(snapshot.id, at: 1)
            try cursor.bind(snapshot.startedAtMilliseconds, at: 2)
            try cursor.bind(snapshot.finishedAtMilliseconds, at: 3)
            try cursor.bind(snapshot.parentID, at: 4)
            try cursor.bind(snapshot.host, at: 5)
            try cursor.bind(snapshot.recordCID, at: 6)
            for (index, number) in numbers.enumerated() {
                try cursor.bind(number, at: Int32(7 + index))
            }
            try cursor.execute()
        }
    }

    static func snapshotRecord(_ cursor: borrowing SQLCursor) -> SnapshotRecord {
        var counts = SnapshotRecord.Counts()
        counts.files = cursor.integer(6)
        counts.directories = cursor.integer(7)
        counts.symlinks = cursor.integer(8)
        counts.bytes = cursor.integer(9)
        counts.blocks = cursor.integer(10)
        counts.newBlocks = cursor.integer(11)
        counts.newBytes = cursor.integer(12)
        counts.storedBytes = cursor.integer(13)
        counts.skipped = cursor.integer(14)
        return SnapshotRecord(
            id: cursor.text(0), startedAtMilliseconds: cursor.integer(1),
            finishedAtMilliseconds: cursor.integer(2), sources: [], roots: [],
            parentID: cursor.optionalText(3), counts: counts, host: cursor.text(4),
            recordCID: cursor.bytes(5))
    }

    static func deleteSnapshot(_ db: Database, _ id: String) throws -> Bool {
        try db.withCursor("DELETE FROM snapshot_items WHERE snapshot_id = ?") { cursor in
            try cursor.bind(id, at: 1)
            try cursor.execute()
        }
        try db.withCursor("DELETE FROM snapshots WHERE id = ?") { cursor in
            try cursor.bind(id, at: 1)
            try cursor.execute()
        }
        return db.changesCount > 0
    }
}

extension SQLiteCatalog {
    /// One element of a snapshot's lists.
    private struct Item {
        var kind: String
        var name: String
        var value: String?
        var cid: [UInt8]?
    }

    private static func insertItems(_ db: Database, of snapshot: SnapshotRecord) throws {
        let lists = [
            snapshot.sources.map { Item(kind: "source", name: $0) },
            snapshot.roots.map { Item(kind: "root", name: $0.name, cid: $0.cid) },
            snapshot.options.map { Item(kind: "option", name: $0.key, value: $0.value) },
            snapshot.tags.map { Item(kind: "tag", name: $0) },
        ]
        let sql = """
            INSERT INTO snapshot_items (snapshot_id, kind, position, name, value, cid)
            VALUES (?, ?, ?, ?, ?, ?)
            """
        try db.withCursor(sql) { cursor in
            for list in lists {
                for (position, item) in list.enumerated() {
                    try cursor.bind(snapshot.id, at: 1)
                    try cursor.bind(item.kind, at: 2)
                    try cursor.bind(Int64(position), at: 3)
                    try cursor.bind(item.name, at: 4)
                    try cursor.bind(item.value, at: 5)
                    if let cid = item.cid {
                        try cursor.bind(cid, at: 6)
                    } else {
                        try cursor.bind(Int64?.none, at: 6)
                    }
                    try cursor.execute()
                }
            }
        }
    }

    static func loadItems(_ db: Database, of snapshot: inout SnapshotRecord) throws {
        let sql = """
            SELECT kind, name, value, cid FROM snapshot_items WHERE snapshot_id = ?
            ORDER BY kind, position
            """
        let items = try db.withCursor(sql) { cursor in
            try cursor.bind(snapshot.id, at: 1)
            var items: [Item] = []
            while try cursor.step() {
                items.append(
                    Item(
                        kind: cursor.text(0), name: cursor.text(1), value: cursor.optionalText(2),
                        cid: cursor.bytes(3)))
            }
            return items
        }
        for item in items {
            switch item.kind {
            case "source": snapshot.sources.append(item.name)
            case "root":
                snapshot.roots.append(.init(name: item.name, cid: item.cid ?? []))
            case "option":
                snapshot.options.append(.init(key: item.name, value: item.value ?? ""))
            case "tag": snapshot.tags.append(item.name)
            default: throw DamagedContent()
            }
        }
    }
}
