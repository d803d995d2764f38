// SPDX-License-Identifier: Apache-2.0

public import PackStore
import Pipeline
public import Repository
public import UnixFS

/// What the user says of an ingest, by flags or in a pipeline's file: the one way from there to
/// ``IngestOptions``.
///
/// What is not said is left to the repository's configuration, then to the defaults.
public struct IngestSettings: Hashable, Sendable {
    /// The DAG profile.
    public var profile: String?
    /// DAG options on top of it.
    public var dag = DAGOverrides()
    /// Whether names that start with "." are taken.
    public var includesHidden = false
    /// Whether `.cairnignore` files apply.
    public var readsIgnoreFiles = true
    /// Patterns of what is left out.
    public var excludes: [String] = []
    /// Patterns of what is taken although `excludes` name it.
    public var includes: [String] = []
    /// As ``IngestOptions/wrap``.
    public var wrap = false
    /// As ``IngestOptions/followsSymbolicLinks``.
    public var followsSymbolicLinks = false
    /// As ``IngestOptions/staysOnFileSystem``.
    public var staysOnFileSystem = false
    /// As ``IngestOptions/usesStatCache``.
    public var usesStatCache = true
    /// As ``IngestOptions/verifiedShare``.
    public var verifiedShare = 0.0
    /// How packs are compressed.
    public var compression: Compression?
    /// The memory budget, in bytes.
    public var memoryByteCount: Int?
    /// Workers by stage; see ``StageWidths/names``.
    public var widths: [String: Int] = [:]
    /// Bytes that are read in a second at most.
    public var readBytesPerSecond: Int?
    /// Words that are kept with the snapshot.
    public var tags: [String] = []
    /// What becomes of the blocks.
    public var purpose = IngestOptions.Purpose.store

    /// Nothing said.
    public init() {}

    /// The options that result.
    ///
    /// - Parameters:
    ///   - config: the repository's, if there is one.
    ///   - spillDirectory: where temporary files go.
    /// - Throws: ``IngestError`` with `usage`: what does not exist or does not go together.
    public func options(
        config: RepositoryConfig?, spillDirectory: String
    ) throws -> IngestOptions {
        var options = try IngestOptions(dag: dagOptions(config), selection: selection())
        options.wrap = wrap
        options.followsSymbolicLinks = followsSymbolicLinks
        options.staysOnFileSystem = staysOnFileSystem
        options.purpose = purpose
        options.usesStatCache = usesStatCache
        options.verifiedShare = verifiedShare
        options.spillDirectory = spillDirectory
        options.compression = try compression(config)
        if let memoryByteCount {
            guard memoryByteCount >= MemoryPlan.minimum else {
                throw IngestError(.usage, "the memory budget must be at least 64MiB")
            }
            options.memory = MemoryPlan(byteCount: memoryByteCount)
        }
        for (stage, width) in widths {
            guard (1...StageWidths.limit).contains(width), options.widths.set(stage, to: width)
            else {
                throw IngestError(
                    .usage,
                    "width \(width) of stage \(stage): give 1 to \(StageWidths.limit) for \(StageWidths.names.joined(separator: ", "))"
                )
            }
        }
        options.readLimiter = readBytesPerSecond.map { RateLimiter(unitsPerSecond: $0) }
        options.tags = tags
        return options
    }

    private func dagOptions(_ config: RepositoryConfig?) throws -> DAGOptions {
        do {
            let named = try (profile ?? config?.profile).map { try DAGProfile(named: $0) }
            return try DAGOptions(profile: named ?? .standard, overrides: dag)
        } catch { throw IngestError(.usage, "\(error)", cause: error) }
    }

    private func selection() throws -> Selection {
        do {
            var selection = try Selection(
                includesHidden: includesHidden, excluding: excludes, including: includes)
            selection.readsIgnoreFiles = readsIgnoreFiles
            return selection
        } catch { throw IngestError(.usage, "exclude or include: \(error)", cause: error) }
    }

    private func compression(_ config: RepositoryConfig?) throws -> Compression {
        if let compression { return compression }
        guard let text = config?.compression else { return .default }
        guard let parsed = Compression(text) else {
            throw IngestError(
                .usage,
                "compression \(text) in config.yaml: give auto, none, or zstd:N with N from 1 to 19"
            )
        }
        return parsed
    }
}
