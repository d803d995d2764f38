// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Bytes that may be held, of which some are; inside a larger budget, if it has a parent.
package final class MemoryBudget: Sendable {
    private let limit: Int
    private let parent: MemoryBudget?
    private let taken = Atomic<Int>(0)

    /// A budget of `limit` bytes, all of them free.
    package init(limit: Int, parent: MemoryBudget? = nil) {
        precondition(limit > 0, "a budget of \(limit) bytes")
        self.limit = limit
        self.parent = parent
    }

    /// The bytes held.
    package var used: Int { taken.load(ordering: .relaxed) }

    /// Takes `byteCount` bytes from this budget and its parents, or nothing.
    package func reserve(_ byteCount: Int) -> Bool {
        let (_, after) = taken.add(byteCount, ordering: .relaxed)
        guard after <= limit, parent?.reserve(byteCount) ?? true else {
            taken.subtract(byteCount, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Gives bytes back.
    package func release(_ byteCount: Int) {
        let (_, after) = taken.subtract(byteCount, ordering: .relaxed)
        assert(after >= 0, "released \(-after) bytes that were not held")
        parent?.release(byteCount)
    }
}
