// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Lifecycle
import Repository

struct TagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Add tags to a snapshot, or take some away.",
        discussion: """
            cairn tag add latest release
            cairn tag rm 0199ab release draft
            """,
        subcommands: [AddTag.self, RemoveTag.self])
}

/// A snapshot and words for it.
struct TagArguments: ParsableArguments {
    @Argument(
        help: "The beginning of a snapshot's id, or latest.", completion: .snapshots)
    var snapshot: String

    @Argument(help: "Words, without commas.")
    var tags: [String]

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        for tag in tags { try SnapshotTags.check(tag) }
    }

    func change(adding added: [String], removing removed: [String]) async throws {
        let opened = try await repository.open()
        let found = try await opened.snapshot(named: snapshot)
        let tags = try await SnapshotTags(opened).change(
            found, adding: added, removing: removed)
        if output.json {
            Console.line(
                JSON.object([
                    ("id", .string(found.id)), ("tags", .array(tags.map { .string($0) })),
                ]).text)
        } else {
            Console.line("\(found.id)  [\(tags.joined(separator: ", "))]")
        }
    }
}

struct AddTag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add tags to a snapshot.")

    @OptionGroup var arguments: TagArguments

    func run() async throws { try await arguments.change(adding: arguments.tags, removing: []) }
}

struct RemoveTag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Take tags away from a snapshot.")

    @OptionGroup var arguments: TagArguments

    func run() async throws { try await arguments.change(adding: [], removing: arguments.tags) }
}
