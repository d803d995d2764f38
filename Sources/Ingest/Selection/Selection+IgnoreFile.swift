// SPDX-License-Identifier: Apache-2.0

public import FileIO

extension Selection {
    /// Goes into `directory`, called `name` in the one above, nil for the source itself, and reads
    /// its ignore file if there is one.
    ///
    /// A symbolic link is followed; something else than a file by that name is passed over. A file
    /// that cannot be read or that is too large is an error: without its rules, what it names
    /// would be published.
    /// - Throws: `IOError` if the file cannot be read, ``IngestError`` if its rules are refused.
    public mutating func enter(_ directory: Directory, name: [UInt8]?) throws {
        enter(name: name, rules: readsIgnoreFiles ? try Self.rules(in: directory) : nil)
    }

    private static func rules(in directory: Directory) throws -> IgnoreRules? {
        let bytes: [UInt8]
        do throws(IOError) {
            let file = try directory.openFile(ignoreFileName, following: true)
            let status = try file.status()
            guard status.kind == .regular else { return nil }
            // One byte over the limit is enough to refuse the file.
            let byteCount = min(Int(status.byteCount), IgnoreRules.byteCountLimit + 1)
            bytes = try file.readExactly(byteCount, at: 0)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
        do {
            return try IgnoreRules(parsing: bytes)
        } catch {
            throw IngestError(
                .usage, "\(directory.entryPath(ignoreFileName)): \(error)", cause: error)
        }
    }
}
