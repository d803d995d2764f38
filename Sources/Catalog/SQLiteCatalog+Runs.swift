// SPDX-License-Identifier: Apache-2.0

import GRDB

extension SQLiteCatalog {
    private static let runColumns = """
        id, pipeline, path, trigger_kind, planned_at, missed, started_at, finished_at, state,
        exit_code, error, snapshot_id, root, files, bytes, new_bytes, stored_bytes, skipped, steps,
        host, process_id
        """

    /// As ``RunStore/record(_:)``.
    public func record(_ run: RunRecord) async throws {
        try await write { db in
            let marks = Array(repeating: "?", count: 21).joined(separator: ", ")
            let sql = """
                INSERT OR REPLACE INTO pipeline_runs (\(Self.runColumns)) VALUES (\(marks))
                """
            try db.withCursor(sql) { cursor in
                try Self.bind(run, to: cursor)
                try cursor.execute()
            }
            let prune = """
                DELETE FROM pipeline_runs WHERE pipeline = ?1 AND started_at < (
                    SELECT started_at FROM pipeline_runs WHERE pipeline = ?1
                    ORDER BY started_at DESC LIMIT 1 OFFSET ?2)
                """
            try db.withCursor(prune) { cursor in
                try cursor.bind(run.pipeline, at: 1)
                try cursor.bind(Int64(RunRecord.historyLimit - 1), at: 2)
                try cursor.execute()
            }
        }
    }

    /// As ``RunStore/runs(_:)``.
    public func runs(_ filter: RunFilter) async throws -> [RunRecord] {
        try await read { db in
            // State names are our own words, so they may stand in the text.
            let states = filter.states.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            let sql = """
                SELECT \(Self.runColumns) FROM pipeline_runs
                WHERE (?1 IS NULL OR pipeline = ?1) AND (?2 IS NULL OR started_at >= ?2)
                \(states.isEmpty ? "" : "AND state IN (\(states))")
                ORDER BY started_at DESC, id DESC LIMIT ?3
                """
            return try db.withCursor(sql) { cursor in
                try cursor.bind(filter.pipeline, at: 1)
                try cursor.bind(filter.since, at: 2)
                // SQLite takes a negative limit for none.
                try cursor.bind(filter.limit.map { Int64(max($0, 0)) } ?? -1, at: 3)
                return try Self.runRecords(cursor)
            }
        }
    }

    /// As ``RunStore/lastRuns()``.
    public func lastRuns() async throws -> [RunRecord] {
        try await read { db in
            let sql = """
                SELECT \(Self.runColumns) FROM pipeline_runs AS r WHERE id = (
                    SELECT id FROM pipeline_runs WHERE pipeline = r.pipeline
                    AND state NOT IN ('running', 'overlapped', 'missed')
                    ORDER BY started_at DESC, id DESC LIMIT 1)
                ORDER BY pipeline
                """
            return try db.withCursor(sql) { cursor in try Self.runRecords(cursor) }
        }
    }

    /// As ``RunStore/setPlanned(_:of:)``.
    public func setPlanned(_ planned: Int64, of pipeline: String) async throws {
        try await write { db in
            let sql = "INSERT OR REPLACE INTO pipeline_plans (pipeline, planned_at) VALUES (?, ?)"
            try db.withCursor(sql) { cursor in
                try cursor.bind(pipeline, at: 1)
                try cursor.bind(planned, at: 2)
                try cursor.execute()
            }
        }
    }

    /// As ``RunStore/lastPlanned(of:)``.
    public func lastPlanned(of pipeline: String) async throws -> Int64? {
        try await read { db in
            let sql = "SELECT planned_at FROM pipeline_plans WHERE pipeline = ?"
            return try db.withCursor(sql) { cursor in
                try cursor.bind(pipeline, at: 1)
                return try cursor.step() ? cursor.integer(0) : nil
            }
        }
    }

    private static func bind(_ run: RunRecord, to cursor: borrowing SQLCursor) throws {
        try cursor.bind(run.id, at: 1)
        try cursor.bind(run.pipeline, at: 2)
        try cursor.bind(run.path, at: 3)
        try cursor.bind(run.trigger, at: 4)
        try cursor.bind(run.planned, at: 5)
        try cursor.bind(Int64(run.missedCount), at: 6)
        try cursor.bind(run.startedAtMilliseconds, at: 7)
        try cursor.bind(run.finishedAtMilliseconds, at: 8)
        try cursor.bind(run.state.rawValue, at: 9)
        try cursor.bind(run.exitCode.map { Int64($0) }, at: 10)
        try cursor.bind(run.error, at: 11)
        try cursor.bind(run.snapshotID, at: 12)
        if let root = run.root {
            try cursor.bind(root, at: 13)
        } else {
            try cursor.bind(Int64?.none, at: 13)
        }
        let numbers = [run.files, run.bytes, run.newBytes, run.storedBytes, run.skipped]
        for (index, number) in numbers.enumerated() {
            try cursor.bind(number, at: Int32(14 + index))
        }
        try cursor.bind(run.steps.joined(separator: "\n"), at: 19)
        try cursor.bind(run.host, at: 20)
        try cursor.bind(Int64(run.processID), at: 21)
    }

    private static func runRecords(_ cursor: borrowing SQLCursor) throws -> [RunRecord] {
        var records: [RunRecord] = []
        while try cursor.step() {
            var run = RunRecord(
                id: cursor.text(0), pipeline: cursor.text(1), path: cursor.text(2),
                trigger: cursor.text(3), planned: cursor.optionalInteger(4),
                startedAtMilliseconds: cursor.integer(6), host: cursor.text(19),
                processID: Int(cursor.integer(20)))
            guard let state = RunRecord.State(rawValue: cursor.text(8)) else {
                throw DamagedContent()
            }
            run.missedCount = Int(cursor.integer(5))
            run.finishedAtMilliseconds = cursor.optionalInteger(7)
            run.state = state
            run.exitCode = cursor.optionalInteger(9).map { Int($0) }
            run.error = cursor.optionalText(10)
            run.snapshotID = cursor.optionalText(11)
            let root = cursor.bytes(12)
            run.root = root.isEmpty ? nil : root
            run.files = cursor.integer(13)
            run.bytes = cursor.integer(14)
            run.newBytes = cursor.integer(15)
            run.storedBytes = cursor.integer(16)
            run.skipped = cursor.integer(17)
            run.steps = cursor.text(18).split(separator: "\n").map(String.init)
            records.append(run)
        }
        return records
    }
}
