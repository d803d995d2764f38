// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Repository
import Schedule
import Synchronization
import TestSupport
import Testing

/// The scheduler with a clock that the test turns: nights, changes of clocks, overlap, restarts.
struct SchedulerTests {
    private let folder: TemporaryDirectory
    private let repository: Repository
    private let happenings = Happenings()

    init() async throws {
        folder = try TemporaryDirectory()
        repository = try await Repository.open(folder.path("repository"), creating: true)
        try FileManager.default.createDirectory(
            atPath: folder.path("pipelines"), withIntermediateDirectories: true)
    }

    private func declare(_ name: String, _ schedule: String) throws {
        let text = "sources: /x\nschedule: {timezone: Europe/Berlin, \(schedule)}\n"
        try Data(text.utf8).write(to: URL(filePath: folder.path("pipelines/\(name).yaml")))
    }

    /// A scheduler whose runs last until the test ends them.
    private func scheduler(
        _ clock: TurnedClock, runs: HeldRuns, options: Scheduler.Options = .init()
    ) -> Scheduler {
        let happenings = happenings
        return Scheduler(
            ScheduleFiles([folder.path("pipelines")]), options: options, clock: clock,
            open: { _ in repository },
            runner: { declaration, _, trigger, _ in
                await runs.run(declaration, trigger, clock)
            },
            onEvent: { event in
                switch event {
                case .leftOut(let record):
                    happenings.add("\(record.pipeline) \(record.state.rawValue)")
                case .ended(let report):
                    happenings.add("\(report.record.pipeline) \(report.record.state.rawValue)")
                case .problem(let text): happenings.add("problem: \(text)")
                case .ready(let count): happenings.add("ready \(count)")
                case .began(let pipeline, let planned):
                    happenings.add("\(pipeline) began \(UniversalTime.text(planned))")
                case .scheduled: break
                }
            })
    }

    private func turn(_ clock: TurnedClock, _ text: String) {
        clock.turn(to: UniversalTime.seconds(text))
    }

    @Test func `nights pass across the change of clocks, and a missed one is made up for`()
        async throws
    {
        try declare("nightly", "cron: 30 2 * * *")
        let clock = TurnedClock(UniversalTime.seconds("2026-03-27 12:00"))
        let runs = HeldRuns(endsAtOnce: true)
        let first = scheduler(clock, runs: runs)
        async let firstLife: Void = first.run()
        #expect(await happenings.next() == "ready 1")
        // Friday night is winter time, Sunday's 02:30 does not exist, Monday's is summer time.
        for time in ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"] {
            turn(clock, time)
            #expect(await happenings.next() == "nightly began \(time)")
            #expect(await happenings.next() == "nightly done")
        }
        first.stop()
        try await firstLife

