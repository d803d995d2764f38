// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Node
import Repository
import Schedule
import ServiceLifecycle
import UnixSignals

struct ScheduleCommand: AsyncParsableCommand, SignalHandling {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Run pipelines when their schedules say so, until interrupted.",
        discussion: """
            Reads pipeline files, or all *.yaml in directories. Times, time zones, jitter, missed \
            runs, overlap and blackout windows are what each file's section `schedule` says; \
            `cairn pipeline explain FILE` shows the next times. What ran is told by `cairn runs`.

            SIGHUP has the files read again. Ctrl-C and SIGTERM cancel what is going (it stays \
            resumable) and end the program; a second one ends it at once. With --finish the first \
            one waits for what is going.

            Examples:
              cairn schedule /etc/cairn/pipelines
              cairn schedule nightly.yaml --finish
            """)

    @Argument(
        help: ArgumentHelp("Pipeline files, or directories of them.", valueName: "path"),
        completion: .file())
    var paths: [String]

    @OptionGroup var scheduling: ScheduleArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let scheduler = scheduling.scheduler(paths, repository, json: output.json)
        let services = ([scheduler, ReloadOnHangup(scheduler)] as [any Service]).map {
            ServiceGroupConfiguration.ServiceConfiguration(service: $0)
        }
        let configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigint, .sigterm], logger: Logs.logger)
        try await ServiceGroup(configuration: configuration).run()
    }
}

/// How a scheduler goes about its work: shared by `cairn schedule` and `cairn node --schedule`.
struct ScheduleArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp("Runs that go at the same time at most; others wait.", valueName: "n"))
    var jobs = 2

    @Flag(help: "When told to stop, wait for the runs that are going instead of cancelling them.")
    var finish = false

    @Option(
        help: ArgumentHelp(
            "Makes the jitter; the same number gives the same times.", valueName: "number"))
    var seed: UInt64 = 0

    func validate() throws {
        guard (1...64).contains(jobs) else {
            throw ValidationError("--jobs \(jobs): give 1 to 64")
        }
    }

    /// A scheduler of those files that tells on standard output what it does.
    func scheduler(_ paths: [String], _ repository: RepositoryOptions, json: Bool) -> Scheduler {
        var options = Scheduler.Options()
        options.seed = seed
        options.width = jobs
        options.finishesRuns = finish
        let repositories = OpenRepositories()
        return Scheduler(
            ScheduleFiles(paths), options: options,
            open: { try await repositories.open(repository.path(for: $0)) },
            runner: { declaration, opened, trigger, wait in
                await PipelineRun(
                    declaration, repository: opened, trigger: trigger, wait: wait,
                    surroundings: .ofProgram(opened)
                ).run()
            },
            onEvent: { SchedulerEventText($0).show(json: json) })
    }
}

/// The repositories of a schedule, each opened once.
private actor OpenRepositories {
    private var opened: [String: Repository] = [:]

    func open(_ path: String) async throws -> Repository {
        if let repository = opened[path] { return repository }
        let repository = try await Repository.open(path, creating: true)
        // Another call may have been faster.
        if let other = opened[path] { return other }
        opened[path] = repository
        return repository
    }
}

/// What a scheduler tells, for people and for programs.
struct SchedulerEventText {
    private let event: Scheduler.Event

    init(_ event: Scheduler.Event) { self.event = event }

    /// Prints the event.
    func show(json: Bool) {
        if json { return Console.line(self.json.text) }
        switch event {
        case .problem(let text): Console.error(text)
        case .ready(let count): Console.line("ready: \(Figures.count(count, "pipeline"))")
        case .scheduled(let pipeline, let next):
            let time =
                next.map { "begins \(Figures.time(milliseconds: $0 * 1000))" } ?? "never begins"
            Console.line("\(pipeline): \(time)")
        case .began(let pipeline, _): Console.line("\(pipeline): begun")
        case .ended(let report):
            for input in report.skipped { Console.error("skipped \(input)") }
            for warning in report.warnings { Console.error("warning: \(warning)") }
            Console.line(PipelineReportText(report).line)
        case .leftOut(let record):
            Console.line("\(record.pipeline): left out: \(record.error ?? "")")
        }
    }

    private var json: JSON {
        switch event {
        case .problem(let text): .object([("event", "problem"), ("text", .string(text))])
        case .ready(let count): .object([("event", "ready"), ("pipelines", .count(count))])
        case .scheduled(let pipeline, let next):
            .object([
                ("event", "scheduled"), ("pipeline", .string(pipeline)),
                ("next", .text(next.map { Figures.time(milliseconds: $0 * 1000) })),
            ])
        case .began(let pipeline, let planned):
            .object([
                ("event", "began"), ("pipeline", .string(pipeline)),
                ("planned", .string(Figures.time(milliseconds: planned * 1000))),
            ])
        case .ended(let report): PipelineReportText(report).json
        case .leftOut(let record):
            .object([("event", "left-out")] + RunRecordText(record).fields)
        }
    }
}
