// SPDX-License-Identifier: Apache-2.0

import GRDB
import GRDBSQLite

/// What becomes of the write-ahead log when the last connection to a database closes.
enum WriteAheadLog {
    /// Says whether a connection leaves the log where it is when it closes.
    ///
    /// SQLite removes the log once a last checkpoint has moved it into the file. A connection that
    /// could not be opened, for want of room for the log's index, takes the log for empty and removes
    /// it with all that is in it (seen with SQLite 3.40.1). So a log may go only with a connection
    /// that has read the database.
    static func stays(_ stays: Bool, _ db: Database) {
        guard let connection = unsafe db.sqliteConnection else { return }
        var value: Int32 = stays ? 1 : 0
        // SQLite reads the number during the call. It fails only where there is no such file.
        _ = unsafe sqlite3_file_control(connection, "main", SQLITE_FCNTL_PERSIST_WAL, &value)
    }
}
