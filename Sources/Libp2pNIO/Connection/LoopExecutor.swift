// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// Runs tasks on an event loop.
///
/// What arrives there is then handled without waking another thread, and what comes of it is sent
/// without being woken by one. For tasks that work for some microseconds between waits: they hold up
/// all connections of the loop.
final class LoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    /// The executor of `eventLoop`, which must not be shut down before the last task.
    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}
