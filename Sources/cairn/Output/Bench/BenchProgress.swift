// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a benchmark is at, for a ``LiveLine``, or line by line where nobody looks.
final class BenchProgress: Sendable {
    private let isShown: Bool
    private let state = Mutex("")

    init(isShown: Bool) { self.isShown = isShown }

    var text: String { state.withLock { $0 } }

    func set(_ text: String) {
        state.withLock { $0 = text }
        if isShown, !Console.errorIsTerminal { Console.error(text) }
    }
}
