// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Lifecycle
import Multiformats
import Repository

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Say when a path appeared, changed and disappeared.",
        discussion: """
            cairn history docs/report.txt
            cairn history /srv/docs/report.txt --since 1y

            The path is one below the root of snapshots, or begins with a source as that was named \
            for the ingest. Each series of snapshots is told apart; a series in which the path \
            never was is left out.
            """)

    @Argument(help: "The path.")
    var path: String

    @OptionGroup(title: "Which snapshots") var which: SnapshotFilterArguments
    @OptionGroup(title: "Which snapshots") var latest: LatestArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        var filter = try which.filter()
        try latest.apply(to: &filter)
        let opened = try await repository.open()
        let series = try await PathHistory(opened.blocks).series(
            of: path, in: try await opened.snapshots(filter), grouping: filter.grouping)
        guard !series.isEmpty else {
            throw SnapshotError(.noPath, "no snapshot has \(path)")
        }
        for series in series {
            if output.json { Self.printJSON(series) } else { Self.show(series) }
        }
    }

    private typealias Series = PathHistory<RepositoryBlocks>.Series

    /// The versions with what happened, from where the path first was.
    private static func events(
        _ series: Series
    ) -> [(event: String, version: PathHistory<RepositoryBlocks>.Version)] {
        var events: [(event: String, version: PathHistory<RepositoryBlocks>.Version)] = []
        var wasThere = false
        for (index, version) in series.versions.enumerated() {
            switch (wasThere, version.entry != nil) {
            case (false, true): events.append((index == 0 ? "present" : "appeared", version))
            case (true, true): events.append(("changed", version))
            case (true, false): events.append(("disappeared", version))
            case (false, false): break
            }
            wasThere = version.entry != nil
        }
        return events
    }

    private static func show(_ series: Series) {
        Console.line("\(series.key):")
        var table = Table([
            ("TIME", .left), ("SNAPSHOT", .left), ("EVENT", .left), ("SNAPSHOTS", .right),
            ("TYPE", .left), ("SIZE", .right), ("CID", .left),
        ])
        for (event, version) in events(series) {
            let first = version.snapshots[0]
            table.add([
                SnapshotReport(first).time, first.id, event,
                Figures.count(version.snapshots.count), version.entry?.kind.rawValue ?? "",
                version.entry?.byteCount.map { Figures.bytes($0) } ?? "",
                version.entry.map { "\($0.cid)" } ?? "",
            ])
        }
        for line in table.lines { Console.line("  " + line) }
    }

    private static func printJSON(_ series: Series) {
        for (event, version) in events(series) {
            let first = version.snapshots[0]
            Console.line(
                JSON.object([
                    ("event", .string(event)), ("snapshot", .string(first.id)),
                    ("time", .string(SnapshotReport(first).time)),
                    ("snapshots", .array(version.snapshots.map { .string($0.id) })),
                    ("host", .text(series.key.host)),
                    ("sources", .array((series.key.sources ?? []).map { .string($0) })),
                    ("type", .text(version.entry?.kind.rawValue)),
                    ("size", version.entry?.byteCount.map { .count($0) } ?? .null),
                    ("cid", .text(version.entry.map { "\($0.cid)" })),
                ]).text)
        }
    }
}
