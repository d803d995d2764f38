// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import FileIO
import Repository

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List what pipelines ran, newest first, and what came of it.",
        discussion: """
            Runs of `cairn run` and of the scheduler. With --last the last run of each pipeline \
            alone; the exit code is then 1 if any of them failed.

            Examples:
              cairn runs
              cairn runs nightly --failed --since 30d
              cairn runs --last --json
            """)

    @Argument(help: ArgumentHelp("A pipeline's name.", valueName: "pipeline"))
    var pipeline: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("List at most so many.", valueName: "n"))
    var limit: Int = 50

    @Option(
        help: ArgumentHelp(
            "In these states alone, joined by commas: \(RunRecord.State.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "states"))
    var state: String?

    @Flag(help: "Those that did not end well.")
    var failed = false

    @Flag(help: "The last run of each pipeline.")
    var last = false

    @Option(
        help: ArgumentHelp("Begun within this time, such as 12h, 7d or 4w.", valueName: "age"))
    var since: String?

    @Flag(name: .shortAndLong, help: "Show what each step did.")
    var verbose = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit \(limit): give 1 or more") }
        if failed && state != nil {
            throw ValidationError("--failed and --state exclude each other")
        }
        _ = try filter()
    }

    func run() async throws {
        let catalog = try await repository.open().catalog
        let records = last ? try await lastRuns(catalog) : try await catalog.runs(try filter())
        for record in records {
            let text = RunRecordText(record)
            if output.json {
                Console.line(text.json.text)
            } else {
                for line in text.lines { Console.line(line) }
                if verbose { for step in record.steps { Console.line("  \(step)") } }
            }
        }
        if records.isEmpty, !output.json { Console.error("no such runs") }
        if last, records.contains(where: { Self.failures.contains($0.state) }) {
            throw ExitCode(Failure.failed)
        }
    }

    private static let failures: [RunRecord.State] = [.failed, .timedOut, .cancelled, .died]

    private func lastRuns(_ catalog: any Catalog) async throws -> [RunRecord] {
        let filter = try filter()
        return try await catalog.lastRuns().filter { record in
            (pipeline == nil || record.pipeline == pipeline)
                && (filter.states.isEmpty || filter.states.contains(record.state))
                && record.startedAtMilliseconds >= filter.since ?? .min
        }
    }

    private func filter() throws -> RunFilter {
        var filter = RunFilter()
        filter.pipeline = pipeline
        filter.limit = limit
        if failed { filter.states = Self.failures + [.missed] }
        if let state {
            filter.states = try state.split(separator: ",").map { word in
                guard let state = RunRecord.State(rawValue: String(word)) else {
                    let words = RunRecord.State.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("--state \(word): give some of \(words)")
                }
                return state
            }
        }
        if let since {
            guard let span = TimeSpan.parse(since) else {
                throw ValidationError("--since \(since): give an age such as 12h, 7d or 4w")
            }
            filter.since = WallClock.milliseconds - span.components.seconds * 1000
        }
        return filter
    }
}
