// SPDX-License-Identifier: Apache-2.0

import GRDB

extension Schema {
    /// What in the schema of a catalog differs from the one that the migrations make, in words: a
    /// flipped bit in it makes another column or table, which SQLite has no way to find wrong.
    ///
    /// - Complexity: some milliseconds: the migrations are run on a database in memory.
    static func differences(_ db: Database) throws -> [String] {
        let expected = try DatabaseQueue()
        try migrator.migrate(expected)
        let made = try expected.read(objects)
        let found = try objects(db)
        return made.filter { found[$0.key] != $0.value }.keys.map { "\($0) is not as it was made" }
            .sorted()
            + found.keys.filter { made[$0] == nil }.map { "\($0) is not of Cairn" }.sorted()
    }

    /// The statements that made the tables, indexes and triggers, by name.
    private static func objects(_ db: Database) throws -> [String: String] {
        let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
        return try db.withCursor(sql) { cursor in
            var objects: [String: String] = [:]
            while try cursor.step() {
                objects["\(cursor.text(0)) \(cursor.text(1))"] =
                    cursor.text(2) + " " + cursor.text(3)
            }
            return objects
        }
    }
}
