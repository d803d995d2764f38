// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Pipeline
import Repository

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One life of a ``Scheduler``: the timetable, and the runs that are going.
struct SchedulerSession {
    private let scheduler: Scheduler
    private var table: Timetable
    private var declarations: [String: PipelineDeclaration] = [:]
    /// The runs that are going; each ends before ``work()`` does.
    private var tasks: [String: Task<Void, Never>] = [:]
    private var timer: Task<Void, Never>?
    private var isStopping = false
    private let room: WeightedSemaphore

    init(_ scheduler: Scheduler) {
        self.scheduler = scheduler
        table = Timetable(seed: scheduler.options.seed)
        room = WeightedSemaphore(capacity: max(1, scheduler.options.width))
    }

    private var now: Int64 {
        // Rounded down, so that nothing begins before its time.
        let milliseconds = scheduler.clock.milliseconds
        return milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0)
    }

    /// Reads the files and brings the timetable up to date.
    mutating func load(isFirst: Bool) async throws {
        let contents: ScheduleFiles.Contents
        do {
            contents = try await BlockingPool.shared.run { [files = scheduler.files] in
                try files.load()
            }
        } catch {
            if isFirst { throw error }
            return scheduler.onEvent(.problem("\(error); the schedule stays as it was"))
        }
        if isFirst { try ScheduleFiles.requireSound(contents) }
        for problem in contents.problems {
            scheduler.onEvent(.problem("\(problem.message); the old version stays in force"))
        }
        // A file that cannot be read now keeps what it said before.
        let kept = declarations.values.filter { old in
            contents.problems.contains { $0.path == old.path }
        }
        let wanted = contents.pipelines + kept
        for name in declarations.keys where !wanted.contains(where: { $0.name == name }) {
            table.remove(name)
            declarations[name] = nil
        }
        for declaration in wanted { await take(declaration) }
        scheduler.onEvent(.ready(pipelines: wanted.count))
    }

    private mutating func take(_ declaration: PipelineDeclaration) async {
        guard let rules = declaration.schedule else { return }
        declarations[declaration.name] = declaration
        var lastPlanned: Int64?
        do {
            let repository = try await scheduler.open(declaration)
            lastPlanned = try await repository.catalog.lastPlanned(of: declaration.name)
            if lastPlanned == nil {
                // From now on, what is missed is known.
                try await repository.catalog.setPlanned(now, of: declaration.name)
            }
        } catch {
            scheduler.onEvent(.problem("\(declaration.name): \(error)"))
        }
        table.set(rules, of: declaration.name, lastPlanned: lastPlanned, now: now)
        scheduler.onEvent(
            .scheduled(pipeline: declaration.name, next: table.next(of: declaration.name)?.start))
    }

    /// Runs what is due until told to stop; returns when nothing is going any more.
    mutating func work() async {
        while !(isStopping && tasks.isEmpty) {
            if !isStopping { await perform(table.tick(now: now)) }
            arm()
            switch await scheduler.mailbox.next() {
            case .wake: break
            case .ended(let pipeline, let report):
                tasks[pipeline] = nil
                let actions = table.ended(pipeline, now: now)
                if let report { scheduler.onEvent(.ended(report)) }
                if !isStopping { await perform(actions) }
            case .reload:
                // What cannot be read is told by `load`, and changes nothing.
                if !isStopping { try? await load(isFirst: false) }
            case .stop:
                isStopping = true
                if !scheduler.options.finishesRuns { cancelAll() }
            case .abort:
                isStopping = true
                cancelAll()
            }
        }
        timer?.cancel()
    }

    private func cancelAll() { for task in tasks.values { task.cancel() } }

    /// Sets the alarm for what is due next.
    private mutating func arm() {
        timer?.cancel()
        guard !isStopping, let wake = table.nextWake else { return }
        let (clock, mailbox) = (scheduler.clock, scheduler.mailbox)
        // Unstructured: an alarm, which the next one or the end of `work` cancels.
        timer = Task {
            do { try await clock.sleep(untilMilliseconds: wake * 1000) } catch { return }
            mailbox.add(.wake)
        }
    }

    private mutating func perform(_ actions: [Timetable.Action]) async {
        for action in actions {
            switch action {
            case .start(let pipeline, let planned, let missed):
                await start(pipeline, planned: planned, missed: missed)
            case .cancel(let pipeline): tasks[pipeline]?.cancel()
            case .leaveOut(let pipeline, let planned, let missed, let reason):
                await leaveOut(pipeline, planned: planned, missed: missed, reason)
            }
        }
    }

    private mutating func start(_ pipeline: String, planned: Int64, missed: Int) async {
        let mailbox = scheduler.mailbox
        guard let declaration = declarations[pipeline] else {
            return mailbox.add(.ended(pipeline: pipeline, nil))
        }
        let repository: Repository
        do {
            repository = try await scheduler.open(declaration)
            // Before the run: a program that dies in it does not begin it again and again.
            try await repository.catalog.setPlanned(planned, of: pipeline)
        } catch {
            scheduler.onEvent(.problem("\(pipeline): \(error)"))
            return mailbox.add(.ended(pipeline: pipeline, nil))
        }
        let (runner, onEvent, room) = (scheduler.runner, scheduler.onEvent, room)
        let wait = declaration.schedule?.overlap == .queue ? LockWait.forever : .none
        // Unstructured: so that this one run can be cancelled; `work` waits for its end.
        tasks[pipeline] = Task {
            // A run that is cancelled while it waits for room has not begun.
            do { try await room.acquire(1) } catch {
                return mailbox.add(.ended(pipeline: pipeline, nil))
            }
            onEvent(.began(pipeline: pipeline, planned: planned))
            let report = await runner(
                declaration, repository, .schedule(planned: planned, missed: missed), wait)
            if report.record.state == .overlapped {
                // Its lock is held by somebody else's run, which knows nothing of this one.
                do { try await repository.catalog.record(report.record) } catch {
                    onEvent(.problem("\(pipeline): \(error)"))
                }
            }
            room.release(1)
            mailbox.add(.ended(pipeline: pipeline, report))
        }
    }

    private func leaveOut(
        _ pipeline: String, planned: Int64, missed: Int, _ reason: Timetable.Reason
    ) async {
        guard let declaration = declarations[pipeline] else { return }
        let milliseconds = scheduler.clock.milliseconds
        var record = RunRecord(
            id: PackID.make().description, pipeline: pipeline, path: declaration.path,
            trigger: "schedule", planned: planned, startedAtMilliseconds: milliseconds,
            host: Machine.hostName, processID: Int(getpid()))
        record.missedCount = missed
        record.finishedAtMilliseconds = milliseconds
        switch reason {
        case .overlap:
            record.state = .overlapped
            record.exitCode = Int(RunExit.stillRunning)
            record.error = "the run before was still going"
        case .missed:
            record.state = .missed
            record.error = "it was missed, and catch-up does not cover it"
        }
        do {
            let repository = try await scheduler.open(declaration)
            try await repository.catalog.setPlanned(planned, of: pipeline)
            try await repository.catalog.record(record)
        } catch {
            scheduler.onEvent(.problem("\(pipeline): \(error)"))
        }
        scheduler.onEvent(.leftOut(record))
    }
}
