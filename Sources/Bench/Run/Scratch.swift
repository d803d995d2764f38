// SPDX-License-Identifier: Apache-2.0

import BlockStore
import FileIO

/// A directory that is removed with all that is in it when the work that it is for has ended,
/// however it ends.
enum Scratch {
    /// Makes a directory in `parent` and passes it to `body`.
    ///
    /// `parent` must be there: one that is missing may be a disk that is not mounted.
    static func with<Result: Sendable>(
        in parent: String, _ body: (Directory) async throws -> Result
    ) async throws -> Result {
        let name = Array("cairn-bench-\(PackID.make())".utf8)
        let (above, directory) = try await BlockingPool.shared.run {
            let above = try Directory(parent)
            try above.createDirectory(name, permissions: 0o700)
            return (above, try above.openDirectory(name))
        }
        do {
            let result = try await body(directory)
            try await remove(name, from: above)
            return result
        } catch {
            // The first error says more than that of tidying up.
            try? await remove(name, from: above)
            throw error
        }
    }

    /// Removes the tree `name`, even if the task is cancelled.
    static func remove(_ name: [UInt8], from directory: Directory) async throws {
        try await BlockingPool.shared.run { try directory.removeTree(name) }
    }
}
