// SPDX-License-Identifier: Apache-2.0

import FileIO
import Ingest
import Lifecycle
import PackStore
import Repository
import Schedule
import UnixFS

/// What a pipeline would do, with defaults filled in.
struct PipelineExplanation {
    /// A planned run: in its own zone, and the seconds since 1970 at which it begins.
    private struct Time {
        let planned: String
        /// What jitter and windows make of it, in words; empty if nothing.
        let delay: String
        let start: Int64
    }

    private let declaration: PipelineDeclaration
    /// Topic and text, in the order of a run.
    private let facts: [(key: String, text: String)]
    private let times: [Time]

    /// - Parameter config: what the repository says where the pipeline says nothing.
    init(
        _ declaration: PipelineDeclaration, repositoryPath: String, config: RepositoryConfig,
        times: Int
    ) {
        self.declaration = declaration
        var facts = [("name", declaration.name)]
        if let summary = declaration.summary { facts.append(("description", summary)) }
        facts.append(("repository", repositoryPath))
        facts.append(
            ("sources", declaration.sources.map { Escape.name($0) }.joined(separator: " ")))
        facts += Self.ingest(declaration.ingest, config)
        facts += Self.budget(declaration)
        facts += Self.steps(declaration, config)
        facts += Self.surroundings(declaration)
        self.facts = facts
        self.times = Self.times(declaration, count: times)
    }

    private static func ingest(
        _ settings: IngestSettings, _ config: RepositoryConfig
    ) -> [(String, String)] {
        var filters = [settings.includesHidden ? "hidden entries too" : "no hidden entries"]
        if !settings.excludes.isEmpty {
            filters.append("without " + settings.excludes.joined(separator: " "))
        }
        if !settings.includes.isEmpty {
            filters.append("but with " + settings.includes.joined(separator: " "))
        }
        filters.append(settings.readsIgnoreFiles ? ".cairnignore applies" : "no .cairnignore")
        if settings.staysOnFileSystem { filters.append("one file system") }
        filters.append(
            settings.followsSymbolicLinks ? "links are followed" : "links are kept as links")
        let widths = StageWidths()
        let standard = ["read": widths.read, "hash": widths.hash, "compress": widths.compress]
        let stages = StageWidths.names.map { "\($0) \(settings.widths[$0] ?? standard[$0] ?? 1)" }
        return [
            ("filters", filters.joined(separator: ", ")), ("dag", dag(settings, config)),
            ("roots", settings.wrap ? "one, around all sources" : "one for each source"),
            ("purpose", purpose(settings.purpose)),
            (
                "compression",
                settings.compression?.description ?? config.compression
                    ?? Compression.default.description
            ),
            ("stages", stages.joined(separator: ", ")),
            ("memory", ByteSize.text(settings.memoryByteCount ?? MemoryPlan().byteCount)),
            ("unchanged files", unchanged(settings)),
        ]
    }

    private static func dag(_ settings: IngestSettings, _ config: RepositoryConfig) -> String {
        do {
            let options = try settings.options(config: config, spillDirectory: "/tmp").dag
            let profile = settings.profile ?? config.profile ?? DAGProfile.standard.rawValue
            let fields = options.fields.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            return "\(profile): \(fields)"
        } catch { return "\(error)" }
    }

    private static func purpose(_ purpose: IngestOptions.Purpose) -> String {
        switch purpose {
        case .store: "blocks are stored"
        case .dryRun: "nothing is written; tells what would be new"
        case .onlyHash: "nothing is written; CIDs are computed"
        }
    }

    private static func unchanged(_ settings: IngestSettings) -> String {
        guard settings.usesStatCache else { return "are read again" }
        guard settings.verifiedShare > 0 else { return "are not read again" }
        return
            "are not read again but for \(Figures.percent(settings.verifiedShare)), which are compared"
    }

    private static func budget(_ declaration: PipelineDeclaration) -> [(String, String)] {
        let time = declaration.budget.time.map { "at most \(TimeSpan.text($0))" } ?? "no time limit"
        let rate = declaration.ingest.readBytesPerSecond.map {
            "reads at most \(ByteSize.text($0)) a second"
        }
        return [("budget", "\(time), \(rate ?? "reads as fast as it goes")")]
    }

    private static func steps(
        _ declaration: PipelineDeclaration, _ config: RepositoryConfig
    ) -> [(String, String)] {
        var facts = [
            (
                "tags",
                (declaration.ingest.tags + [PipelineRun.tag(of: declaration.name)]).joined(
                    separator: " ")
            )
        ]
        facts.append(("retention", declaration.retention.map(text) ?? "all snapshots stay"))
        facts.append(("gc", declaration.collection.map { text($0, config) } ?? "no collection"))
        facts.append(("tiers", declaration.tiering.map(text) ?? "nothing is moved"))
        facts.append(("verify", declaration.verification.map(text) ?? "no packs are checked"))
        facts.append(
            (
                "announce",
                declaration.announcement == .roots
                    ? "the new roots, at once" : "left to the running node"
            ))
        return facts
    }

