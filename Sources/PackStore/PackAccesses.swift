// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Synchronization

/// When packs were read by this process, as coarsely as rules need it.
///
/// Noting a read costs a look into a table; nothing is written. Whoever keeps access times asks for
/// them now and then by ``take()``.
public final class PackAccesses: Sendable {
    /// A pack that is read all the time is noted once in so long: an hour.
    public static let intervalMilliseconds: Int64 = 3_600_000

    private struct State {
        /// When each pack was last noted; some 50 bytes per pack that was ever read.
        var noted: [PackID: Int64] = [:]
        /// What was noted since it was last taken.
        var pending: [PackID: Int64] = [:]
    }

    private let state = Mutex(State())

    init() {}

    /// A block of the pack was read.
    ///
    /// - Parameter milliseconds: since 1970 (UTC).
    func note(_ pack: PackID, at milliseconds: Int64) {
        state.withLock { state in
            if let last = state.noted[pack], milliseconds - last < Self.intervalMilliseconds,
                milliseconds >= last
            {
                return
            }
            state.noted[pack] = milliseconds
            state.pending[pack] = milliseconds
        }
    }

    /// What was noted since the last call, in milliseconds since 1970 (UTC).
    public func take() -> [PackID: Int64] {
        state.withLock { state in
            defer { state.pending = [:] }
            return state.pending
        }
    }

    /// Whether there is anything to take.
    public var isEmpty: Bool { state.withLock { $0.pending.isEmpty } }
}
