// SPDX-License-Identifier: Apache-2.0

import FileIO

/// The right to move packs between tiers and to delete their files, held by one at a time.
///
/// A lock on `tiers.lock`, which the kernel drops when the process ends. Released when the last
/// reference goes.
public final class TierLock: Sendable {
    private let file: File

    private init(_ file: consuming File) { self.file = file }

    /// Takes the lock of a repository; nil if another holds it.
    ///
    /// - Throws: `IOError`.
    static func take(ofRepository path: String) async throws -> TierLock? {
        try await BlockingPool.shared.run {
            var file = try File(path + "/tiers.lock", .append, permissions: 0o600)
            return try file.tryLock() ? TierLock(file) : nil
        }
    }
}
