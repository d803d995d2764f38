// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Lifecycle

/// The rules by which snapshots are kept.
struct RetentionArguments: ParsableArguments {
    @Option(help: ArgumentHelp("Keep the newest snapshots, so many.", valueName: "n"))
    var keepLast: String?

    @Option(
        help: ArgumentHelp("Keep the last snapshot of so many hours that have one.", valueName: "n")
    )
    var keepHourly: String?

    @Option(help: ArgumentHelp("The same for days.", valueName: "n"))
    var keepDaily: String?

    @Option(help: ArgumentHelp("The same for weeks, from Monday.", valueName: "n"))
    var keepWeekly: String?

    @Option(help: ArgumentHelp("The same for months.", valueName: "n"))
    var keepMonthly: String?

    @Option(
        help: ArgumentHelp(
            "The same for years. Each n may be unlimited.", valueName: "n"))
    var keepYearly: String?

    @Option(
        help: ArgumentHelp(
            "Keep all snapshots less than this older than the newest, such as 2y5m7d3h or 2w.",
            valueName: "duration"))
    var keepWithin: String?

    @Option(
        help: ArgumentHelp(
            "Keep the last snapshot of each hour within this; likewise -daily, -weekly, -monthly, -yearly.",
            valueName: "duration"))
    var keepWithinHourly: String?

    @Option(help: ArgumentHelp(visibility: .hidden)) var keepWithinDaily: String?
    @Option(help: ArgumentHelp(visibility: .hidden)) var keepWithinWeekly: String?
    @Option(help: ArgumentHelp(visibility: .hidden)) var keepWithinMonthly: String?
    @Option(help: ArgumentHelp(visibility: .hidden)) var keepWithinYearly: String?

    @Option(
        help: ArgumentHelp(
            "Keep snapshots with this tag, or with all of these; repeatable.",
            valueName: "tag[,tag…]"))
    var keepTag: [String] = []

    /// What was asked for.
    func policy() throws -> RetentionPolicy {
        typealias Rule = RetentionPolicy.Rule
        let counts: [(RetentionPolicy.Period, String?)] = [
            (.last, keepLast), (.hourly, keepHourly), (.daily, keepDaily), (.weekly, keepWeekly),
            (.monthly, keepMonthly), (.yearly, keepYearly),
        ]
        let durations: [(RetentionPolicy.Period, String?)] = [
            (.last, keepWithin), (.hourly, keepWithinHourly), (.daily, keepWithinDaily),
            (.weekly, keepWithinWeekly), (.monthly, keepWithinMonthly),
            (.yearly, keepWithinYearly),
        ]
        var rules = try counts.compactMap { period, text in
            try text.map { Rule(period, try Self.count($0, "--keep-\(period.rawValue)")) }
        }
        rules += try durations.compactMap { period, text in
            let option = "--keep-within" + (period == .last ? "" : "-\(period.rawValue)")
            return try text.map { Rule(period, .within(try Self.duration($0, option))) }
        }
        let tags = keepTag.map(SnapshotFilterArguments.tags)
        guard tags.allSatisfy({ !$0.isEmpty }) else {
            throw UsageError(message: "--keep-tag: give a tag, or several with commas between")
        }
        return RetentionPolicy(rules: rules, tags: tags)
    }

    private static func count(_ text: String, _ option: String) throws -> RetentionPolicy.Bound {
        if text == "unlimited" { return .unlimited }
        guard let count = Int(text), count >= 1 else {
            throw UsageError(
                message: "\(option) \(text): give a number of at least 1, or unlimited")
        }
        return .count(count)
    }

    /// A length of time as the calendar has it.
    static func duration(_ text: String, _ option: String) throws -> CalendarDuration {
        guard let duration = CalendarDuration(text) else {
            throw UsageError(
                message: "\(option) \(text): give a length of time such as 12h, 30d, 2w or 1y6m")
        }
        return duration
    }
}
