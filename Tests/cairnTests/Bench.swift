// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The command line with a repository and sources of its own, for one test.
struct Bench {
    let directory: TemporaryDirectory
    var cairn: Command
    let repository: URL

    init() throws {
        directory = try TemporaryDirectory()
        repository = directory.url.appending(path: "repository")
        cairn = try Command.cairn(repository: repository)
    }

    /// A path in the bench's directory.
    func path(_ name: String) -> String { directory.url.appending(path: name).path }

    /// Writes a source and returns its path.
    @discardableResult
    func write(_ tree: InputTree, as name: String = "source") throws -> String {
        try tree.write(to: directory.url.appending(path: name))
        return path(name)
    }

    /// Runs `cairn` and expects it to exit with `status`.
    @discardableResult
    func run(
        _ arguments: String..., input: Data = Data(), exits status: Int32 = 0,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> Command.Outcome {
        let outcome = try await cairn.run(arguments, input: input)
        #expect(
            outcome.status == status, "\(arguments): \(outcome.errors)", sourceLocation: location)
        return outcome
    }

    /// Ingests quietly and returns the root.
    func ingest(
        _ arguments: String..., at location: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let outcome = try await cairn.run(["ingest", "--quiet"] + arguments)
        #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: location)
        return try #require(outcome.lines.first, sourceLocation: location)
    }

    /// Expects two trees to be the same, links not followed.
    func expectEqual(
        _ one: String, _ other: String, at location: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await Command.named("diff").run(["-r", "--no-dereference", one, other])
        let differences = outcome.lines.prefix(5).joined(separator: "\n")
        #expect(outcome.status == 0, "\(differences)\(outcome.errors)", sourceLocation: location)
    }

    /// The paths of all packs, sealed or not.
    func packs() throws -> [String] {
        let folder = repository.appending(path: "packs/hot")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .map { folder.appending(path: $0).path }
    }
}

extension Command.Outcome {
    /// Standard output as text.
    var text: String { String(decoding: output, as: UTF8.self) }

    /// Each line of standard output as a JSON object.
    func objects() throws -> [[String: Any]] {
        try lines.map { line in
            let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
            return try #require(value as? [String: Any], "\(line)")
        }
    }
}
