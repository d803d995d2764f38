// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Ingest
import Multiformats
import UnixFS

/// What decides on the CIDs: a profile, and single options on top of it.
struct DAGArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The published set of DAG options to begin with (IPIP-499).",
            discussion:
                "unixfs-v1-2025 (default) or unixfs-v0-2015, which is what `ipfs add` does unless configured."
        ),
        completion: .list(DAGProfile.allCases.map(\.rawValue)))
    var profile: String?

    @Option(
        help: ArgumentHelp(
            """
            How files are cut: size-N, rabin, rabin-AVG, rabin-MIN-AVG-MAX, buzhash, fastcdc, \
            fastcdc-MIN-AVG-MAX.
            """,
            valueName: "spec"))
    var chunker: String?

    @Option(
        help: "How chunks are arranged: balanced or trickle.",
        completion: .list(["balanced", "trickle"]))
    var layout: String?

    @Option(help: ArgumentHelp("The most links in a block of a file.", valueName: "n"))
    var maxLinks: Int?

    @Flag(
        inversion: .prefixedNo,
        help: "Leaves are bare chunks (raw codec), or DAG-PB blocks.")
    var rawLeaves: Bool?

    @Option(help: "The version of CIDs: 0 or 1.")
    var cidVersion: Int?

    @Option(
        help: ArgumentHelp(
            "The hash function: \(HashFunction.allCases.map(\.name).joined(separator: ", ")).",
            valueName: "name"),
        completion: .list(HashFunction.allCases.map(\.name)))
    var hash: String?

    @Option(
        help: ArgumentHelp(
            "Blocks of at most so many bytes are held in their CID (0 to 128).",
            valueName: "bytes"))
    var inline: Int?

    @Option(
        help: ArgumentHelp("Buckets per shard of large directories (8 to 1024).", valueName: "n"))
    var hamtFanout: Int?

    @Option(
        help: ArgumentHelp(
            "Directories with a larger estimate are sharded; `none` for never.",
            valueName: "bytes|none"))
    var hamtThreshold: String?

    @Option(
        help: "How a directory's size is estimated: links or block.",
        completion: .list(["links", "block"]))
    var hamtEstimator: String?

    @Option(help: ArgumentHelp("Directories with more entries are sharded.", valueName: "n"))
    var maxDirectoryLinks: Int?

    @Flag(help: "Store permissions; turns raw leaves off.")
    var preserveMode = false

    @Flag(help: "Store modification times; turns raw leaves off.")
    var preserveMtime = false

    @Option(help: ArgumentHelp("Store these permissions on every entry.", valueName: "octal"))
    var mode: String?

    @Option(
        help: ArgumentHelp(
            "Store this modification time on every entry, in seconds since 1970.",
            valueName: "seconds[.nanos]"))
    var mtime: String?

    @Flag(name: .customLong("no-empty-dirs"), help: "Leave empty directories out.")
    var noEmptyDirectories = false

    /// Puts what was given into `settings`.
    func apply(to settings: inout IngestSettings) throws {
        do { settings.dag = try overrides() } catch { throw UsageError(message: "\(error)") }
        settings.profile = profile
    }

    private func overrides() throws -> DAGOverrides {
        var overrides = DAGOverrides()
        overrides.chunker = try chunker.map { try ChunkerSpec(parsing: $0) }
        overrides.layout = try layout.map { text in
            guard let layout = FileLayout(rawValue: text) else {
                throw UsageError(message: "--layout \(text): give balanced or trickle")
            }
            return layout
        }
        overrides.maxLinks = maxLinks
        overrides.rawLeaves = rawLeaves
        overrides.cidVersion = cidVersion
        overrides.hash = try hash.map { try DAGOverrides.hash(parsing: $0) }
        overrides.inlineLimit = inline
        overrides.hamtFanout = hamtFanout
        overrides.hamtThreshold = try hamtThreshold.map {
            try DAGOverrides.hamtThreshold(parsing: $0)
        }
        overrides.hamtEstimator = try hamtEstimator.map { text in
            guard let estimator = DirectoryRules.Estimator(rawValue: text) else {
                throw UsageError(message: "--hamt-estimator \(text): give links or block")
            }
            return estimator
        }
        overrides.maxDirectoryLinks = maxDirectoryLinks
        if preserveMode { overrides.preserveMode = true }
        if preserveMtime { overrides.preserveMtime = true }
        overrides.mode = try mode.map { try DAGOverrides.mode(parsing: $0) }
        overrides.mtime = try mtime.map { try DAGOverrides.mtime(parsing: $0) }
        if noEmptyDirectories { overrides.includeEmptyDirectories = false }
        return overrides
    }
}

extension UsageError: CustomStringConvertible {
    var description: String { message }
}