        // The machine is off for two nights.
        turn(clock, "2026-04-01 07:00")
        let second = scheduler(clock, runs: runs)
        async let secondLife: Void = second.run()
        #expect(await happenings.next() == "ready 1")
        #expect(await happenings.next() == "nightly began 2026-04-01 00:30")
        #expect(await happenings.next() == "nightly done")
        #expect(runs.missed == [0, 0, 0, 1])
        turn(clock, "2026-04-02 00:30")
        #expect(await happenings.next() == "nightly began 2026-04-02 00:30")
        #expect(await happenings.next() == "nightly done")
        // In autumn 02:30 comes twice and runs once.
        turn(clock, "2026-10-25 00:30")
        #expect(await happenings.next() == "nightly began 2026-10-25 00:30")
        #expect(await happenings.next() == "nightly done")
        turn(clock, "2026-10-25 01:30")
        turn(clock, "2026-10-26 01:30")
        #expect(await happenings.next() == "nightly began 2026-10-26 01:30")
        #expect(await happenings.next() == "nightly done")
        second.stop()
        try await secondLife
        #expect(happenings.rest.isEmpty)
    }

    @Test func `a missed night is left out and told, if the file says so`() async throws {
        try declare("nightly", "cron: 30 2 * * *, catch-up: false")
        try await repository.catalog.setPlanned(
            UniversalTime.seconds("2026-05-01 00:30"), of: "nightly")
        let clock = TurnedClock(UniversalTime.seconds("2026-05-03 07:00"))
        let scheduler = scheduler(clock, runs: HeldRuns(endsAtOnce: true))
        async let life: Void = scheduler.run()
        #expect(await happenings.next() == "ready 1")
        #expect(await happenings.next() == "nightly missed")
        scheduler.stop()
        try await life
        let record = try #require(try await repository.catalog.runs(RunFilter()).first)
        #expect(record.state == .missed && record.missedCount == 1)
        #expect(record.planned == UniversalTime.seconds("2026-05-03 00:30"))
        #expect(try await repository.catalog.lastPlanned(of: "nightly") == record.planned)
    }

    @Test(arguments: ["skip", "queue", "cancel"])
    func `overlapping runs follow the rule`(_ rule: String) async throws {
        try declare("hourly", "cron: 0 * * * *, overlap: \(rule)")
        let clock = TurnedClock(UniversalTime.seconds("2026-05-01 00:10"))
        let runs = HeldRuns(endsAtOnce: false)
        let scheduler = scheduler(clock, runs: runs)
        async let life: Void = scheduler.run()
        #expect(await happenings.next() == "ready 1")
        turn(clock, "2026-05-01 01:00")
        #expect(await happenings.next() == "hourly began 2026-05-01 01:00")
        await runs.untilRunning(1)
        turn(clock, "2026-05-01 02:00")
        switch rule {
        case "skip":
            #expect(await happenings.next() == "hourly overlapped")
            let record = try await repository.catalog.runs(RunFilter()).first
            #expect(record?.state == .overlapped && record?.exitCode == 75)
            runs.endAll()
            #expect(await happenings.next() == "hourly done")
        case "queue":
            runs.endAll()
            #expect(await happenings.next() == "hourly done")
            #expect(await happenings.next() == "hourly began 2026-05-01 02:00")
        default:
            #expect(await happenings.next() == "hourly cancelled")
            #expect(await happenings.next() == "hourly began 2026-05-01 02:00")
        }
        runs.endAll()
        scheduler.stop()
        try await life
    }

    @Test(arguments: [(true, "nightly done"), (false, "nightly cancelled")])
    func `a stop waits for what is going, or cancels it`(
        _ finishes: Bool, _ end: String
    ) async throws {
        try declare("nightly", "cron: 30 2 * * *")
        let clock = TurnedClock(UniversalTime.seconds("2026-05-01 00:00"))
        let runs = HeldRuns(endsAtOnce: false)
        var options = Scheduler.Options()
        options.finishesRuns = finishes
        let scheduler = scheduler(clock, runs: runs, options: options)
        async let life: Void = scheduler.run()
        #expect(await happenings.next() == "ready 1")
        turn(clock, "2026-05-01 00:30")
        #expect(await happenings.next() == "nightly began 2026-05-01 00:30")
        await runs.untilRunning(1)
        scheduler.stop()
        if finishes { runs.endAll() }
        #expect(await happenings.next() == end)
        try await life
    }

    @Test func `a cancelled scheduler ends its runs first`() async throws {
        try declare("nightly", "cron: 30 2 * * *")
        let clock = TurnedClock(UniversalTime.seconds("2026-05-01 00:00"))
        let runs = HeldRuns(endsAtOnce: false)
        let scheduler = scheduler(clock, runs: runs)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await scheduler.run() }
            #expect(await happenings.next() == "ready 1")
            turn(clock, "2026-05-01 00:30")
            #expect(await happenings.next() == "nightly began 2026-05-01 00:30")
            await runs.untilRunning(1)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(await happenings.next() == "nightly cancelled")
        #expect(runs.running == 0)
    }

    @Test func `a reload takes changes over and keeps what cannot be read`() async throws {
        try declare("a", "cron: 0 5 * * *")
        let clock = TurnedClock(UniversalTime.seconds("2026-05-01 00:00"))
        let scheduler = scheduler(clock, runs: HeldRuns(endsAtOnce: true))
        async let life: Void = scheduler.run()
        #expect(await happenings.next() == "ready 1")
        try declare("b", "cron: 0 3 * * *")
        try Data("source: 1".utf8).write(to: URL(filePath: folder.path("pipelines/a.yaml")))
        scheduler.reload()
        let problem = await happenings.next()
        #expect(problem.contains("did you mean sources?") && problem.contains("stays in force"))
        #expect(await happenings.next() == "ready 2")
        turn(clock, "2026-05-01 01:00")
        #expect(await happenings.next() == "b began 2026-05-01 01:00")
        #expect(await happenings.next() == "b done")
        turn(clock, "2026-05-01 03:00")
        #expect(await happenings.next() == "a began 2026-05-01 03:00")
        #expect(await happenings.next() == "a done")
        try FileManager.default.removeItem(atPath: folder.path("pipelines/b.yaml"))
        scheduler.reload()
        #expect(await happenings.next().contains("stays in force"))
        #expect(await happenings.next() == "ready 1")
        scheduler.stop()
        try await life
    }

    @Test func `a file with a mistake keeps a scheduler from beginning`() async throws {
        try declare("a", "cron: 61 * * * *")
        try declare("b", "cron: '@daily'")
        let scheduler = scheduler(TurnedClock(0), runs: HeldRuns(endsAtOnce: true))
        let error = await #expect(throws: (any Error).self) { try await scheduler.run() }
        #expect("\(String(describing: error))".contains("\"61\" is no minute"))
    }

    @Test func `two files with one name are refused`() async throws {
        try declare("a", "cron: '@daily'")
        let text = "name: a\nsources: /x\nschedule: {cron: '@daily'}\n"
        try Data(text.utf8).write(to: URL(filePath: folder.path("pipelines/b.yaml")))
        let contents = try ScheduleFiles([folder.path("pipelines")]).load()
        #expect(contents.pipelines.map(\.name) == ["a"])
        #expect(contents.problems.first?.message.contains("has the name a, too") == true)
    }
}

