// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ingest
import Repository

struct Ingest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Chunk, hash, compress and store files and directories; print the root CID.",
        discussion: """
            Each path gives a root of its own, printed in order; --wrap puts them all into one \
            directory. `-` is standard input.

            Hidden entries (names that start with a dot) are left out unless --hidden is given; \
            `.cairnignore` files (gitignore syntax) apply to their directory and below. Symbolic \
            links are kept as links. Sockets, FIFOs and devices are left out with a note. A file \
            that cannot be read, or that keeps changing while it is read, is left out and \
            reported, and the exit code is 3.

            A file is not read again if its status (inode, size, times, mode, links) is what it was \
            when an earlier run of the same path and options read it; --no-cache and \
            --verify-cache do otherwise.

            When the root is printed, everything below it is durable. Interrupted at any point, \
            the store stays whole; running the same command again goes on from what was kept.

            Examples:
              cairn ingest ~/photos
              cairn ingest --profile unixfs-v0-2015 --wrap a.iso
              tar c . | cairn ingest - --stdin-name backup.tar --wrap
              cairn ingest --only-hash --quiet DIR      the CID alone, nothing stored
            """)

    @Argument(
        help: ArgumentHelp("Files and directories; `-` for standard input.", valueName: "path"),
        completion: .file())
    var paths: [String]

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup(title: "DAG options") var dag: DAGArguments

    @Flag(help: "Put all paths into one directory.")
    var wrap = false

    @Option(help: ArgumentHelp("The name of standard input under --wrap.", valueName: "name"))
    var stdinName = "stdin"

    @Flag(help: "Include hidden entries.")
    var hidden = false

    @Flag(help: "Follow symbolic links instead of keeping them.")
    var dereference = false

    @Option(
        help: ArgumentHelp(
            "Leave out what matches (gitignore syntax); repeatable, later ones win.",
            valueName: "glob"))
    var exclude: [String] = []

    @Option(
        help: ArgumentHelp(
            "Keep what matches although an --exclude does; repeatable.", valueName: "glob"))
    var include: [String] = []

    @Flag(help: "Do not enter other file systems.")
    var oneFileSystem = false

    @Flag(help: "Read all files, also those that are unchanged since the last run.")
    var noCache = false

    @Option(
        help: ArgumentHelp(
            "Read this share of the unchanged files all the same, such as 5 or all, and fail if one differs from what is remembered.",
            valueName: "percent|all"))
    var verifyCache: String?

    @OptionGroup(title: "Storing") var store: StoreArguments

    @Flag(help: "Only compute CIDs; touch no repository.")
    var onlyHash = false

    @Flag(help: "Say what would be stored; write nothing.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Print the root CIDs alone.")
    var quiet = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if onlyHash && dryRun {
            throw ValidationError("--only-hash and --dry-run exclude each other")
        }
        if noCache && verifyCache != nil {
            throw ValidationError("--no-cache and --verify-cache exclude each other")
        }
        _ = try verifiedShare()
        if quiet && output.json {
            throw ValidationError("--quiet and --json exclude each other")
        }
        if paths.filter({ $0 == "-" }).count > 1 {
            throw ValidationError("standard input can be read only once")
        }
    }

    func run() async throws {
        let opened = try await openRepository()
        let options = try settings().options(
            config: opened?.config, spillDirectory: TemporaryDirectory.path(beside: opened))
        let reporter = RunReporter(verb: verb, quiet: quiet, json: output.json)
        let run = IngestRun(
            repository: opened, options: options,
            counters: IngestCounters { reporter.skipped($0) })
        let sources = paths.map { path in
            path == "-" ? IngestSource.standardInput(name: stdinName) : .path(path)
        }
        let result = try await reporter.watching(run.counters, report: { run.report }) {
            try await run.run(sources)
        }
        reporter.finish(result, notes: run.counters.notes)
        if result.counts.skipped > 0 { throw ExitCode(Failure.skippedInputs) }
    }

    private func settings() throws -> IngestSettings {
        var settings = try store.settings()
        try dag.apply(to: &settings)
        settings.includesHidden = hidden
        settings.excludes = exclude
        settings.includes = include
        settings.wrap = wrap
        settings.followsSymbolicLinks = dereference
        settings.staysOnFileSystem = oneFileSystem
        settings.purpose = onlyHash ? .onlyHash : dryRun ? .dryRun : .store
        settings.usesStatCache = !noCache
        settings.verifiedShare = try verifiedShare()
        return settings
    }

    /// The share of unchanged files to read, 0 to 1.
    private func verifiedShare() throws -> Double {
        guard let text = verifyCache else { return 0 }
        if text == "all" { return 1 }
        let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
        guard let percent = Double(digits), percent > 0, percent <= 100 else {
            throw ValidationError(
                "--verify-cache \(text): give all, or percent above 0 and up to 100")
        }
        return percent / 100
    }

    private var verb: String { onlyHash ? "hashed" : dryRun ? "would ingest" : "ingested" }

    private func openRepository() async throws -> Repository? {
        if onlyHash { return nil }
        if dryRun { return try await repository.openIfPresent() }
        return try await repository.open(creating: true)
    }
}