    private static func text(_ step: RetentionStep) -> String {
        let rules = step.policy.rules.map { rule in
            switch rule.bound {
            case .count(let count): "\(rule.period.rawValue) \(count)"
            case .unlimited: "\(rule.period.rawValue) unlimited"
            case .within(let span): "all within \(span)"
            }
        }
        let tags = step.policy.tags.map { "tag \($0.joined(separator: "+"))" }
        return "of this pipeline's snapshots stay: " + (rules + tags).joined(separator: ", ")
    }

    private static func text(_ step: TieringStep) -> String {
        var parts = step.appliesRules ? ["the rules of config.yaml are applied"] : []
        parts += step.rules.map {
            "what only this pipeline needs goes to \($0.tier) if \($0.rule.text)"
        }
        return parts.isEmpty ? "nothing is moved" : parts.joined(separator: "; ")
    }

    private static func text(_ step: CollectionStep, _ config: RepositoryConfig) -> String {
        let config = step.config.filled(from: config.collection)
        var parts = [step.occasion == .always ? "after each run" : "if a snapshot was forgotten"]
        if let mark = config.freeBelow { parts.append("if less than \(mark) is free") }
        if let mark = config.storedAbove { parts.append("if hot packs take more than \(mark)") }
        if let mark = config.until { parts.append("until \(mark)") }
        if let share = config.repackBelow {
            parts.append("rewrites packs of which less than \(Figures.percent(share)) lives")
        }
        if config.repacksCold == true { parts.append("rewrites packs of other tiers, too") }
        if let size = config.mergeBelow {
            parts.append(size == 0 ? "merges none" : "merges packs below \(ByteSize.text(size))")
        }
        if let size = config.repackByteLimit {
            parts.append("writes at most \(ByteSize.text(size))")
        }
        if let rate = config.bytesPerSecond {
            parts.append("at most \(ByteSize.text(rate)) a second")
        }
        if let span = config.keepsUnfinished {
            parts.append("leaves unfinished runs alone for \(TimeSpan.text(span))")
        }
        if let span = config.wait { parts.append("waits at most \(TimeSpan.text(span))") }
        return parts.joined(separator: ", ")
    }

    private static func text(_ step: VerificationStep) -> String {
        let budget = step.budget.map { " for at most \(TimeSpan.text($0))" } ?? ""
        let since = step.uncheckedFor.map { ", not checked for \(TimeSpan.text($0))" } ?? ""
        return
            "\(Figures.percent(step.sample)) of the packs\(since)\(budget), the longest unchecked first"
    }

    private static func surroundings(
        _ declaration: PipelineDeclaration
    ) -> [(String, String)] {
        let kinds = [
            ("before", declaration.hooks.before), ("after", declaration.hooks.after),
            ("on failure", declaration.hooks.onFailure),
        ]
        var facts = kinds.flatMap { kind, hooks in
            hooks.map { ("hook \(kind)", "\($0.text) (at most \(TimeSpan.text($0.timeout)))") }
        }
        facts.append(("metrics", declaration.metricsPath ?? "none"))
        guard let schedule = declaration.schedule else {
            return facts + [("schedule", "none; it runs by `cairn run`")]
        }
        let when = schedule.expressions.map(\.text).joined(separator: ", ")
        facts.append(("schedule", "\(when) in \(schedule.zone.name)"))
        if schedule.jitter > .zero {
            facts.append(("jitter", "up to \(TimeSpan.text(schedule.jitter))"))
        }
        facts.append(("overlap", schedule.overlap.rawValue))
        return facts
    }

    private static func times(_ declaration: PipelineDeclaration, count: Int) -> [Time] {
        guard let schedule = declaration.schedule else { return [] }
        var times: [Time] = []
        var after = WallClock.milliseconds / 1000
        while times.count < count, let planned = schedule.planned(after: after) {
            let start = schedule.start(ofPlanned: planned, pipeline: declaration.name, seed: 0)
            let delay = start == planned ? "" : ", begins \(schedule.zone.text(start))"
            times.append(
                Time(planned: schedule.zone.text(planned), delay: delay, start: start))
            after = planned
        }
        return times
    }

    /// For people.
    var lines: [String] {
        let width = facts.map(\.key.count).max() ?? 0
        var lines = facts.map { fact in
            fact.key + ":" + String(repeating: " ", count: width - fact.key.count + 1) + fact.text
        }
        for (index, time) in times.enumerated() {
            let key = index == 0 ? "next:" : ""
            let padding = String(repeating: " ", count: width + 2 - key.count)
            lines.append(key + padding + time.planned + time.delay)
        }
        return lines
    }

    /// For programs.
    var json: JSON {
        .object(
            facts.map { ($0.key.replacing(" ", with: "-"), JSON.string($0.text)) } + [
                (
                    "next",
                    .array(
                        times.map {
                            .object([
                                ("planned", .string($0.planned)),
                                ("start", .string(Figures.time(milliseconds: $0.start * 1000))),
                            ])
                        })
                )
            ])
    }
}
