// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Carries the roots from the build stage to whoever needs them when it has ended.
final class Assembled: Sendable {
    private let state = Mutex<[IngestRoot]>([])

    var roots: [IngestRoot] { state.withLock { $0 } }

    func set(_ roots: [IngestRoot]) { state.withLock { $0 = roots } }
}
