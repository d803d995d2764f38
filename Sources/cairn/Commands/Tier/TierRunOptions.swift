// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import FileIO
import Lifecycle
import Repository

/// How packs are moved.
struct TierRunOptions: ParsableArguments {
    @Flag(name: [.customShort("n"), .long], help: "Only say what would be done.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Name each pack.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Print failures only.")
    var quiet = false

    /// Carries out a plan, or shows it.
    func carryOut(
        _ repository: Repository, _ output: OutputOptions,
        _ plan: @escaping @Sendable () async throws -> TierPlan
    ) async throws {
        if dryRun {
            return TierPlanText.show(try await plan(), json: output.json, verbose: verbose)
        }
        let (json, verbose, quiet) = (output.json, verbose, quiet)
        let move = TierMove(repository) { step in
            if json {
                Console.line(TierPlanText.json(step, event: "done").text)
            } else if verbose {
                Console.error(TierPlanText.line(step))
            }
        }
        let start = ContinuousClock.now
        let report = try await LiveLine.showing(!quiet && !json) {
            let progress = move.progress
            return
                "\(Figures.bytes(progress.copiedByteCount)) of \(Figures.bytes(progress.plannedByteCount)), \(progress.doneCount) of \(Figures.count(progress.stepCount, "step"))"
        } while: {
            try await move.run(plan)
        }
        for failure in report.failures { Console.error("cairn: \(failure)") }
        finish(report, start.duration(to: .now), json: json)
        if !report.failures.isEmpty { throw ExitCode(Failure.failed) }
    }

    /// Brings the cache within its bounds, or says what would go.
    func trimCache(_ repository: Repository, _ output: OutputOptions) async throws {
        let cache = CacheTier(repository)
        if !dryRun { try await cache.merge() }
        let report = try await cache.trim(
            to: repository.cacheLimits, atMilliseconds: WallClock.milliseconds, dryRun: dryRun)
        guard report.evictedPackCount > 0 else { return }
        if output.json {
            Console.line(
                JSON.object([
                    ("event", "cache"), ("evictedPacks", .count(report.evictedPackCount)),
                    ("evictedBytes", .integer(report.evictedByteCount)),
                    ("storedBytes", .integer(report.storedByteCount)),
                ]).text)
        } else if !quiet {
            Console.error(
                "cache: \(Figures.count(report.evictedPackCount, "pack")), \(Figures.bytes(report.evictedByteCount)) \(dryRun ? "would go" : "went"); \(Figures.bytes(report.storedByteCount)) left"
            )
        }
    }

    private func finish(_ report: TierReport, _ elapsed: Duration, json: Bool) {
        if json {
            return Console.line(
                JSON.object([
                    ("event", "summary"), ("steps", .count(report.stepCount)),
                    ("done", .count(report.doneCount)), ("skipped", .count(report.skippedCount)),
                    ("movedBytes", .integer(report.movedByteCount)),
                    ("copiedBytes", .integer(report.copiedByteCount)),
                    ("leftovers", .count(report.leftoverCount)),
                    ("failures", .array(report.failures.map { .string($0) })),
                    ("seconds", .seconds(elapsed)),
                ]).text)
        }
        guard !quiet else { return }
        if report.leftoverCount > 0 {
            Console.error(
                "removed \(Figures.count(report.leftoverCount, "file")) that an earlier run left")
        }
        var line =
            report.stepCount == 0
            ? "nothing to move"
            : "\(Figures.count(report.doneCount, "pack")) done, \(Figures.bytes(report.movedByteCount)) moved in \(Figures.duration(elapsed))"
        if report.skippedCount > 0 { line += ", \(Figures.count(report.skippedCount)) left out" }
        Console.error(line)
    }
}

struct TierPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say which packs the rules would move, and why.",
        discussion: """
            Rules that ask for tags or newest snapshots read all DAG nodes that snapshots reach.

            Examples:
              cairn tier plan
              cairn tier plan cold -v
              cairn tier plan --json
            """)

    @Argument(help: "Only what would go to this tier.")
    var tier: String?

    @Flag(name: .shortAndLong, help: "Name each pack.")
    var verbose = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open()
        let target = try tier.map { try configuredTier($0, in: opened) }
        let plan = try await Tiering(opened).plan(for: target.map { [$0] })
        TierPlanText.show(plan, json: output.json, verbose: verbose)
    }
}

/// Plans as people and programs read them.
enum TierPlanText {
    static func show(_ plan: TierPlan, json: Bool, verbose: Bool) {
        if json {
            for step in plan.steps { Console.line(self.json(step, event: "step").text) }
            return Console.line(
                JSON.object([
                    ("event", "summary"), ("steps", .count(plan.steps.count)),
                    ("writtenBytes", .integer(plan.writtenByteCount)),
                ]).text)
        }
        if plan.steps.isEmpty { return Console.line("nothing to do") }
        if verbose { for step in plan.steps { Console.line(line(step)) } }
        var groups: [(text: String, count: Int, bytes: Int64)] = []
        for step in plan.steps {
            let text = "\(action(step)): \(step.reason)"
            let place = groups.firstIndex { $0.text == text } ?? groups.count
            if place == groups.count { groups.append((text, 0, 0)) }
            groups[place].count += 1
            groups[place].bytes += step.storedByteCount
        }
        for group in groups {
            Console.line(
                "\(Figures.count(group.count, "pack")), \(Figures.bytes(group.bytes)): \(group.text)"
            )
        }
    }

    static func line(_ step: TierStep) -> String {
        "\(step.pack)  \(Figures.bytes(step.storedByteCount))  \(action(step)): \(step.reason)"
    }

    private static func action(_ step: TierStep) -> String {
        switch step.action {
        case .move(let source, let tier): "\(source) to \(tier)"
        case .copy(let source, let tier): "copy of \(source) in \(tier)"
        case .drop(let tier): "delete the copy in \(tier)"
        case .heal(let tier, let source): "\(source) to \(tier), in place of a bad copy"
        }
    }

    static func json(_ step: TierStep, event: String) -> JSON {
        let (action, source): (String, String?) =
            switch step.action {
            case .move(let source, _): ("move", source.name)
            case .copy(let source, _): ("copy", source.name)
            case .drop: ("drop", nil)
            case .heal(_, let source): ("heal", source.name)
            }
        return .object([
            ("event", .string(event)), ("pack", .string("\(step.pack)")),
            ("action", .string(action)), ("from", .text(source)),
            ("tier", .string(step.destination.name)),
            ("storedBytes", .integer(step.storedByteCount)), ("reason", .string(step.reason)),
        ])
    }
}
