// SPDX-License-Identifier: Apache-2.0

public import ServiceLifecycle
import UnixSignals

/// Has a scheduler read its files again whenever the process gets SIGHUP.
public struct ReloadOnHangup: Service {
    private let scheduler: Scheduler

    /// Listens for `scheduler`.
    public init(_ scheduler: Scheduler) { self.scheduler = scheduler }

    /// Listens until the service group shuts down.
    public func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            scheduler.reload()
        }
    }
}
