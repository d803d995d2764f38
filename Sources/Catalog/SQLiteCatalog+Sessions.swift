// SPDX-License-Identifier: Apache-2.0

import GRDB

extension SQLiteCatalog {
    /// As ``ReclamationStore/begin(_:)``.
    public func begin(_ session: Session) async throws {
        try await write { db in
            let sql = """
                INSERT INTO sessions
                    (id, kind, started_at, host, process_id, generation, is_abandoned)
                VALUES (?, ?, ?, ?, ?, ?, 0)
                """
            try db.withCursor(sql) { cursor in
                try cursor.bind(session.id, at: 1)
                try cursor.bind(session.kind, at: 2)
                try cursor.bind(session.startedAtMilliseconds, at: 3)
                try cursor.bind(session.host, at: 4)
                try cursor.bind(Int64(session.processID), at: 5)
                try cursor.bind(try Self.generation(db), at: 6)
                try cursor.execute()
            }
        }
    }

    /// As ``ReclamationStore/end(_:)``.
    public func end(_ id: String) async throws {
        try await write { db in
            try db.withCursor("DELETE FROM sessions WHERE id = ? AND NOT is_abandoned") { cursor in
                try cursor.bind(id, at: 1)
                try cursor.execute()
            }
        }
    }

    /// As ``ReclamationStore/abandon(_:)``.
    public func abandon(_ ids: [String]) async throws {
        if ids.isEmpty { return }
        try await write { db in
            try db.withCursor("UPDATE sessions SET is_abandoned = 1 WHERE id = ?") { cursor in
                for id in ids {
                    try cursor.bind(id, at: 1)
                    try cursor.execute()
                }
            }
        }
    }

    /// As ``ReclamationStore/sessions()``.
    public func sessions() async throws -> [Session] {
        try await read { db in try Self.sessions(db) }
    }

    /// As ``ReclamationStore/adopt(_:)``.
    public func adopt(_ snapshot: SnapshotRecord) async throws -> Bool {
        try await write { db in
            let sql = "SELECT 1 FROM sessions WHERE id = ? AND is_abandoned"
            let isAbandoned = try db.withCursor(sql) { cursor in
                try cursor.bind(snapshot.id, at: 1)
                return try cursor.step()
            }
            if isAbandoned { return false }
            try Self.add(db, snapshot, reusing: [], in: nil)
            return true
        }
    }

    static func sessions(_ db: Database) throws -> [Session] {
        let sql = """
            SELECT id, kind, started_at, host, process_id FROM sessions
            WHERE NOT is_abandoned ORDER BY id
            """
        return try db.withCursor(sql) { cursor in
            var sessions: [Session] = []
            while try cursor.step() {
                sessions.append(
                    Session(
                        id: cursor.text(0), kind: cursor.text(1),
                        startedAtMilliseconds: cursor.integer(2), host: cursor.text(3),
                        processID: Int(cursor.integer(4))))
            }
            return sessions
        }
    }

    /// How often packs had been lost when a session began; nil if it has ended.
    static func generation(_ db: Database, atBeginOf session: String) throws -> Int64? {
        let sql = "SELECT generation FROM sessions WHERE id = ? AND NOT is_abandoned"
        return try db.withCursor(sql) { cursor in
            try cursor.bind(session, at: 1)
            return try cursor.step() ? cursor.integer(0) : nil
        }
    }

    /// Makes sure that a session goes on, so that what it counted as present still is.
    ///
    /// - Throws: ``CatalogError/Code/sessionEnded``.
    static func checkSession(_ db: Database, _ session: String?) throws {
        guard let session else { return }
        guard try generation(db, atBeginOf: session) != nil else {
            throw CatalogError(
                .sessionEnded,
                "the session \(session) of this run was ended by another process, which took it for dead (was its file in the repository's directory `sessions` removed?); nothing was recorded; run again"
            )
        }
    }

    /// Lets the packs of a session live by their blocks alone.
    static func releasePacks(_ db: Database, of session: String) throws {
        try db.withCursor("UPDATE packs SET session = NULL WHERE session = ?") { cursor in
            try cursor.bind(session, at: 1)
            try cursor.execute()
        }
    }
}
