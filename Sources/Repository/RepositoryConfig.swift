// SPDX-License-Identifier: Apache-2.0

/// `config.yaml`: what the user may edit in a repository.
public struct RepositoryConfig: Hashable, Sendable {
    /// The format that this release writes and reads.
    static let currentFormat = 1

    /// The repository's format.
    public var format = currentFormat
    /// The DAG profile of ingests that name none; nil for the program's default.
    public var profile: String?
    /// The compression of ingests that name none; nil for the program's default.
    public var compression: String?
    /// What is said of the node.
    public var network = NetworkConfig()
    /// The tiers beside `hot` and `cache`, in the order of the file.
    public var tiers: [TierConfig] = []

    /// How garbage is collected.
    public var collection = CollectionConfig()

    /// What a file without a key says.
    public init() {}

    static let initialText = """
        # Cairn repository. The keys below `format` are defaults that command-line options override.
        format: \(currentFormat)
        # profile: unixfs-v1-2025
        # compression: auto
        # network:                 what `cairn node` does; all keys: Docs/node.md
        #   listen: [/ip4/0.0.0.0/tcp/4001, /ip6/::/tcp/4001]
        # tiers:                   where old packs go; all keys: Docs/tiers.md
        #   cold:
        #     directory: /mnt/archive/cairn
        #     rules: [{older-than: 30d, unread-for: 14d}]
        # gc:                      defaults of `cairn gc` and pipelines; all keys: Docs/gc.md
        #   io-limit: 50MiB

        """

    /// How the file is read; sections are described where their types are.
    static let yaml = YAMLObject("", empty: { RepositoryConfig() }, keys: keys)

    private static let keys: [YAMLKey<RepositoryConfig>] = [
        YAMLKey(
            "format", \.format, .integer(1...Int.max), standard: "1",
            "The repository's format."),
        YAMLKey(
            "profile", optional: \.profile, .text, standard: "unixfs-v1-2025",
            "The DAG profile of ingests that name none."),
        YAMLKey(
            "compression", optional: \.compression, .text, standard: "auto",
            "The compression of ingests that name none."),
        YAMLKey("network", \.network, NetworkConfig.yaml.type, "What `cairn node` does."),
        YAMLKey("tiers", \.tiers, TierConfig.section, "Where old packs go."),
        YAMLKey(
            "gc", \.collection, CollectionConfig.yaml.type,
            "How `cairn gc` and pipelines collect garbage."),
    ]

    /// Parses the file's text; an unknown key, a wrong type or an impossible value is refused with
    /// its line.
    ///
    /// - Throws: ``RepositoryError`` with `badConfig` or `newerFormat`.
    public init(_ text: String, path: String) throws(RepositoryError) {
        do { try self.init(try YAMLParser.parse(text, path: path)) } catch let error as YAMLError {
            throw RepositoryError(.badConfig, error.description)
        } catch let error as RepositoryError {
            throw error
        } catch {
            preconditionFailure("only the two above are thrown, got \(error)")
        }
    }

    private init(_ node: YAMLNode) throws {
        // A newer format may have keys that are unknown here, so it is looked at first.
        if case .mapping(let entries) = node.content,
            let entry = entries.first(where: { $0.key == "format" }),
            case .scalar(let text, _) = entry.value.content, let format = Int(text),
            format > Self.currentFormat
        {
            throw RepositoryError(
                .newerFormat,
                "\(entry.place): the repository has format \(format), this program reads up to \(Self.currentFormat); use a newer release"
            )
        }
        self = try Self.yaml.read(node)
    }

    /// Reads the file at `path`; blocks.
    ///
    /// - Throws: as ``init(_:path:)``; `IOError`.
    static func load(_ path: String) throws -> RepositoryConfig {
        do { return try RepositoryConfig(try YAMLParser.load(path)) } catch let error as YAMLError {
            throw RepositoryError(.badConfig, error.description)
        }
    }
}
