// SPDX-License-Identifier: Apache-2.0

import BlockStore
import GRDB

extension SQLiteCatalog {
    /// As ``AnnounceStore/changeMark()``.
    public func changeMark() async throws -> Int64 {
        do { return try lookup.changeMark() } catch { throw CatalogError.wrap(error, path: path) }
    }

    /// As ``AnnounceStore/announceSummary()``.
    public func announceSummary() async throws -> AnnounceSummary {
        try await read { db in
            var values: [String: Int64] = [:]
            try db.withCursor("SELECT name, value FROM state") { cursor in
                while try cursor.step() { values[cursor.text(0)] = cursor.integer(1) }
            }
            var summary = AnnounceSummary()
            summary.strategy = values["announce_strategy"] ?? 0
            summary.count = Int(values["announce_count"] ?? 0)
            summary.freshCount = Int(values["announce_fresh"] ?? 0)
            summary.announcedPack = values["announce_pack"] ?? 0
            summary.cycleStart = values["announce_cycle"] ?? 0
            summary.snapshotCount = Int(
                try db.integer("SELECT COUNT(*) FROM announce_snapshots") ?? 0)
            summary.lastPack = try db.integer("SELECT MAX(number) FROM packs") ?? 0
            return summary
        }
    }

    /// As ``AnnounceStore/resetAnnouncements(strategy:cycleStart:)``.
    public func resetAnnouncements(strategy: Int64, cycleStart: Int64) async throws {
        try await write { db in
            for table in ["announce_cells", "announce_regions", "announce_snapshots"] {
                try db.execute(sql: "DELETE FROM \(table)")
            }
            try db.execute(
                sql: """
                    INSERT INTO announce_snapshots (id) SELECT id FROM snapshots
                    ORDER BY finished_at
                    """)
            for (name, value) in [
                ("announce_strategy", strategy), ("announce_cycle", cycleStart),
                ("announce_count", 0), ("announce_fresh", 0), ("announce_pack", 0),
            ] {
                try Self.setState(db, name, value)
            }
        }
    }

    /// As ``AnnounceStore/snapshotsToAnnounce(after:limit:)``.
    public func snapshotsToAnnounce(
        after sequence: Int64, limit: Int
    ) async throws -> [SnapshotToAnnounce] {
        try await read { db in
            let waiting = try db.withCursor(
                """
                SELECT sequence, id FROM announce_snapshots WHERE sequence > ?
                ORDER BY sequence LIMIT ?
                """
            ) { cursor in
                try cursor.bind(sequence, at: 1)
                try cursor.bind(Int64(limit), at: 2)
                var waiting: [(sequence: Int64, id: String)] = []
                while try cursor.step() { waiting.append((cursor.integer(0), cursor.text(1))) }
                return waiting
            }
            return try waiting.map { entry in
                var snapshot = try db.withCursor(
                    "SELECT \(Self.snapshotColumns) FROM snapshots WHERE id = ?"
                ) { cursor in
                    try cursor.bind(entry.id, at: 1)
                    return try cursor.step() ? Self.snapshotRecord(cursor) : nil
                }
                if var found = snapshot {
                    try Self.loadItems(db, of: &found)
                    snapshot = found
                }
                return SnapshotToAnnounce(sequence: entry.sequence, snapshot: snapshot)
            }
        }
    }

    /// As ``AnnounceStore/finishSnapshots(_:)``.
    public func finishSnapshots(_ sequences: [Int64]) async throws {
        try await write { db in
            try db.withCursor("DELETE FROM announce_snapshots WHERE sequence = ?") { cursor in
                for sequence in sequences {
                    try cursor.bind(sequence, at: 1)
                    try cursor.execute()
                }
            }
        }
    }

    /// As ``AnnounceStore/packs(after:limit:)``.
    public func packs(after mark: Int64, limit: Int) async throws -> [MarkedPack] {
        try await read { db in
            let sql = """
                SELECT \(Self.packColumns), number FROM packs WHERE number > ?
                ORDER BY number LIMIT ?
                """
            return try db.withCursor(sql) { cursor in
                try cursor.bind(mark, at: 1)
                try cursor.bind(Int64(limit), at: 2)
                var packs: [MarkedPack] = []
                while try cursor.step() {
                    packs.append(
                        MarkedPack(
                            mark: cursor.integer(Self.packColumnCount),
                            pack: try Self.packRecord(cursor)))
                }
                return packs
            }
        }
    }

    /// As ``AnnounceStore/setAnnouncedPack(_:)``.
    public func setAnnouncedPack(_ mark: Int64) async throws {
        try await write { db in try Self.setState(db, "announce_pack", mark) }
    }

    /// As ``AnnounceStore/announceRegions()``.
    public func announceRegions() async throws -> [AnnounceRegion] {
        try await read { db in
            let sql = """
                SELECT prefix, due_at, provided_at, retry_at, key_count, peer_count, attempts, error
                FROM announce_regions
                """
            return try db.withCursor(sql) { cursor in
                var regions: [AnnounceRegion] = []
                while try cursor.step() {
                    guard let prefix = KeyPrefix(text: cursor.text(0)) else {
                        throw DamagedContent()
                    }
                    var region = AnnounceRegion(prefix: prefix, dueAt: cursor.integer(1))
                    region.providedAt = cursor.optionalInteger(2)
                    region.retryAt = cursor.optionalInteger(3)
                    region.keyCount = Int(cursor.integer(4))
                    region.peerCount = Int(cursor.integer(5))
                    region.attempts = Int(cursor.integer(6))
                    region.error = cursor.optionalText(7)
                    regions.append(region)
                }
                return regions.sorted { $0.prefix.lowest < $1.prefix.lowest }
            }
        }
    }

    /// As ``AnnounceStore/updateRegions(_:removing:)``.
    public func updateRegions(
        _ regions: [AnnounceRegion], removing removed: [KeyPrefix]
    ) async throws {
        try await write { db in
            try db.withCursor("DELETE FROM announce_regions WHERE prefix = ?") { cursor in
                for prefix in removed {
                    try cursor.bind(prefix.description, at: 1)
                    try cursor.execute()
                }
            }
            let sql = """
                INSERT OR REPLACE INTO announce_regions
                (prefix, due_at, provided_at, retry_at, key_count, peer_count, attempts, error)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
            try db.withCursor(sql) { cursor in
                for region in regions {
                    try cursor.bind(region.prefix.description, at: 1)
                    try cursor.bind(region.dueAt, at: 2)
                    try cursor.bind(region.providedAt, at: 3)
                    try cursor.bind(region.retryAt, at: 4)
                    try cursor.bind(Int64(region.keyCount), at: 5)
                    try cursor.bind(Int64(region.peerCount), at: 6)
                    try cursor.bind(Int64(region.attempts), at: 7)
                    try cursor.bind(region.error, at: 8)
                    try cursor.execute()
                }
            }
        }
    }

    private static func setState(_ db: Database, _ name: String, _ value: Int64) throws {
        try db.withCursor("UPDATE state SET value = ? WHERE name = ?") { cursor in
            try cursor.bind(value, at: 1)
            try cursor.bind(name, at: 2)
            try cursor.execute()
        }
    }
}
