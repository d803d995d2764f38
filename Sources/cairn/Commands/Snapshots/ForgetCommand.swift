// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import FileIO
import Lifecycle
import Repository

struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Take snapshots away, by rule or by name.",
        discussion: """
            cairn forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12 --dry-run
            cairn forget --keep-within 30d --keep-tag release --source /srv
            cairn forget 0199ab 0199ac

            Rules are applied to each series of snapshots by itself: those of one machine and one \
            set of sources, unless --group-by says otherwise. A rule keeps the last snapshot of \
            each of its periods; a snapshot is kept if any rule asks for it. Days and weeks are \
            those of the local time zone (TZ).

            Blocks stay until the next garbage collection, `cairn gc`; --gc runs one afterwards.
            """)

    @Argument(
        help: "The beginnings of snapshots' ids; instead of rules.", completion: .snapshots)
    var snapshots: [String] = []

    @OptionGroup(title: "Rules") var retention: RetentionArguments
    @OptionGroup(title: "Which snapshots") var which: SnapshotFilterArguments

    @Option(
        help: ArgumentHelp(
            "What snapshots of one series have in common: host, sources, tags, with commas between, or none. Default: host,sources.",
            valueName: "traits"))
    var groupBy: String?

    @Flag(name: [.customShort("n"), .long], help: "Only say what would be kept and why.")
    var dryRun = false

    @Flag(help: "Free what nothing keeps any more afterwards, as `cairn gc` does.")
    var gc = false

    @Flag(help: "Allow that a series loses all its snapshots.")
    var removeAll = false

    @Flag(name: .shortAndLong, help: "Print the sum only.")
    var quiet = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let policy = try retention.policy()
        let (filter, grouping) = (try which.filter(), try LatestArguments.grouping(groupBy))
        guard snapshots.isEmpty || policy.isEmpty, snapshots.isEmpty || filter == SnapshotFilter()
        else {
            throw UsageError(message: "give ids of snapshots or rules, not both")
        }
        guard !snapshots.isEmpty || !policy.isEmpty else {
            throw UsageError(
                message:
                    "without a rule nothing would be kept; give one, such as --keep-daily 7, or the ids of snapshots"
            )
        }
        let opened = try await repository.open()
        let forget = Forget(opened)
        let doomed: [SnapshotRecord]
        if snapshots.isEmpty {
            let groups = try await forget.plan(
                policy, of: filter, grouping: grouping, mayRemoveAll: removeAll,
                now: WallClock.milliseconds)
            if !quiet { for group in groups { show(group) } }
            doomed = groups.flatMap { $0.decisions.filter { !$0.isKept }.map(\.snapshot) }
        } else {
            doomed = try await opened.snapshots(filter, named: snapshots)
            if !quiet { for snapshot in doomed { show(snapshot, isKept: false, reasons: []) } }
        }
        if !dryRun { try await forget.forget(doomed) }
        finish(doomed.count)
        if gc, !dryRun {
            Machine.lowerPriority()
            let view = CollectionView(isDryRun: false, quiet: quiet, json: output.json)
            try await Collect.collect(
                opened, CollectionOptions(opened.config.collection), view,
                showsProgress: !quiet && !output.json)
        }
    }

    private func show(_ group: Forget.Group) {
        let kept = group.decisions.filter(\.isKept).count
        if !output.json {
            Console.line(
                "\(group.key): \(Figures.count(kept)) kept, \(Figures.count(group.decisions.count - kept)) forgotten"
            )
        }
        for decision in group.decisions {
            show(decision.snapshot, isKept: decision.isKept, reasons: decision.reasons)
        }
    }

    private func show(
        _ snapshot: SnapshotRecord, isKept: Bool, reasons: [RetentionPolicy.Reason]
    ) {
        let time = Figures.time(milliseconds: snapshot.startedAtMilliseconds)
        let reasons = reasons.map(\.description)
        if output.json {
            Console.line(
                JSON.object([
                    ("snapshot", .string(snapshot.id)), ("time", .string(time)),
                    ("host", .string(snapshot.host)),
                    ("sources", .array(snapshot.sources.map { .string($0) })),
                    ("tags", .array(snapshot.tags.map { .string($0) })), ("kept", .bool(isKept)),
                    ("reasons", .array(reasons.map { .string($0) })),
                ]).text)
        } else {
            let tags = snapshot.tags.isEmpty ? "" : "  [\(snapshot.tags.joined(separator: ", "))]"
            let why = isKept ? "keep    " : "forget  "
            let reason = reasons.isEmpty ? "" : "  " + reasons.joined(separator: ", ")
            Console.line("  \(why)\(snapshot.id)  \(time)\(tags)\(reason)")
        }
    }

    private func finish(_ count: Int) {
        if output.json {
            return Console.line(
                JSON.object([
                    ("event", "summary"), ("forgotten", .count(count)), ("dryRun", .bool(dryRun)),
                ]).text)
        }
        let what = Figures.count(count, "snapshot")
        Console.error(dryRun ? "would forget \(what)" : "forgot \(what)")
    }
}
