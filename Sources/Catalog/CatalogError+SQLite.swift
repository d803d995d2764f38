// SPDX-License-Identifier: Apache-2.0

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
            let (code, message) = meaning(of: error)
            return CatalogError(code, message, path: path, cause: error)
        default:
            return CatalogError(.other, "\(error)", path: path, cause: error)
        }
    }

    private static let damaged =
        "the catalog is damaged or is not a catalog; no block is lost; run: cairn reindex"

    private static func meaning(of error: DatabaseError) -> (Code, String) {
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return (.corrupt, "\(damaged) (\(detail))")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return (.busy, "another process has held the catalog for too long; try again")
        case .SQLITE_FULL: return (.diskFull, "no room for the catalog to grow: \(detail)")
        case .SQLITE_IOERR: return (.inputOutput, "the disk failed: \(detail)")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            return (.cannotOpen, "the catalog cannot be opened for writing: \(detail)")
        default: return (.other, detail)
        }
    }
}
