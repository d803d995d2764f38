// SPDX-License-Identifier: Apache-2.0

import IPLD
import Synchronization

/// Notices that something has not happened for a while.
final class IdleWatch: Sendable {
    private let last = Mutex(ContinuousClock.now)

    /// It happened.
    func reset() { last.withLock { $0 = .now } }

    /// Returns once it has not happened for `duration`.
    func wait(_ duration: Duration) async throws {
        while true {
            let end = last.withLock { $0 } + duration
            if end <= .now { return }
            try await Task.sleep(until: end, clock: .continuous)
        }
    }
}

/// A block that another task finds.
final class FoundBlocks: Sendable {
    private let state = Mutex<Block?>(nil)

    var block: Block? { state.withLock { $0 } }

    func set(_ block: Block) { state.withLock { $0 = block } }
}
