// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Lifecycle
import Repository

struct Snapshots: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots", abstract: "List the runs that were recorded, newest first.",
        discussion: """
            cairn snapshots --source /srv --since 30d
            cairn snapshots --latest 1              the newest of each host and source
            cairn snapshots show 0199ab             all that is known of one
            """,
        subcommands: [ShowSnapshot.self])

    @Option(name: .shortAndLong, help: ArgumentHelp("List at most so many.", valueName: "n"))
    var limit: Int?

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @OptionGroup(title: "Which snapshots") var which: SnapshotFilterArguments
    @OptionGroup(title: "Which snapshots") var latest: LatestArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var filter = try which.filter()
        try latest.apply(to: &filter)
        let all = try await repository.open().catalog.snapshots(limit: nil)
        var snapshots = filter.select(all)
        if let limit { snapshots = Array(snapshots.prefix(max(limit, 0))) }
        if quiet {
            for snapshot in snapshots { Console.line(snapshot.id) }
        } else if output.json {
            for snapshot in snapshots { Console.line(SnapshotReport(snapshot).json.text) }
        } else if snapshots.isEmpty {
            Console.error(all.isEmpty ? "no snapshots yet" : "no snapshot is like that")
        } else {
            Self.show(snapshots)
        }
    }

    private static func show(_ snapshots: [SnapshotRecord]) {
        var table = Table([
            ("ID", .left), ("TIME", .left), ("HOST", .left), ("SOURCES", .left),
            ("FILES", .right), ("SIZE", .right), ("NEW", .right), ("", .left),
        ])
        for snapshot in snapshots {
            let report = SnapshotReport(snapshot)
            let counts = snapshot.counts
            var notes = snapshot.tags.isEmpty ? "" : "[\(snapshot.tags.joined(separator: ", "))]"
            if counts.skipped > 0 { notes += " \(Figures.count(counts.skipped)) skipped" }
            let cells = [
                snapshot.id, report.time, Escape.name(snapshot.host), report.sources,
                Figures.count(counts.files), Figures.bytes(counts.bytes),
                Figures.bytes(counts.newBytes), notes,
            ]
            let roots = snapshot.roots.map {
                "  \(SnapshotReport.text($0.cid)) \(Escape.name($0.name))"
            }
            table.add(cells, below: roots)
        }
        for line in table.lines { Console.line(line) }
    }
}

struct ShowSnapshot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say all that is known of a snapshot.")

    @Argument(
        help: "The beginning of a snapshot's id, or latest.", completion: .snapshots)
    var snapshot: String

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let found = try await repository.open().snapshot(named: snapshot)
        let report = SnapshotReport(found)
        if output.json { return Console.line(report.json.text) }
        for line in report.lines { Console.line(line) }
    }
}
