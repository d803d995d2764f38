// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What tasks did, in the order in which they did it.
final class Recorder<Element: Sendable>: Sendable {
    private let state = Mutex<[Element]>([])

    var elements: [Element] { state.withLock { $0 } }

    func append(_ element: Element) { state.withLock { $0.append(element) } }
}
