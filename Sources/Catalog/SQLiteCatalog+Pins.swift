// SPDX-License-Identifier: Apache-2.0

import GRDB
import Multiformats

extension SQLiteCatalog {
    /// As ``PinStore/pins()``.
    public func pins() async throws -> [Pin] {
        try await read { db in try Self.pins(db) }
    }

    static func pins(_ db: Database) throws -> [Pin] {
        let sql = """
            SELECT id, cid, recursive, name, created_at, expires_at, record_cid FROM pins
            ORDER BY created_at, id
            """
        return try db.withCursor(sql) { cursor in
            var pins: [Pin] = []
            while try cursor.step() {
                pins.append(
                    Pin(
                        id: cursor.text(0), cid: cursor.bytes(1),
                        isRecursive: cursor.integer(2) != 0,
                        name: cursor.optionalText(3), createdAtMilliseconds: cursor.integer(4),
                        expiresAtMilliseconds: cursor.optionalInteger(5),
                        recordCID: cursor.bytes(6)))
            }
            return pins
        }
    }

    /// As ``PinStore/recordRoots(atMilliseconds:)``.
    public func recordRoots(atMilliseconds milliseconds: Int64) async throws -> [RecordRoot] {
        try await read { db in try Self.recordRoots(db, milliseconds) }
    }

    static func recordRoots(_ db: Database, _ milliseconds: Int64) throws -> [RecordRoot] {
        let sql = """
            SELECT record_cid, id FROM snapshots
            UNION ALL SELECT record_cid, id FROM pins WHERE expires_at IS NULL OR expires_at > ?
            UNION ALL SELECT record_cid, snapshot_id FROM tag_changes
                WHERE snapshot_id IN (SELECT id FROM snapshots)
            UNION ALL SELECT record_cid, group_concat(id) FROM tombstones GROUP BY record_cid
            """
        return try db.withCursor(sql) { cursor in
            try cursor.bind(milliseconds, at: 1)
            var roots: [RecordRoot] = []
            while try cursor.step() {
                roots.append(RecordRoot(cid: cursor.bytes(0), subject: cursor.text(1)))
            }
            return roots
        }
    }

    /// As ``PinStore/retireRecords(atMilliseconds:)``.
    public func retireRecords(atMilliseconds milliseconds: Int64) async throws -> Int {
        let tombstones = try await read { db in try Self.tombstones(db) }
        let held = try await contains(tombstones.map { Self.multihash(ofCID: $0.target) })
        let needless = zip(tombstones, held).filter { !$1 }.map(\.0.id)
        return try await write { db in
            try db.withCursor("DELETE FROM pins WHERE expires_at <= ?") { cursor in
                try cursor.bind(milliseconds, at: 1)
                try cursor.execute()
            }
            var count = db.changesCount
            try db.withCursor("DELETE FROM tombstones WHERE id = ?") { cursor in
                for id in needless {
                    try cursor.bind(id, at: 1)
                    try cursor.execute()
                    count += db.changesCount
                }
            }
            // Left behind where a rebuild met the change of a snapshot that is gone.
            for table in ["tag_changes", "snapshot_items"] {
                try db.execute(
                    sql: "DELETE FROM \(table) WHERE snapshot_id NOT IN (SELECT id FROM snapshots)")
            }
            return count
        }
    }

    private static func tombstones(_ db: Database) throws -> [(id: String, target: [UInt8])] {
        try db.withCursor("SELECT id, target_cid FROM tombstones") { cursor in
            var tombstones: [(id: String, target: [UInt8])] = []
            while try cursor.step() { tombstones.append((cursor.text(0), cursor.bytes(1))) }
            return tombstones
        }
    }

    /// The multihash of a CID; all of it for what is none, which no pack can hold.
    private static func multihash(ofCID cid: [UInt8]) -> [UInt8] {
        do { return Array(try CID(cid).multihashBytes) } catch { return cid }
    }
}
