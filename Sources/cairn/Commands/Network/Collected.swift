// SPDX-License-Identifier: Apache-2.0

import Node
import Synchronization

/// Answers in the order in which they came.
final class Collected: Sendable {
    private let state = Mutex<[ControlAnswer]>([])

    var answers: [ControlAnswer] { state.withLock { $0 } }

    func append(_ answer: ControlAnswer) { state.withLock { $0.append(answer) } }
}
