// SPDX-License-Identifier: Apache-2.0

import GRDB

/// The catalog's tables; `Docs/catalog.md` says what each column means.
enum Schema {
    /// All migrations, oldest first; a released one is never edited.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in try db.execute(sql: version1) }
        migrator.registerMigration("stat-cache") { db in try db.execute(sql: statCache) }
        migrator.registerMigration("filters") { db in try db.execute(sql: filters) }
        migrator.registerMigration("announcements") { db in try db.execute(sql: announcements) }
        migrator.registerMigration("pins") { db in try db.execute(sql: pins) }
        migrator.registerMigration("reclamation") { db in try db.execute(sql: reclamation) }
        migrator.registerMigration("pipeline-runs") { db in try db.execute(sql: pipelineRuns) }
        migrator.registerMigration("tiers") { db in try db.execute(sql: tiers) }
        migrator.registerMigration("snapshot-losses") { db in try db.execute(sql: losses) }
        return migrator
    }

    private static let losses = """
        CREATE TABLE snapshot_losses (
            snapshot_id TEXT PRIMARY KEY,
            block_count INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER snapshot_losses_go_with_it AFTER DELETE ON snapshots BEGIN
            DELETE FROM snapshot_losses WHERE snapshot_id = OLD.id;
        END;
        """

    private static let version1 = """
        CREATE TABLE packs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id BLOB NOT NULL UNIQUE,
            kind TEXT NOT NULL,
            tier TEXT NOT NULL,
            block_count INTEGER NOT NULL,
            byte_count INTEGER NOT NULL,
            stored_byte_count INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            verified_at INTEGER,
            version INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE blocks_recent (
            multihash BLOB PRIMARY KEY,
            place INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE runs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            tier INTEGER NOT NULL,
            target INTEGER,
            sealed INTEGER NOT NULL,
            merged_through BLOB
        ) STRICT;
        CREATE TABLE chunks (
            id INTEGER PRIMARY KEY,
            run INTEGER NOT NULL,
            separator BLOB NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX chunks_by_separator ON chunks (run, separator);
        CREATE TABLE snapshots (
            id TEXT PRIMARY KEY,
            started_at INTEGER NOT NULL,
            finished_at INTEGER NOT NULL,
            parent_id TEXT,
            host TEXT NOT NULL,
            record_cid BLOB NOT NULL,
            files INTEGER NOT NULL,
            directories INTEGER NOT NULL,
            symlinks INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            blocks INTEGER NOT NULL,
            new_blocks INTEGER NOT NULL,
            new_bytes INTEGER NOT NULL,
            stored_bytes INTEGER NOT NULL,
            skipped INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX snapshots_by_start ON snapshots (started_at);
        CREATE TABLE snapshot_items (
            snapshot_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            position INTEGER NOT NULL,
            name TEXT NOT NULL,
            value TEXT,
            cid BLOB,
            PRIMARY KEY (snapshot_id, kind, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE state (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO state VALUES ('recent_count', 0), ('rebuilding', 0);
        """

    private static let statCache = """
        CREATE TABLE stat_caches (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            key BLOB UNIQUE,
            version INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            next_directory INTEGER NOT NULL,
            used_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE stat_rows (
            id INTEGER PRIMARY KEY,
            body BLOB NOT NULL
        ) STRICT;
        INSERT INTO state VALUES ('stat_generation', 0);
        CREATE TRIGGER stat_caches_go_stale AFTER DELETE ON packs BEGIN
            UPDATE state SET value = value + 1 WHERE name = 'stat_generation';
        END;
        """

    /// Runs that are there already stay without filters until merges have used them up.
    private static let filters = """
        CREATE TABLE filters (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL,
            separator BLOB NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX filters_by_separator ON filters (run, separator);
        ALTER TABLE runs ADD COLUMN has_filters INTEGER NOT NULL DEFAULT 0;
        INSERT INTO state VALUES ('block_version', 0);
        """

    /// The history of the pipelines; "runs" are runs of blocks here.
    private static let pipelineRuns = """
        CREATE TABLE pipeline_runs (
            id TEXT PRIMARY KEY,
            pipeline TEXT NOT NULL,
            path TEXT NOT NULL,
            trigger_kind TEXT NOT NULL,
            planned_at INTEGER,
            missed INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            finished_at INTEGER,
            state TEXT NOT NULL,
            exit_code INTEGER,
            error TEXT,
            snapshot_id TEXT,
            root BLOB,
            files INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            new_bytes INTEGER NOT NULL,
            stored_bytes INTEGER NOT NULL,
            skipped INTEGER NOT NULL,
            steps TEXT NOT NULL,
            host TEXT NOT NULL,
            process_id INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX pipeline_runs_by_start ON pipeline_runs (pipeline, started_at);
        CREATE TABLE pipeline_plans (
            pipeline TEXT PRIMARY KEY,
            planned_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// A pack that leaves takes its copies with it: their files are to be deleted.
    private static let tiers = """
        CREATE TABLE pack_copies (
            pack INTEGER NOT NULL,
            tier TEXT NOT NULL,
            PRIMARY KEY (pack, tier)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE pack_accesses (
            pack INTEGER PRIMARY KEY,
            read_at INTEGER,
            recalled_at INTEGER
        ) STRICT;
        CREATE TRIGGER copies_follow_packs AFTER DELETE ON packs BEGIN
            INSERT OR IGNORE INTO doomed_packs (id, tier)
                SELECT old.id, tier FROM pack_copies WHERE pack = old.number;
            DELETE FROM pack_copies WHERE pack = old.number;
            DELETE FROM pack_accesses WHERE pack = old.number;
        END;
        """

    /// Snapshots that are there already are still to be looked through for what to announce.
    private static let announcements = """
        CREATE TABLE announce_cells (
            id INTEGER PRIMARY KEY,
            fresh INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX announce_fresh ON announce_cells (id) WHERE fresh > 0;
        CREATE TABLE announce_regions (
            prefix TEXT PRIMARY KEY,
            due_at INTEGER NOT NULL,
            provided_at INTEGER,
            retry_at INTEGER,
            key_count INTEGER NOT NULL,
            peer_count INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            error TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE announce_snapshots (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER snapshots_await_announcement AFTER INSERT ON snapshots BEGIN
            INSERT INTO announce_snapshots (id) VALUES (new.id);
        END;
        INSERT INTO announce_snapshots (id) SELECT id FROM snapshots ORDER BY finished_at;
        INSERT INTO state VALUES ('announce_strategy', 0), ('announce_count', 0),
            ('announce_fresh', 0), ('announce_pack', 0), ('announce_cycle', 0);
        """

    private static let pins = """
        CREATE TABLE pins (
            id TEXT PRIMARY KEY,
            cid BLOB NOT NULL,
            recursive INTEGER NOT NULL,
            name TEXT,
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            record_cid BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tombstones (
            id TEXT PRIMARY KEY,
            target_cid BLOB NOT NULL,
            record_cid BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tag_changes (
            snapshot_id TEXT PRIMARY KEY,
            revision INTEGER NOT NULL,
            change_id TEXT NOT NULL,
            record_cid BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// Of caches that are there already nobody knows whether a run that wrote to them ended well.
    private static let reclamation = """
        CREATE TABLE sessions (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            host TEXT NOT NULL,
            process_id INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            is_abandoned INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE packs ADD COLUMN session TEXT;
        CREATE INDEX packs_by_session ON packs (session) WHERE session NOTNULL;
        CREATE TABLE block_marks (
            pack INTEGER NOT NULL,
            mark INTEGER NOT NULL,
            ordinals BLOB NOT NULL,
            PRIMARY KEY (pack, mark)
        ) STRICT;
        CREATE TRIGGER marks_go_with_packs AFTER DELETE ON packs BEGIN
            DELETE FROM block_marks WHERE pack = old.number;
        END;
        CREATE TABLE IF NOT EXISTS doomed_packs (
            id BLOB NOT NULL,
            tier TEXT NOT NULL,
            PRIMARY KEY (id, tier)
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE stat_caches ADD COLUMN staged INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE stat_caches ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
        UPDATE stat_caches SET staged = 1;
        INSERT INTO state VALUES ('root_generation', 0), ('collection', 0), ('condemning', 0);
        CREATE TRIGGER snapshots_are_roots AFTER INSERT ON snapshots BEGIN
            UPDATE state SET value = value + 1 WHERE name = 'root_generation';
        END;
        CREATE TRIGGER pins_are_roots AFTER INSERT ON pins BEGIN
            UPDATE state SET value = value + 1 WHERE name = 'root_generation';
        END;
        CREATE TRIGGER tombstones_are_roots AFTER INSERT ON tombstones BEGIN
            UPDATE state SET value = value + 1 WHERE name = 'root_generation';
        END;
        CREATE TRIGGER tag_changes_are_roots AFTER INSERT ON tag_changes BEGIN
            UPDATE state SET value = value + 1 WHERE name = 'root_generation';
        END;
        """
}
