// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ingest
import Repository
import UnixFS

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Store the blocks of a CAR archive.",
        discussion: """
            CARv1 and CARv2 are read; `-` is standard input. Every block is checked against its \
            CID: a bad one is named and ends the import. The roots in the archive's header are \
            printed.
            """)

    @Argument(help: "The archive; `-` for standard input.", completion: .file(extensions: ["car"]))
    var file: String

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "Storing") var store: StoreArguments

    @Flag(name: .shortAndLong, help: "Print the root CIDs alone.")
    var quiet = false

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open(creating: true)
        var settings = try store.settings()
        settings.profile = DAGProfile.standard.rawValue
        let options = try settings.options(
            config: opened.config, spillDirectory: TemporaryDirectory.path(beside: opened))
        let reporter = RunReporter(verb: "imported", quiet: quiet, json: output.json)
        let run = ImportRun(
            repository: opened, options: options,
            counters: IngestCounters { reporter.skipped($0) })
        let source = file == "-" ? IngestSource.standardInput(name: "-") : .path(file)
        let result = try await reporter.watching(run.counters, report: { run.report }) {
            try await run.run(source)
        }
        reporter.finish(result, notes: [])
        if result.counts.skipped > 0 { throw ExitCode(Failure.skippedInputs) }
    }
}
