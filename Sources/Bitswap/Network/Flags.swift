// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A set of indices, filled from any thread.
final class Flags: Sendable {
    private let indices = Mutex<Set<Int>>([])

    /// Adds an index.
    func set(_ index: Int) { indices.withLock { _ = $0.insert(index) } }

    /// Whether an index was added.
    func contains(_ index: Int) -> Bool { indices.withLock { $0.contains(index) } }
}
