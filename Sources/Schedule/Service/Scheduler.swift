// SPDX-License-Identifier: Apache-2.0

public import Repository
public import ServiceLifecycle

/// Runs pipelines when their schedules say so, until it is told to stop: what `cairn schedule` and
/// `cairn node --schedule` do.
///
/// What is due is decided by a ``Timetable``; this is its shell, with clock, files, runs and the
/// history. State is kept in the catalog, so that a restart knows what was missed.
public final class Scheduler: Service {
    /// Runs one pipeline; tests put something else here.
    public typealias Runner =
        @Sendable (PipelineDeclaration, Repository, PipelineRun.Trigger, LockWait) async ->
        RunReport

    let files: ScheduleFiles
    let options: Options
    let clock: any ScheduleClock
    let open: @Sendable (PipelineDeclaration) async throws -> Repository
    let runner: Runner
    let onEvent: @Sendable (Event) -> Void
    let mailbox = SchedulerMailbox()

    /// A scheduler that has not begun.
    ///
    /// - Parameters:
    ///   - open: opens the repository of a pipeline.
    ///   - runner: runs a pipeline.
    ///   - onEvent: hears what goes on.
    public init(
        _ files: ScheduleFiles, options: Options = Options(),
        clock: any ScheduleClock = SystemClock(),
        open: @escaping @Sendable (PipelineDeclaration) async throws -> Repository,
        runner: @escaping Runner, onEvent: @escaping @Sendable (Event) -> Void
    ) {
        self.files = files
        self.options = options
        self.clock = clock
        self.open = open
        self.runner = runner
        self.onEvent = onEvent
    }

    /// Has the files read again: pipelines that are new or changed are taken over, those that are
    /// gone leave the timetable, and one that cannot be read stays as it was.
    public func reload() { mailbox.add(.reload) }

    /// Begins nothing more, and returns from ``run()`` when what is going has ended.
    public func stop() { mailbox.add(.stop) }

    /// Runs until it is stopped, by ``stop()``, a graceful shutdown, or cancellation.
    ///
    /// - Throws: `YAMLError` or `IOError` if the files are no good at the beginning.
    public func run() async throws {
        // Unstructured: awaited here, but not cancelled with this task, as what is going must end in
        // good order first.
        let work = Task {
            var session = SchedulerSession(self)
            try await session.load(isFirst: true)
            await session.work()
        }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await work.value
            } onGracefulShutdown: {
                self.stop()
            }
        } onCancel: {
            mailbox.add(.abort)
        }
    }
}
