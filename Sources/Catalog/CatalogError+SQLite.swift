// SPDX-License-Identifier: Apache-2.0

import FileIO
import GRDB

extension CatalogError {
    /// Gives an error of SQLite its meaning for the catalog; a cancellation passes untouched.
    static func wrap(_ error: any Error, path: String) -> any Error {
        switch error {
        case is CancellationError: return error
        case var error as CatalogError:
            error.path = error.path ?? path
            return error
        case is DamagedContent:
            return CatalogError(.corrupt, damaged, path: path, cause: error)
        case let error as DatabaseError
        where [.SQLITE_INTERRUPT, .SQLITE_ABORT].contains(error.resultCode):
            // GRDB interrupts a statement when its task is cancelled; nothing else here does.
            return CancellationError()
        case let error as DatabaseError:
            let (code, message) = meaning(of: error, path: path)
            return CatalogError(code, message, path: path, cause: error)
        default:
            return CatalogError(.other, "\(error)", path: path, cause: error)
        }
    }

    private static let damaged =
        "the catalog is damaged or is not a catalog; no block is lost; run: cairn reindex"

    private static func meaning(of error: DatabaseError, path: String) -> (Code, String) {
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        // Every statement fits the schema: one that is refused has met another schema.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR:
            return (.corrupt, "\(damaged) (\(detail))")
        // What SQLite takes for a later version's file it only reads.
        case .SQLITE_READONLY where hasOtherVersion(path):
            return (.corrupt, "\(damaged) (\(detail))")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return (.busy, "another process has held the catalog for too long; try again")
        case .SQLITE_FULL: return (.diskFull, "no room for the catalog to grow: \(detail)")
        case .SQLITE_IOERR: return (.inputOutput, "the disk failed: \(detail)")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            return (
                .cannotOpen,
                "the catalog cannot be opened for writing: \(detail); check the owner and permissions of it and of its directory"
            )
        default: return (.other, detail)
        }
    }

    /// Whether the header says that the file was written by another version than SQLite's first or
    /// second (<https://sqlite.org/fileformat2.html#file_format_version_numbers>).
    private static func hasOtherVersion(_ path: String) -> Bool {
        do {
            let versions = try File(path, .read).readExactly(2, at: 18)
            return !versions.allSatisfy { (1...2).contains($0) }
        } catch {
            return false  // it cannot be read, which SQLite has told in its own way
        }
    }
}
