// SPDX-License-Identifier: Apache-2.0

import FileIO
import Yams

/// `config.yaml`: what the user may edit in a repository.
public struct RepositoryConfig: Hashable, Sendable {
    /// The format that this release writes and reads.
    static let currentFormat = 1
    /// Larger files are refused; a guess far above any use.
    private static let byteLimit = 1 << 20

    /// The repository's format.
    public var format = currentFormat
    /// The DAG profile of ingests that name none; nil for the program's default.
    public var profile: String?
    /// The compression of ingests that name none; nil for the program's default.
    public var compression: String?
    /// What is said of the node.
    public var network = NetworkConfig()

    static let initialText = """
        # Cairn repository. The keys below `format` are defaults that command-line options override.
        format: \(currentFormat)
        # profile: unixfs-v1-2025
        # compression: auto
        # network:                 what `cairn node` does; all keys: Docs/node.md
        #   listen: [/ip4/0.0.0.0/tcp/4001, /ip6/::/tcp/4001]

        """

    /// Parses the file's text; an unknown key or a wrong type is refused with its line.
    init(_ text: String, path: String) throws(RepositoryError) {
        let node: Node?
        do { node = try Yams.compose(yaml: text) } catch {
            throw RepositoryError(.badConfig, "\(path) is no valid YAML: \(error)")
        }
        guard let mapping = node?.mapping else {
            throw RepositoryError(.badConfig, "\(path) must hold `format: 1` and other keys")
        }
        for (key, value) in mapping {
            let place = "\(path):\(key.mark?.line ?? 0)"
            switch key.string {
            case "format":
                guard let format = value.int else {
                    throw RepositoryError(.badConfig, "\(place): format must be a number")
                }
                guard format <= Self.currentFormat else {
                    throw RepositoryError(
                        .newerFormat,
                        "\(place): the repository has format \(format), this program reads up to \(Self.currentFormat); use a newer release"
                    )
                }
                self.format = format
            case "profile": profile = value.string
            case "compression": compression = value.string
            case "network": network = try NetworkConfig(value, path: path)
            default:
                throw RepositoryError(
                    .badConfig,
                    "\(place): unknown key \(key.string ?? "?"); known are format, profile, compression, network"
                )
            }
        }
    }

    /// Reads the file at `path`.
    static func load(_ path: String) throws -> RepositoryConfig {
        let file = try File(path, .read)
        let byteCount = Int(try file.status().byteCount)
        guard byteCount <= byteLimit else {
            throw RepositoryError(.badConfig, "\(path) is \(byteCount) bytes long")
        }
        let text = String(decoding: try file.readExactly(byteCount, at: 0), as: UTF8.self)
        return try RepositoryConfig(text, path: path)
    }
}
