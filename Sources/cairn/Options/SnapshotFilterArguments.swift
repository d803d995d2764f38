// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileIO
import Lifecycle

/// Which snapshots a command is about.
struct SnapshotFilterArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only snapshots with this tag, or with all of these; repeatable, for one or the other.",
            valueName: "tag[,tag…]"))
    var tag: [String] = []

    @Option(help: ArgumentHelp("Only snapshots from this machine; repeatable.", valueName: "name"))
    var host: [String] = []

    @Option(
        name: [.long, .customLong("path")],
        help: ArgumentHelp(
            "Only snapshots of this source, as it was named for the ingest; repeatable.",
            valueName: "source"))
    var source: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only snapshots since then: a date, such as 2026-01-31 or 2026-01-31T18:30, or an age, such as 30d.",
            valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp(
            "Only snapshots until then; a date includes all of that day.", valueName: "time"))
    var until: String?

    /// What was asked for.
    func filter() throws -> SnapshotFilter {
        var filter = SnapshotFilter()
        filter.tags = tag.map(Self.tags)
        filter.hosts = host
        filter.sources = source
        filter.since = try since.map { try Self.time($0, .first, "--since") }
        filter.until = try until.map { try Self.time($0, .last, "--until") }
        return filter
    }

    /// The tags of "a,b".
    static func tags(_ text: String) -> [String] {
        text.split(separator: ",").map(String.init)
    }

    private static func time(
        _ text: String, _ end: PointInTime.End, _ option: String
    ) throws -> Int64 {
        guard let time = PointInTime.milliseconds(text, end, now: WallClock.milliseconds) else {
            throw UsageError(
                message:
                    "\(option) \(text): give a date such as 2026-01-31 or 2026-01-31T18:30, or an age such as 12h, 30d or 1y"
            )
        }
        return time
    }
}

/// The newest snapshots of each series.
struct LatestArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only the newest snapshots of each series, so many.",
            discussion: "A series is what --group-by says.", valueName: "n"))
    var latest: Int?

    @Option(
        help: ArgumentHelp(
            "What snapshots of one series have in common: host, sources, tags, with commas between, or none. Default: host,sources.",
            valueName: "traits"))
    var groupBy: String?

    /// The series that was asked for.
    func grouping() throws -> SnapshotGrouping { try Self.grouping(groupBy) }

    /// Puts what was given into `filter`.
    func apply(to filter: inout SnapshotFilter) throws {
        if let latest, latest < 1 {
            throw UsageError(message: "--latest \(latest): give a number of at least 1")
        }
        filter.latest = latest
        filter.grouping = try grouping()
    }

    /// The traits of "host,sources".
    static func grouping(_ text: String?) throws -> SnapshotGrouping {
        guard let text else { return .standard }
        if text.isEmpty || text == "none" { return [] }
        var grouping: SnapshotGrouping = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch word {
            case "host": grouping.insert(.host)
            case "sources", "source", "paths": grouping.insert(.sources)
            case "tags", "tag": grouping.insert(.tags)
            default:
                throw UsageError(
                    message: "--group-by \(text): give host, sources, tags, or none")
            }
        }
        return grouping
    }
}

extension CompletionKind {
    /// Ids of snapshots.
    static var snapshots: CompletionKind {
        .shellCommand("cairn snapshots --quiet 2>/dev/null")
    }

    /// CIDs that are pinned.
    static var pins: CompletionKind { .shellCommand("cairn pin ls --quiet 2>/dev/null") }
}
