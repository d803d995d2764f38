// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``PinStore/commit(_:blocks:applying:)``.
    public func commit(
        _ pack: PackRecord, blocks: [NewBlock], applying changes: [RootChange]
    ) async throws {
        let session = pack.sessionID
        var pack = pack
        // What it records are roots from this commit on: it need not be kept for its session.
        pack.sessionID = nil
        try await commit(pack, blocks: blocks, replacing: [], reusing: []) { db in
            try Self.checkSession(db, session)
            for change in changes { try Self.checkRevision(db, change) }
            for change in changes { try Self.apply(db, change) }
        }
    }

    /// As ``PinStore/apply(_:)``.
    public func apply(_ changes: [RootChange]) async throws {
        guard !changes.isEmpty else { return }
        try await write { db in
            for change in changes { try Self.apply(db, change) }
        }
    }

    /// As ``PinStore/tagRevision(ofSnapshot:)``.
    public func tagRevision(ofSnapshot id: String) async throws -> Int64 {
        try await read { db in try Self.tagRevision(db, id) ?? 0 }
    }

    /// Whether a snapshot or pin of that id was taken away.
    static func isRemoved(_ db: Database, _ id: String) throws -> Bool {
        try db.withCursor("SELECT 1 FROM tombstones WHERE id = ?") { cursor in
            try cursor.bind(id, at: 1)
            return try cursor.step()
        }
    }

    /// The tags that a change has given to a snapshot; nil if there was none.
    static func changedTags(_ db: Database, ofSnapshot id: String) throws -> [String]? {
        guard try tagRevision(db, id) != nil else { return nil }
        let sql = """
            SELECT name FROM snapshot_items WHERE snapshot_id = ? AND kind = 'tag' ORDER BY position
            """
        return try db.withCursor(sql) { cursor in
            try cursor.bind(id, at: 1)
            var tags: [String] = []
            while try cursor.step() { tags.append(cursor.text(0)) }
            return tags
        }
    }

    private static func checkRevision(_ db: Database, _ change: RootChange) throws {
        guard case .tag(let target, _, let revision) = change.action else { return }
        let isThere = try db.withCursor("SELECT 1 FROM snapshots WHERE id = ?") { cursor in
            try cursor.bind(target.id, at: 1)
            return try cursor.step()
        }
        guard isThere, try (tagRevision(db, target.id) ?? 0) + 1 == revision else {
            throw CatalogError(
                .conflict, "snapshot \(target.id) was changed at the same time; try again")
        }
    }

    private static func tagRevision(_ db: Database, _ id: String) throws -> Int64? {
        try db.withCursor("SELECT revision FROM tag_changes WHERE snapshot_id = ?") { cursor in
            try cursor.bind(id, at: 1)
            return try cursor.step() ? cursor.integer(0) : nil
        }
    }

    private static func apply(_ db: Database, _ change: RootChange) throws {
        switch change.action {
        case .pin(let pin):
            // What a session counted as present may be gone if the session was given up.
            guard try !isRemoved(db, pin.id), try !isAbandoned(db, session: change.id) else {
                return
            }
            try insert(db, pin, change.recordCID)
        case .unpin(let targets):
            for target in targets {
                try execute(db, "DELETE FROM pins WHERE id = ?", target.id)
                try bury(db, target, change.recordCID)
            }
        case .forget(let targets):
            for target in targets {
                _ = try deleteSnapshot(db, target.id)
                try execute(db, "DELETE FROM tag_changes WHERE snapshot_id = ?", target.id)
                try bury(db, target, change.recordCID)
            }
        case .tag(let target, let tags, let revision):
            guard try !isRemoved(db, target.id) else { return }
            try setTags(db, target.id, tags, revision, change)
        }
    }

    private static func isAbandoned(_ db: Database, session: String) throws -> Bool {
        try db.withCursor("SELECT 1 FROM sessions WHERE id = ? AND is_abandoned") { cursor in
            try cursor.bind(session, at: 1)
            return try cursor.step()
        }
    }

    private static func insert(_ db: Database, _ pin: Pin, _ recordCID: [UInt8]) throws {
        let sql = """
            INSERT OR REPLACE INTO pins
                (id, cid, recursive, name, created_at, expires_at, record_cid)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """
        try db.withCursor(sql) { cursor in
            try cursor.bind(pin.id, at: 1)
            try cursor.bind(pin.cid, at: 2)
            try cursor.bind(Int64(pin.isRecursive ? 1 : 0), at: 3)
            try cursor.bind(pin.name, at: 4)
            try cursor.bind(pin.createdAtMilliseconds, at: 5)
            try cursor.bind(pin.expiresAtMilliseconds, at: 6)
            try cursor.bind(recordCID, at: 7)
            try cursor.execute()
        }
    }

    /// Keeps in mind that something was taken away, so that its record cannot bring it back.
    private static func bury(
        _ db: Database, _ target: RootChange.Target, _ recordCID: [UInt8]
    ) throws {
        let sql = "INSERT OR IGNORE INTO tombstones (id, target_cid, record_cid) VALUES (?, ?, ?)"
        try db.withCursor(sql) { cursor in
            try cursor.bind(target.id, at: 1)
            try cursor.bind(target.recordCID, at: 2)
            try cursor.bind(recordCID, at: 3)
            try cursor.execute()
        }
    }

    /// Sets the tags unless a later change has; of two with one revision that with the greater id
    /// is the later one.
    private static func setTags(
        _ db: Database, _ id: String, _ tags: [String], _ revision: Int64, _ change: RootChange
    ) throws {
        let sql = """
            INSERT INTO tag_changes (snapshot_id, revision, change_id, record_cid)
            VALUES (?, ?, ?, ?)
            ON CONFLICT (snapshot_id) DO UPDATE SET
                revision = excluded.revision, change_id = excluded.change_id,
                record_cid = excluded.record_cid
            WHERE (excluded.revision, excluded.change_id) > (revision, change_id)
            """
        try db.withCursor(sql) { cursor in
            try cursor.bind(id, at: 1)
            try cursor.bind(revision, at: 2)
            try cursor.bind(change.id, at: 3)
            try cursor.bind(change.recordCID, at: 4)
            try cursor.execute()
        }
        guard db.changesCount > 0 else { return }
        try execute(
            db, "DELETE FROM snapshot_items WHERE snapshot_id = ? AND kind = 'tag'", id)
        let insert = """
            INSERT INTO snapshot_items (snapshot_id, kind, position, name) VALUES (?, 'tag', ?, ?)
            """
        try db.withCursor(insert) { cursor in
            for (position, tag) in tags.enumerated() {
                try cursor.bind(id, at: 1)
                try cursor.bind(Int64(position), at: 2)
                try cursor.bind(tag, at: 3)
                try cursor.execute()
            }
        }
    }

    private static func execute(_ db: Database, _ sql: String, _ id: String) throws {
        try db.withCursor(sql) { cursor in
            try cursor.bind(id, at: 1)
            try cursor.execute()
        }
    }
}
