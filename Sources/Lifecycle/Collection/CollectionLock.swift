// SPDX-License-Identifier: Apache-2.0

import FileIO

/// Held by the one garbage collection of a repository; the kernel releases it with the process.
final class CollectionLock: Sendable {
    /// How long between two tries while another holds it.
    private static let interval = Duration.milliseconds(200)

    private let file: File

    private init(_ file: consuming File) { self.file = file }

    /// Takes the lock of the repository at `path`.
    ///
    /// - Parameter wait: how long to wait for another collection; nil for not at all.
    /// - Throws: ``CollectionError`` with `running`; `IOError`; `CancellationError`.
    static func take(at path: String, wait: Duration?) async throws -> CollectionLock {
        let deadline = ContinuousClock.now + (wait ?? .zero)
        while true {
            let lock = try await BlockingPool.shared.run { () throws -> CollectionLock? in
                var file = try File(path + "/gc.lock", .append, permissions: 0o600)
                return try file.tryLock() ? CollectionLock(file) : nil
            }
            if let lock { return lock }
            guard ContinuousClock.now < deadline else {
                throw CollectionError(
                    .running,
                    "another `cairn gc` of \(path) is running; try later, or wait for it with --wait"
                )
            }
            try await Task.sleep(for: interval)
        }
    }
}
