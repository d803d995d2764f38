// SPDX-License-Identifier: Apache-2.0

public import Ingest
public import Repository

/// A pipeline as data: what `Pipelines/*.yaml` may say.
///
/// Every key: `Docs/pipelines.md`.
public struct PipelineDeclaration: Sendable {
    /// What is read, by what rules, and how it becomes blocks.
    public var ingest = IngestSettings()
    /// The pipeline's name; that of its file unless it says otherwise.
    public var name = ""
    /// What it is for, in the user's words.
    public var summary: String?
    /// The paths that are read.
    public var sources: [String] = []
    /// The repository; nil for the one that the program was told.
    public var repository: String?
    /// What a run may take.
    public var budget = Budget()
    /// Which snapshots stay after a run.
    public var retention: RetentionStep?
    /// Whether garbage is collected after a run.
    public var collection: CollectionStep?
    /// What is moved to other tiers after a run.
    public var tiering: TieringStep?
    /// How much is checked after a run.
    public var verification: VerificationStep?
    /// What is announced at once when a run has ended.
    public var announcement = Announcement.node
    /// When it runs by itself.
    public var schedule: ScheduleRules?
    /// Commands around a run.
    public var hooks = Hooks()
    /// Where metrics are written after a run.
    public var metricsPath: String?
    /// The file that it was read from.
    public var path = ""

    /// A pipeline that says nothing.
    public init() {}

    /// What a run may take.
    public struct Budget: Hashable, Sendable {
        /// A run that takes longer is stopped cleanly; nil for no limit.
        public var time: Duration?
    }

    /// What is announced at once when a run has ended.
    public enum Announcement: String, CaseIterable, Hashable, Sendable {
        /// Nothing beyond what a running node does by its own strategy.
        case node
        /// The new roots, by the running node, or by a host of the moment.
        case roots
    }
}

extension PipelineDeclaration {
    /// Reads the file at `path`; blocks.
    ///
    /// - Throws: `YAMLError` with all mistakes, each with file, line and remedy; `IOError`.
    public static func load(_ path: String) throws -> PipelineDeclaration {
        try read(try YAMLParser.load(path), path: path)
    }

    /// Reads a file's text.
    ///
    /// - Throws: `YAMLError`.
    public static func parse(
        _ text: String, path: String
    ) throws(YAMLError) -> PipelineDeclaration {
        try read(try YAMLParser.parse(text, path: path), path: path)
    }

    private static func read(
        _ node: YAMLNode, path: String
    ) throws(YAMLError) -> PipelineDeclaration {
        var declaration = try yaml.read(node)
        declaration.path = path
        if declaration.name.isEmpty {
            let name = defaultName(of: path)
            guard YAMLNames.isValid(name) else {
                throw YAMLError(
                    node.place,
                    "the file's name makes no name for the pipeline; give one with `name:`, of letters, digits, - and _"
                )
            }
            declaration.name = name
        }
        return declaration
    }

    /// The name of the file without folders and suffix.
    private static func defaultName(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        for suffix in [".yaml", ".yml"] where file.hasSuffix(suffix) {
            return String(file.dropLast(suffix.count))
        }
        return file
    }

    /// The sources as an ingest takes them.
    public var ingestSources: [IngestSource] { sources.map { .path($0) } }
}
