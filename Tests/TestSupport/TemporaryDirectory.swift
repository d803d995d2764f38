// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// An empty directory for one test, removed with all that is in it when the last reference goes.
public final class TemporaryDirectory: Sendable {
    /// Where it is.
    public let url: URL

    /// Makes the directory.
    ///
    /// - Throws: an error of Foundation.
    public init() throws {
        url = FileManager.default.temporaryDirectory
            .appending(path: "cairn-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)  // the system clears what is left
    }
}
