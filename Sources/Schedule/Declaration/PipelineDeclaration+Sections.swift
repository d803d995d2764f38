// SPDX-License-Identifier: Apache-2.0

import Ingest
import Multiformats
import Repository
import UnixFS

extension PipelineDeclaration {
    /// The section `filters`.
    static let filters = YAMLObject("filters", empty: { IngestSettings() }, keys: filterKeys)

    private static let patterns = YAMLType<String>.text(
        "a pattern as in .gitignore", examples: ["*.tmp", "/cache/"]
    ).oneOrMore()

    private static let filterKeys: [YAMLKey<IngestSettings>] = [
        YAMLKey(
            "hidden", \.includesHidden, .flag, standard: "false",
            "Whether names that begin with a dot are taken."),
        YAMLKey(
            "exclude", \.excludes, patterns, standard: "[]",
            "Patterns (gitignore syntax) of what is left out; later ones win."),
        YAMLKey(
            "include", \.includes, patterns, standard: "[]",
            "Patterns of what is taken although exclude names it."),
        YAMLKey(
            "ignore-files", \.readsIgnoreFiles, .flag, standard: "true",
            "Whether .cairnignore files apply to their directory and below."),
        YAMLKey(
            "one-file-system", \.staysOnFileSystem, .flag, standard: "false",
            "Whether other file systems are not entered."),
        YAMLKey(
            "dereference", \.followsSymbolicLinks, .flag, standard: "false",
            "Whether symbolic links are followed instead of kept."),
    ]

    /// The section `dag`; its keys are the flags of `cairn ingest`.
    static let dag = YAMLObject("dag", empty: { IngestSettings() }, keys: dagKeys) {
        settings, node, problems in
        do { _ = try settings.options(config: nil, spillDirectory: "/tmp") } catch {
            problems.add(node.place, "\(error)")
        }
    }

    private static let dagKeys: [YAMLKey<IngestSettings>] =
        [
            YAMLKey(
                "profile", optional: \.profile, .word(DAGProfile.allCases.map(\.rawValue)),
                standard: "unixfs-v1-2025", "The published set of DAG options to begin with."),
            YAMLKey(
                "chunker", optional: \.dag.chunker,
                .checked("a chunker", examples: ["size-1048576", "rabin", "buzhash", "fastcdc"]) {
                    try ChunkerSpec(parsing: $0)
                }, "How files are cut."),
            YAMLKey("layout", optional: \.dag.layout, layout, "How chunks are arranged."),
            YAMLKey(
                "max-links", optional: \.dag.maxLinks, .integer(2...1 << 20),
                "The most links in a block of a file."),
            YAMLKey(
                "raw-leaves", optional: \.dag.rawLeaves, .flag,
                "Leaves are bare chunks, or DAG-PB blocks."),
            YAMLKey("cid-version", optional: \.dag.cidVersion, .integer(0...1), "Of all CIDs."),
            YAMLKey(
                "hash", optional: \.dag.hash,
                .checked("a hash function", examples: ["sha2-256", "blake3"]) {
                    try DAGOverrides.hash(parsing: $0)
                }, "The hash function."),
            YAMLKey(
                "inline", optional: \.dag.inlineLimit, .integer(0...128),
                "Blocks of at most so many bytes are held in their CID."),
        ] + directoryKeys + metadataKeys

    private static let directoryKeys: [YAMLKey<IngestSettings>] = [
        YAMLKey(
            "hamt-fanout", optional: \.dag.hamtFanout, .integer(8...1024),
            "Buckets per shard of large directories, a power of two."),
        YAMLKey(
            "hamt-threshold", optional: \.dag.hamtThreshold,
            .checked("bytes, or none", examples: ["262144", "none"]) {
                try DAGOverrides.hamtThreshold(parsing: $0)
            }, "Directories with a larger estimate are sharded."),
        YAMLKey(
            "hamt-estimator", optional: \.dag.hamtEstimator, estimator,
            "How a directory's size is estimated."),
        YAMLKey(
            "max-directory-links", optional: \.dag.maxDirectoryLinks, .integer(0...Int.max),
            "Directories with more entries are sharded."),
        YAMLKey(
            "empty-directories", optional: \.dag.includeEmptyDirectories, .flag,
            standard: "true", "Whether empty directories are kept."),
    ]

    private static let metadataKeys: [YAMLKey<IngestSettings>] = [
        YAMLKey(
            "preserve-mode", optional: \.dag.preserveMode, .flag, standard: "false",
            "Whether permissions are stored; turns raw leaves off."),
        YAMLKey(
            "preserve-mtime", optional: \.dag.preserveMtime, .flag, standard: "false",
            "Whether modification times are stored; turns raw leaves off."),
        YAMLKey(
            "mode", optional: \.dag.mode,
            .checked("octal digits", examples: ["644"]) { try DAGOverrides.mode(parsing: $0) },
            "Permissions to store on every entry."),
        YAMLKey(
            "mtime", optional: \.dag.mtime,
            .checked("seconds since 1970", examples: ["1700000000"]) {
                try DAGOverrides.mtime(parsing: $0)
            }, "A modification time to store on every entry."),
    ]

    private static let layout = YAMLType<String>.word(["balanced", "trickle"]).map {
        FileLayout(rawValue: $0) ?? .balanced
    }
    private static let estimator = YAMLType<String>.word(["links", "block"]).map {
        DirectoryRules.Estimator(rawValue: $0) ?? .links
    }

    /// The section `stages`.
    static let stages = YAMLObject(
        "stages", empty: { [String: Int]() },
        keys: StageWidths.names.map { name in
            YAMLKey(
                name, setting: .integer(1...StageWidths.limit),
                standard: name == "read" ? "2" : "one per core", "Workers that \(name)."
            ) { $0[name] = $1 }
        })

    /// The section `budget`.
    static let budget = YAMLObject("budget", empty: { PipelineDeclaration() }, keys: budgetKeys)

    private static let budgetKeys: [YAMLKey<PipelineDeclaration>] = [
        YAMLKey(
            "time", optional: \.budget.time, .duration(.seconds(1) ... .seconds(30 * 86_400)),
            standard: "no limit",
            "A run that takes longer is stopped cleanly; what was committed stays."),
        YAMLKey(
            "read-rate", optional: \.ingest.readBytesPerSecond, .size(1024...1 << 40),
            standard: "no limit", "Bytes of sources that are read in a second at most."),
    ]

    /// What becomes of the blocks, by its name.
    static let purpose = YAMLType<String>.word(["store", "dry-run", "only-hash"]).map {
        (word: String) -> IngestOptions.Purpose in
        switch word {
        case "dry-run": .dryRun
        case "only-hash": .onlyHash
        default: .store
        }
    }
}

extension IngestSettings {
    /// Takes over what the section `filters` says.
    mutating func takeFilters(of other: IngestSettings) {
        includesHidden = other.includesHidden
        excludes = other.excludes
        includes = other.includes
        readsIgnoreFiles = other.readsIgnoreFiles
        staysOnFileSystem = other.staysOnFileSystem
        followsSymbolicLinks = other.followsSymbolicLinks
    }
}
