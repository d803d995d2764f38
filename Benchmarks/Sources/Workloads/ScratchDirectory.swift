// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A directory of its own that goes with the last reference to it.
final class ScratchDirectory: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "cairn-workload-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        path = url.path(percentEncoded: false)
    }

    deinit {
        // What cannot be removed stays in the system's own place for such things.
        try? FileManager.default.removeItem(atPath: path)
    }
}
