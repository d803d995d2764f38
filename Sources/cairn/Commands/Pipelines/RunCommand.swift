// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ingest
import Node
import Pipeline
import Repository
import Schedule
import Synchronization

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a pipeline once: for cron, systemd timers, and by hand.",
        discussion: """
            Ingests what the file names, then does what it says of retention, tiers, garbage \
            collection and verification, and runs its hooks. Of one pipeline only one run goes at a \
            time; a second one ends at once with exit code 75, or waits with --wait.

            Prints one line; with --quiet, only if something is wrong. Exit codes: 0 all done; 1 \
            failed, or out of time; 2 usage; 3 done, but some inputs were skipped; 75 another run \
            of this pipeline is still going.

            The repository is --repo, or what the file names, or CAIRN_REPO, or ~/.cairn; it is \
            made on first use.

            Examples:
              cairn run nightly.yaml
              cairn run --wait 30m --quiet /etc/cairn/nightly.yaml
              30 2 * * *  cairn run -q /etc/cairn/nightly.yaml      a line for crontab
            """)

    @Argument(help: ArgumentHelp("A pipeline file.", valueName: "file"), completion: .file())
    var file: String

    @Option(
        defaultAsFlag: "forever",
        help: ArgumentHelp(
            "Wait for a run that is still going, for so long at most if a time is given.",
            discussion: "Without a time put it last, as what follows it is taken for one.",
            valueName: "time"))
    var wait: String?

    @Option(
        help: ArgumentHelp(
            "Write metrics for Prometheus' node exporter there, instead of where the file says.",
            valueName: "file"))
    var metrics: String?

    @Flag(name: .shortAndLong, help: "Print nothing unless something is wrong.")
    var quiet = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if quiet && output.json {
            throw ValidationError("--quiet and --json exclude each other")
        }
        _ = try lockWait()
    }

    func run() async throws {
        let declaration = try PipelineDeclaration.load(file)
        let opened = try await repository.open(for: declaration)
        let reporter = RunReporter(
            verb: "ingested", quiet: quiet || !Console.errorIsTerminal, json: output.json)
        var surroundings = PipelineRun.Surroundings.ofProgram(opened)
        surroundings.onSkip = { reporter.skipped($0) }
        surroundings.metricsPath = metrics
        let run = PipelineRun(
            declaration, repository: opened, wait: try lockWait(), surroundings: surroundings)
        let none = Pipeline()
        let ended = Mutex<RunReport?>(nil)
        do {
            try await reporter.watching(
                run.counters, report: { run.stages ?? none.report }
            ) {
                let report = await run.run()
                ended.withLock { $0 = report }
            }
        } catch let error as CancellationError {
            // The run has ended all the same, and says so itself.
            guard ended.withLock({ $0 }) != nil else { throw error }
        }
        guard let report = ended.withLock({ $0 }) else { throw CancellationError() }
        finish(PipelineReportText(report))
        if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }

    private func finish(_ text: PipelineReportText) {
        if output.json { return Console.line(text.json.text) }
        for warning in text.report.warnings { Console.error("warning: \(warning)") }
        if text.report.exitCode != 0 { return Console.error(text.line) }
        if !quiet { Console.line(text.line) }
    }

    private func lockWait() throws -> LockWait {
        guard let wait else { return .none }
        if wait == "forever" { return .forever }
        guard let span = TimeSpan.parse(wait) else {
            throw ValidationError("--wait \(wait): give a time such as 30m, or none for any time")
        }
        return .atMost(span)
    }
}

extension RepositoryOptions {
    /// The repository of a pipeline: the flag, the file, the environment, the default, in this
    /// order.
    func path(for declaration: PipelineDeclaration) -> String {
        repo ?? declaration.repository ?? path
    }

    /// Opens the repository of a pipeline, and makes it if there is none.
    func open(for declaration: PipelineDeclaration) async throws -> Repository {
        try await Repository.open(path(for: declaration), creating: true)
    }
}

extension PipelineRun.Surroundings {
    /// What this program gives a run on `repository`.
    static func ofProgram(_ repository: Repository) -> PipelineRun.Surroundings {
        var surroundings = PipelineRun.Surroundings()
        surroundings.temporaryDirectory = TemporaryDirectory.path(beside: repository)
        surroundings.announce = { repository, result in
            let requests = result.roots.map { root in
                var request = ControlRequest(.provideNow)
                request.cid = "\(root.cid)"
                return request
            }
            let host = try HostArguments.parse([])
            let records = try await NodeAccess.withSession(
                repository, host, identity: .repository
            ) { session in
                var records = 0
                for request in requests {
                    for result in try await session.all(request).compactMap(\.provided) {
                        records += result.records
                    }
                }
                return records
            }
            return
                "\(Figures.count(requests.count, "root")) announced, \(Figures.count(records, "record")) sent"
        }
        return surroundings
    }
}
