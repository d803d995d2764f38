// SPDX-License-Identifier: Apache-2.0

import FileIO

/// Why a measurement cannot be made.
public struct BenchError: Error, CustomStringConvertible {
    /// What is wrong.
    public enum Code: Hashable, Sendable {
        /// The directory holds something already. Retryable with another one.
        case notEmpty
        /// The file system has too little room. Retryable once space is freed.
        case noRoom
        /// The data that were to be measured cannot be read whole.
        case source
    }

    /// The kind of failure.
    public let code: Code
    /// A sentence for the user.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Refuses where the file system of `path`, which exists, has no room for `byteCount` more.
    ///
    /// - Throws: ``BenchError`` with `noRoom`, or `IOError`.
    public static func requireRoom(_ byteCount: Int, at path: String, for what: String) throws {
        let available = try FileSystem.availableByteCount(at: path)
        guard available < byteCount else { return }
        let (needed, there) = (byteCount >> 20, available >> 20)
        throw BenchError(
            .noRoom,
            "\(what) needs \(needed) MiB, but there are \(there) MiB left at \(path); give a smaller --size or another directory"
        )
    }
}
