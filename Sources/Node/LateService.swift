// SPDX-License-Identifier: Apache-2.0

import ServiceLifecycle
import Synchronization

/// A service that begins when the node can be asked: what it does may ask the node.
struct LateService: Service {
    /// Whether the node is ready.
    final class Readiness: Sendable {
        private let isReached = Atomic(false)

        var isReady: Bool { isReached.load(ordering: .acquiring) }

        func reach() { isReached.store(true, ordering: .releasing) }
    }

    let service: any Service
    let readiness: Readiness

    /// Runs the service, which is told itself of a shutdown.
    func run() async throws {
        while !readiness.isReady, !Task.isShuttingDownGracefully {
            try await Task.sleep(for: .milliseconds(5))
        }
        try await service.run()
    }
}
