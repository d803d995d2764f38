// SPDX-License-Identifier: Apache-2.0

import FileIO

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Says that a node runs on a repository: `node.lock`, locked, with the process in it.
///
/// The kernel drops the lock when the process ends, however it ends. The file stays.
final class NodeLock: Sendable {
    private static let name = "node.lock"
    /// More than any process ID takes.
    private static let byteLimit = 32

    private let file: File

    /// Takes the lock of the repository at `path`; blocks for a moment.
    ///
    /// - Throws: ``NodeError`` with `alreadyRunning`; `IOError`.
    init(repository path: String) throws {
        let name = path + "/" + Self.name
        var file = try File(name, .append, permissions: 0o600)
        guard try file.tryLock() else {
            let owner = Self.owner(name).map { " (process \($0))" } ?? ""
            throw NodeError(
                .alreadyRunning, "a node runs on \(path) already\(owner); stop it first")
        }
        try file.truncate(to: 0)
        try file.writeAll(Array("\(getpid())\n".utf8))
        self.file = file
    }

    /// The process that wrote the file; nil if that cannot be told, which nobody depends on.
    private static func owner(_ name: String) -> Int? {
        guard let file = try? File(name, .read),  // for a message only
            let status = try? file.status(), status.byteCount <= Int64(byteLimit),
            let bytes = try? file.readExactly(Int(status.byteCount), at: 0)
        else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    }
}
