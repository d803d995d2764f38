// SPDX-License-Identifier: Apache-2.0

import FileIO

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file that has no name, so that it is gone with the process.
final class TemporaryFile {
    let file: File

    /// Makes the file in the directory `path`.
    ///
    /// - Throws: ``IOError``.
    init(in path: String) throws(IOError) {
        let directory = try Directory(path)
        let name = Array("spill-\(getpid())-\(UInt64.random(in: .min ... .max))".utf8)
        file = try directory.createFile(name, permissions: 0o600)
        try directory.remove(name)
    }
}
