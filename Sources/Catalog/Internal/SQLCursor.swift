// SPDX-License-Identifier: Apache-2.0

import GRDB
import GRDBSQLite

/// A prepared statement while it is in use: bound, stepped and read without a box per value.
///
/// GRDB's own binding and row types cost more than the look-up itself when a batch asks for
/// hundreds of thousands of keys, and need Foundation's `Data` for blobs. Transactions, the
/// statement cache and the connection's queue stay GRDB's.
@safe struct SQLCursor: ~Copyable {
    /// Alive as long as `statement`, which the caller's scope holds.
    private let handle: OpaquePointer

    fileprivate init(handle: OpaquePointer) { unsafe self.handle = handle }

    /// Binds an integer to the parameter of that 1-based index.
    func bind(_ value: Int64, at index: Int32) throws {
        try unsafe check(sqlite3_bind_int64(handle, index, value))
    }

    /// Binds an integer or NULL to the parameter of that 1-based index.
    func bind(_ value: Int64?, at index: Int32) throws {
        guard let value else { return try unsafe check(sqlite3_bind_null(handle, index)) }
        try bind(value, at: index)
    }

    /// Binds a blob to the parameter of that 1-based index; SQLite copies it.
    func bind(_ bytes: [UInt8], at index: Int32) throws {
        guard !bytes.isEmpty else {
            return try unsafe check(sqlite3_bind_zeroblob(handle, index, 0))
        }
        let code = unsafe bytes.withUnsafeBytes { buffer in
            // The pointer is read within the call, `count` bytes of it.
            unsafe sqlite3_bind_blob(
                handle, index, buffer.baseAddress, Int32(buffer.count), Self.transient)
        }
        try check(code)
    }

    /// Binds a text, with any U+0000 in it, or NULL to the parameter of that 1-based index.
    func bind(_ text: String?, at index: Int32) throws {
        guard var text else { return try unsafe check(sqlite3_bind_null(handle, index)) }
        let code = text.withUTF8 { buffer in
            // The pointer is read within the call, `count` bytes of it.
            unsafe UnsafeRawBufferPointer(buffer).withMemoryRebound(to: CChar.self) { buffer in
                unsafe sqlite3_bind_text(
                    handle, index, buffer.baseAddress ?? Self.empty, Int32(buffer.count),
                    Self.transient)
            }
        }
        try check(code)
    }

    /// Moves to the next row; false at the end.
    func step() throws -> Bool {
        let code = unsafe sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure(code)
        }
    }

    /// Steps to the end and makes the statement ready for the next values.
    func execute() throws {
        while try step() {}
        reset()
    }

    /// Makes the statement ready for the next values; those bound stay.
    func reset() {
        // The code repeats the error of the last step, which has been thrown.
        _ = unsafe sqlite3_reset(handle)
    }

    /// The integer in that 0-based column; NULL reads as 0.
    func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    /// The integer in that 0-based column, if it is not NULL.
    func optionalInteger(_ column: Int32) -> Int64? {
        unsafe sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : integer(column)
    }

    /// The text in that 0-based column; NULL reads as the empty text.
    func text(_ column: Int32) -> String {
        // SQLite keeps the column's bytes in place until the next step or reset.
        unsafe String(decoding: content(column), as: UTF8.self)
    }

    /// The text in that 0-based column, if it is not NULL.
    func optionalText(_ column: Int32) -> String? {
        unsafe sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : text(column)
    }

    /// A copy of the blob in that 0-based column.
    func bytes(_ column: Int32) -> [UInt8] {
        // SQLite keeps the column's bytes in place until the next step or reset.
        unsafe [UInt8](content(column))
    }

    /// Lends the blob in that 0-based column until `body` returns.
    func withBytes<Result>(
        _ index: Int32, _ body: (Span<UInt8>) throws -> Result
    ) rethrows -> Result {
        // SQLite keeps the column's bytes in place until the next step or reset.
        try unsafe body(Span(_unsafeBytes: content(index)))
    }

    /// The bytes in that column, valid until the next step or reset.
    @unsafe private func content(_ index: Int32) -> UnsafeRawBufferPointer {
        // The pointer comes first: asking for it may convert the value and change the count.
        let start = unsafe sqlite3_column_blob(handle, index)
        let count = unsafe Int(sqlite3_column_bytes(handle, index))
        return unsafe UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    }

    /// Asks SQLite to copy what is bound.
    private static var transient: sqlite3_destructor_type {
        // SQLite's own constant: a pointer of value -1, never called.
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    /// What an empty text points at, as SQLite takes no pointer for NULL.
    private static var empty: UnsafePointer<CChar> { unsafe sqlite3_libversion() }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> DatabaseError {
        let message = unsafe sqlite3_errmsg(sqlite3_db_handle(handle)).map {
            unsafe String(cString: $0)
        }
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
}

extension Database {
    /// Lends a cached prepared statement; afterwards it is reset, so that it holds no lock.
    ///
    /// The same SQL must not be lent again within `body`.
    func withCursor<Result>(
        _ sql: String, _ body: (borrowing SQLCursor) throws -> Result
    ) throws -> Result {
        let statement = try cachedStatement(sql: sql)
        let cursor = unsafe SQLCursor(handle: statement.sqliteStatement)
        cursor.reset()
        defer { cursor.reset() }
        return try withExtendedLifetime(statement) { try body(cursor) }
    }

    /// The single integer that a statement without parameters gives; nil without a row.
    func integer(_ sql: String) throws -> Int64? {
        try withCursor(sql) { cursor in try cursor.step() ? cursor.integer(0) : nil }
    }
}