/// Runs that end when the test says so, or at once.
final class HeldRuns: Sendable {
    private struct State {
        var running = 0
        var missed: [Int] = []
        var held: [CheckedContinuation<Void, Never>] = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var isOpen = false
    }

    private let state: Mutex<State>

    init(endsAtOnce: Bool) {
        var state = State()
        state.isOpen = endsAtOnce
        self.state = Mutex(state)
    }

    var running: Int { state.withLock { $0.running } }
    /// How many times each run was told to have missed.
    var missed: [Int] { state.withLock { $0.missed } }

    func run(
        _ declaration: PipelineDeclaration, _ trigger: PipelineRun.Trigger, _ clock: TurnedClock
    ) async -> RunReport {
        var record = RunRecord(
            id: UUID().uuidString, pipeline: declaration.name, path: declaration.path,
            trigger: trigger.word, startedAtMilliseconds: clock.milliseconds, host: "test",
            processID: 1)
        if case .schedule(let planned, let missed) = trigger {
            record.planned = planned
            state.withLock { $0.missed.append(missed) }
        }
        enter()
        await hold()
        record.state = Task.isCancelled ? .cancelled : .done
        record.exitCode = Task.isCancelled ? 130 : 0
        state.withLock { $0.running -= 1 }
        return RunReport(record)
    }

    private func enter() {
        let watchers = state.withLock { state in
            state.running += 1
            let due = state.watchers.filter { $0.count <= state.running }
            state.watchers.removeAll { $0.count <= state.running }
            return due
        }
        for watcher in watchers { watcher.continuation.resume() }
    }

    private func hold() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.held.append(continuation)
                    return false
                }
                if isOpen { continuation.resume() }
            }
        } onCancel: {
            endAll(staysOpen: false)
        }
    }

    /// Ends the runs that are going, and lets those that come end at once.
    func endAll(staysOpen: Bool = true) {
        let held = state.withLock { state in
            if staysOpen { state.isOpen = true }
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Waits until so many runs are going.
    func untilRunning(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.running >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }
}
