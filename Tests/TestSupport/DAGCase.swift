// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A line of `Fixtures/unixfs`: an input, options, and the root that Kubo gives for them.
public struct DAGCase: Sendable, CustomStringConvertible {
    /// The options, in the words of the fixture's README.
    public struct Options: Sendable {
        public var cidVersion = 0
        public var hash = "sha2-256"
        public var inlineLimit: Int?
        public var layout = "balanced"
        public var maxLinks = 174
        public var rawLeaves = false
        public var chunker = "size-262144"
        /// Nil if size never decides.
        public var hamtThreshold: Int? = 262_144
        public var estimator = "links"
        public var fanout = 256
        public var maxDirectoryLinks: Int?
        public var mode: UInt32?
        public var mtime: (seconds: Int64, nanoseconds: UInt32)?
        public var keepsMode = false
        public var keepsMtime = false
        public var includesHidden = false
        public var keepsEmptyDirectories = true
        public var followsSymlinks = false
        public var ignored: [String] = []
        public var wrapName: String?
    }

    public let name: String
    public let input: InputTree
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
    public let file: String
    public let line: Int
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
