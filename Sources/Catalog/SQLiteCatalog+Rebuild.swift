// SPDX-License-Identifier: Apache-2.0

import FileIO
import GRDB

extension SQLiteCatalog {
    /// As ``Catalog/beginRebuild()``.
    public func beginRebuild() async throws {
        try await write { db in
            // Numbers of packs, runs and filters go on from where they were: all come from
            // AUTOINCREMENT, whose state stays.
            for table in [
                "chunks", "filters", "runs", "blocks_recent", "pack_copies", "packs",
                "snapshot_items", "snapshots", "pins", "tombstones", "tag_changes",
            ] {
                try db.execute(sql: "DELETE FROM \(table)")
            }
            try BlockTables.raiseVersion(db)
            // The marks have gone with the packs. Who deleted files that are doomed goes on.
            try db.execute(
                sql: """
                    UPDATE state SET value = 0 WHERE name IN ('recent_count', 'condemning');
                    UPDATE state SET value = 1 WHERE name = 'rebuilding';
                    UPDATE state SET value = value + 1 WHERE name = 'root_generation';
                    """)
        }
    }

    /// As ``Catalog/finishRebuild()``.
    public func finishRebuild() async throws {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE state SET value = 0 WHERE name = 'rebuilding';
                    UPDATE state SET value = value + 1 WHERE name = 'root_generation';
                    """)
        }
    }

    /// As ``Catalog/needsRebuild()``.
    public func needsRebuild() async throws -> Bool {
        try await read { db in
            try Self.isRebuilding(db)
        }
    }

    static func isRebuilding(_ db: Database) throws -> Bool {
        try db.integer("SELECT value FROM state WHERE name = 'rebuilding'") != 0
    }

    /// Puts an empty catalog that says it must be rebuilt in the place of a damaged one.
    ///
    /// For a file that ``open(at:options:)`` calls corrupt; no process may have it open. The
    /// damaged file is kept beside with `.damaged` added to its name. Killed at any point, the next
    /// open finds the damaged file, or finishes the replacement.
    ///
    /// - Throws: ``CatalogError``.
    public static func replaceDamaged(
        at path: String, options: SQLiteCatalogOptions = SQLiteCatalogOptions()
    ) async throws {
        let file = try CatalogFile(path)
        try file.remove([".draft", ".draft-wal", ".draft-shm"])
        let catalog = try await open(at: path + ".draft", options: options)
        try await catalog.beginRebuild()
        // The last connection to close moves the write-ahead log into the file.
        try await catalog.close()
        guard try !file.exists(".draft-wal") else {
            throw CatalogError(.busy, "another process uses the new catalog's draft", path: path)
        }
        // From here on the replacement is bound to happen: the next open, by anyone, goes on.
        try file.move(".draft", to: CatalogFile.replacement)
        try await open(at: path, options: options).close()
    }

    /// Finishes a replacement that has come so far that the new file is ready.
    static func finishReplacement(at path: String) throws {
        let file = try CatalogFile(path)
        guard try file.exists(CatalogFile.replacement) else { return }
        if try file.exists("") { try file.move("", to: ".damaged") }
        // A log must never meet a database that it is not of, so it goes before the new one comes.
        try file.remove(["-wal", "-shm"])
        try file.move(CatalogFile.replacement, to: "")
    }
}

/// A catalog's file and those beside it, told apart by what is added to the name.
private struct CatalogFile: ~Copyable {
    static let replacement = ".replacement"

    private let directory: Directory
    private let name: String

    init(_ path: String) throws {
        let cut = path.lastIndex(of: "/")
        name = cut.map { String(path[path.index(after: $0)...]) } ?? path
        let parent = cut.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        do { directory = try Directory(parent) } catch { throw Self.wrap(error) }
    }

    func exists(_ suffix: String) throws -> Bool {
        do {
            _ = try directory.status(of: bytes(suffix))
            return true
        } catch  where error.code == .notFound {
            return false
        } catch {
            throw Self.wrap(error)
        }
    }

    func remove(_ suffixes: [String]) throws {
        for suffix in suffixes where try exists(suffix) {
            do { try directory.remove(bytes(suffix)) } catch { throw Self.wrap(error) }
        }
    }

    /// Renames, durably: what follows must not reach the disk before it.
    func move(_ suffix: String, to newSuffix: String) throws {
        do {
            try directory.rename(bytes(suffix), to: bytes(newSuffix))
            try directory.synchronize()
        } catch { throw Self.wrap(error) }
    }

    private func bytes(_ suffix: String) -> [UInt8] { Array((name + suffix).utf8) }

    private static func wrap(_ error: IOError) -> CatalogError {
        let code: CatalogError.Code =
            switch error.code {
            case .notFound, .permissionDenied, .notADirectory, .readOnly: .cannotOpen
            case .noSpace: .diskFull
            default: .inputOutput
            }
        return CatalogError(code, "\(error)", cause: error)
    }
}
