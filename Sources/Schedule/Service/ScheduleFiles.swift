// SPDX-License-Identifier: Apache-2.0

import FileIO
import Repository

/// The files of a schedule: those named, and those in directories that are named.
public struct ScheduleFiles: Sendable {
    /// What was named.
    public let paths: [String]

    /// Files and directories; of a directory, what ends in `.yaml` or `.yml`.
    public init(_ paths: [String]) { self.paths = paths }

    /// What was read.
    public struct Contents: Sendable {
        /// Pipelines with a schedule, by name.
        public var pipelines: [PipelineDeclaration] = []
        /// Files without one.
        public var unscheduled: [String] = []
        /// What is wrong with the others.
        public var problems: [Problem] = []
    }

    /// A file that cannot be used.
    public struct Problem: Sendable {
        /// The file.
        public let path: String
        /// Why, with place and remedy.
        public let message: String
    }

    /// Reads all files; blocks.
    ///
    /// - Throws: `IOError` if what was named does not exist.
    public func load() throws -> Contents {
        var contents = Contents()
        var owners: [String: String] = [:]
        for path in try files() {
            do {
                let declaration = try PipelineDeclaration.load(path)
                if let other = owners.updateValue(path, forKey: declaration.name) {
                    contents.problems.append(
                        Problem(
                            path: path,
                            message:
                                "\(path): \(other) has the name \(declaration.name), too; give one of them another `name:`"
                        ))
                } else if declaration.schedule == nil {
                    contents.unscheduled.append(path)
                } else {
                    contents.pipelines.append(declaration)
                }
            } catch {
                contents.problems.append(Problem(path: path, message: "\(error)"))
            }
        }
        return contents
    }

    /// Expects that all files can be used; blocks.
    ///
    /// - Throws: as ``load()``; an error that names each mistake with its place.
    public func requireSound() throws { try Self.requireSound(try load()) }

    static func requireSound(_ contents: Contents) throws {
        guard contents.problems.isEmpty else {
            throw RunFailure(
                description: contents.problems.map(\.message).joined(separator: "\n"))
        }
    }

    private func files() throws -> [String] {
        try paths.flatMap { path -> [String] in
            do {
                let directory = try Directory(path)
                var stream = try DirectoryStream(directory)
                var names: [String] = []
                while let entry = try stream.next() {
                    let name = String(decoding: entry.name, as: UTF8.self)
                    let isPipeline = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
                    if isPipeline, !name.hasPrefix(".") { names.append(name) }
                }
                return names.sorted().map { path + "/" + $0 }
            } catch let error as IOError where error.code == .notADirectory {
                return [path]
            }
        }
    }
}
