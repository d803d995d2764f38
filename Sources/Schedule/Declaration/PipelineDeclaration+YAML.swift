// SPDX-License-Identifier: Apache-2.0

import FileIO
import Ingest
import PackStore
public import Repository

extension PipelineDeclaration {
    /// How a file is read; the JSON Schema comes from the same description.
    public static let yaml = YAMLObject(
        "", empty: { PipelineDeclaration() }, keys: whatKeys + howKeys + afterKeys + whenKeys
    ) { declaration, node, problems in
        declaration.checkTogether(node, &problems)
    }

    private static let whatKeys: [YAMLKey<PipelineDeclaration>] = [
        YAMLKey(
            "name", \.name, pipelineName, standard: "the file's name",
            "Names the pipeline in locks, history, metrics and messages."),
        YAMLKey("description", optional: \.summary, .text, "What it is for, in your words."),
        YAMLKey(
            "sources", \.sources, sourcePath.oneOrMore(), isRequired: true,
            "The files and directories to ingest: absolute paths, or relative to where it is run."
        ),
        YAMLKey(
            "repository", optional: \.repository, .text("a path", examples: ["/srv/cairn"]),
            standard: "--repo, CAIRN_REPO or ~/.cairn", "The repository."),
        YAMLKey("filters", setting: Self.filters.type, "What is left out of the sources.") {
            $0.ingest.takeFilters(of: $1)
        },
        YAMLKey(
            "wrap", \.ingest.wrap, .flag, standard: "false",
            "Whether all sources go into one directory with one root."),
        YAMLKey(
            "tags", \.ingest.tags, YAMLType<String>.text("a word").oneOrMore(), standard: "[]",
            "Words that are kept with each snapshot, beside pipeline:NAME."),
    ]

    private static let howKeys: [YAMLKey<PipelineDeclaration>] = [
        YAMLKey(
            "purpose", \.ingest.purpose, Self.purpose, standard: "store",
            "store; dry-run, which tells what would be new; or only-hash, which computes CIDs alone."
        ),
        YAMLKey("dag", setting: Self.dag.type, "All that decides on the CIDs.") {
            $0.ingest.profile = $1.profile
            $0.ingest.dag = $1.dag
        },
        YAMLKey(
            "compression", optional: \.ingest.compression, Self.compression, standard: "auto",
            "How packs are compressed."),
        YAMLKey(
            "memory", optional: \.ingest.memoryByteCount,
            .size(MemoryPlan.minimum...(1 << 40)), standard: "256MiB", "The memory budget."),
        YAMLKey(
            "stages", \.ingest.widths, Self.stages.type,
            "Workers of each stage; the root does not depend on them."),
        YAMLKey(
            "stat-cache", \.ingest.usesStatCache, .flag, standard: "true",
            "Whether files that are unchanged since the last run are left unread."),
        YAMLKey(
            "verify-cache", \.ingest.verifiedShare, .share, standard: "0%",
            "The share of the unchanged files that is read all the same and compared."),
        YAMLKey("budget", setting: Self.budget.type, "What a run may take.") {
            $0.budget = $1.budget
            $0.ingest.readBytesPerSecond = $1.ingest.readBytesPerSecond
        },
    ]

    private static let afterKeys: [YAMLKey<PipelineDeclaration>] = [
        YAMLKey(
            "retention", optional: \.retention, RetentionStep.yaml.type,
            "Which snapshots of this pipeline stay; all, if the key is missing."),
        YAMLKey(
            "tiers", optional: \.tiering, TieringStep.yaml.type,
            "Moves packs by the tiers' rules of config.yaml; not at all, if the key is missing."),
        YAMLKey(
            "gc", optional: \.collection, CollectionStep.yaml.type,
            "Frees what nothing keeps; not at all, if the key is missing."),
        YAMLKey(
            "verify", optional: \.verification, VerificationStep.yaml.type,
            "Checks stored packs; none, if the key is missing."),
        YAMLKey(
            "announce", \.announcement, .word, standard: "node",
            "node leaves announcing to the running node's own strategy; roots has the new roots announced as soon as the run has ended."
        ),
    ]

    private static let whenKeys: [YAMLKey<PipelineDeclaration>] = [
        YAMLKey(
            "schedule", optional: \.schedule, ScheduleRules.yaml.type,
            "When `cairn schedule` runs it; never, if the key is missing."),
        YAMLKey("hooks", \.hooks, Hooks.yaml.type, "Commands around a run."),
        YAMLKey(
            "metrics", optional: \.metricsPath,
            .text("a path", examples: ["/var/lib/node_exporter/nightly.prom"]),
            "A file for Prometheus' node exporter, written anew after each run."),
    ]

    private static let pipelineName = YAMLType<String>.parsed(
        "a name of 1 to 63 letters, digits, - or _", pattern: YAMLNames.pattern,
        examples: ["nightly"]
    ) { YAMLNames.isValid($0) ? $0 : nil }

    private static let sourcePath = YAMLType<String>.parsed(
        "a path; standard input cannot be read twice and is none", examples: ["/home"]
    ) { $0.isEmpty || $0 == "-" || $0.utf8.contains(0) ? nil : $0 }

    private static let compression = YAMLType<Compression>.parsed(
        "auto, none, or zstd:N with N from 1 to 19",
        pattern: "^(auto|none|zstd(:([1-9]|1[0-9]))?)$", examples: ["auto", "zstd:9"]
    ) { Compression($0) }

    /// What only shows when all keys are known.
    private func checkTogether(_ node: YAMLNode, _ problems: inout YAMLProblems) {
        do { _ = try ingest.options(config: nil, spillDirectory: "/tmp") } catch {
            problems.add(node.place, "\(error)")
        }
        if !ingest.usesStatCache, ingest.verifiedShare > 0 {
            problems.add(
                node.place, "verify-cache has nothing to verify with stat-cache: false; remove one")
        }
        if Set(sources).count != sources.count {
            problems.add(node.place, "a source is named twice; remove one of them")
        }
        guard ingest.purpose != .store else { return }
        let steps: [(String, Bool)] = [
            ("retention", retention != nil), ("tiers", tiering != nil),
            ("gc", collection != nil), ("verify", verification != nil),
            ("announce: roots", announcement == .roots),
        ]
        for (name, isThere) in steps where isThere {
            problems.add(
                node.place, "\(name) needs a run that stores; remove it, or set purpose: store")
        }
    }
}
