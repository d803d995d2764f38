// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A line of `Fixtures/unixfs`: an input, options, and the root that Kubo gives for them.
public struct DAGCase: Sendable, CustomStringConvertible {
    /// The options, in the words of the fixture's README.
    public struct Options: Sendable {
        /// `cid`: 0 or 1.
        public var cidVersion = 0
        /// `hash`: a multicodec name.
        public var hash = "sha2-256"
        /// `inline`: bytes of the longest block with an identity CID.
        public var inlineLimit: Int?
        /// `layout`: `balanced` or `trickle`.
        public var layout = "balanced"
        /// `links`: most links of a file's block.
        public var maxLinks = 174
        /// `raw`: whether leaves are raw blocks.
        public var rawLeaves = false
        /// `chunker`: a chunker as Kubo spells it.
        public var chunker = "size-262144"
        /// `threshold`: bytes over which a directory is sharded; nil if size never decides.
        public var hamtThreshold: Int? = 262_144
        /// `estimator`: `links` or `block`.
        public var estimator = "links"
        /// `fanout`: buckets of a shard.
        public var fanout = 256
        /// `entries`: most entries of a directory that is not sharded.
        public var maxDirectoryLinks: Int?
        /// `mode`: permission bits of all that is made.
        public var mode: UInt32?
        /// `mtime`: modification time of all that is made.
        public var mtime: (seconds: Int64, nanoseconds: UInt32)?
        /// `keep-mode`: whether modes come from the input.
        public var keepsMode = false
        /// `keep-mtime`: whether modification times come from the input.
        public var keepsMtime = false
        /// `hidden`: whether names that begin with a dot are imported.
        public var includesHidden = false
        /// `empty-dirs`: whether empty directories are imported.
        public var keepsEmptyDirectories = true
        /// `follow`: whether symlinks are replaced by what they point to.
        public var followsSymlinks = false
        /// `ignore`: base names and `*.extension` patterns to leave out.
        public var ignored: [String] = []
        /// `wrap`: the name under which the input is put in a directory of its own.
        public var wrapName: String?

        /// All defaults.
        public init() {}
    }

    /// What the case is about; unique in its file.
    public let name: String
    /// What is imported.
    public let input: InputTree
    /// How it is imported.
    public let options: Options
    /// The profile that the options spell out, if it is a published one.
    public let profile: String?
    /// The root as text.
    public let cid: String
    /// Byte count of all blocks of the DAG, repeated ones counted each time.
    public let tsize: UInt64?
    /// Links in the root block.
    public let linkCount: Int?
    /// Distinct blocks of the DAG.
    public let blockCount: Int?

    /// The name, which test runs print.
    public var description: String { name }

    /// The cases of one fixture file, such as `kubo.jsonl`.
    ///
    /// - Throws: ``DAGCaseError`` that names the line.
    public static func load(_ file: String) throws -> [DAGCase] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Fixtures/unixfs")
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        let decoder = JSONDecoder()
        return try text.split(separator: "\n").enumerated().map { index, line in
            do {
                return try DAGCase(try decoder.decode(Recipe.self, from: Data(line.utf8)))
            } catch {
                throw DAGCaseError(file: file, line: index + 1, reason: "\(error)")
            }
        }
    }

    init(_ recipe: Recipe) throws {
        name = try recipe["name"].text()
        input = try InputTree(recipe["input"])
        options = try Options(recipe["options"])
        profile = try recipe["profile"].ifPresent { try $0.text() }
        cid = try recipe["cid"].text()
        tsize = try recipe["tsize"].ifPresent { UInt64(try $0.number()) }
        linkCount = try recipe["links"].ifPresent { try $0.number() }
        blockCount = try recipe["blocks"].ifPresent { try $0.number() }
    }
}

/// A fixture line that does not read as a case.
public struct DAGCaseError: Error {
    /// The fixture file.
    public let file: String
    /// The line, counted from one.
    public let line: Int
    /// What is wrong with it.
    public let reason: String
}

extension DAGCase.Options {
    init(_ recipe: Recipe) throws {
        for (key, value) in try recipe.object() {
            switch key {
            case "cid": cidVersion = try value.number()
            case "hash": hash = try value.text()
            case "inline": inlineLimit = try value.number()
            case "layout": layout = try value.text()
            case "links": maxLinks = try value.number()
            case "raw": rawLeaves = try value.flag()
            case "chunker": chunker = try value.text()
            case "threshold":
                let threshold = try value.number()
                hamtThreshold = threshold == 0 ? nil : threshold
            case "estimator": estimator = try value.text()
            case "fanout": fanout = try value.number()
            case "entries": maxDirectoryLinks = try value.number()
            case "mode": mode = try value.mode()
            case "mtime": mtime = try value.time()
            case "keep-mode": keepsMode = try value.flag()
            case "keep-mtime": keepsMtime = try value.flag()
            case "hidden": includesHidden = try value.flag()
            case "empty-dirs": keepsEmptyDirectories = try value.flag()
            case "follow": followsSymlinks = try value.flag()
            case "ignore": ignored = try value.list().map { try $0.text() }
            case "wrap": wrapName = try value.text()
            default: throw Recipe.Mistake.unknown(key)
            }
        }
    }
}
