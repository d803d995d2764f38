// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import Catalog
import Lifecycle
import Multiformats
import Repository

struct FindCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "Look for names in all snapshots.",
        discussion: """
            cairn find '*.jpg'                        names
            cairn find 'docs/**/report*' --since 1y   paths from the root
            cairn find secret.txt --snapshot latest --snapshot 0199ab

            The wildcards are those of gitignore: * and ? within a name, [a-z], ** for any \
            directories; a pattern without a slash is held against names, one with a slash at its \
            end against directories only. Directories that several snapshots have in common are \
            read once. Exit code 3 if something could not be read.
            """)

    @Argument(help: "The pattern.")
    var pattern: String

    @Flag(name: .shortAndLong, help: "Make no difference between small and capital letters.")
    var ignoreCase = false

    @Option(
        help: ArgumentHelp(
            "Only files (f), directories (d), symbolic links (l); repeatable.", valueName: "type"),
        completion: .list(["f", "d", "l"]))
    var type: [String] = []

    @Flag(name: .shortAndLong, help: "Name each snapshot.")
    var long = false

    @Option(
        help: ArgumentHelp(
            "Only in this snapshot, by latest or the beginning of its id; repeatable.",
            valueName: "id"),
        completion: .snapshots)
    var snapshot: [String] = []

    @OptionGroup(title: "Which snapshots") var which: SnapshotFilterArguments
    @OptionGroup(title: "Which snapshots") var latest: LatestArguments
    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let pattern = try TreePattern(pattern, ignoringCase: ignoreCase)
        let kinds = try kinds()
        var filter = try which.filter()
        try latest.apply(to: &filter)
        let opened = try await repository.open()
        let snapshots = try await opened.snapshots(filter, named: snapshot)
        let find = TreeFind(opened.blocks, pattern, kinds: kinds)
        let (json, long) = (output.json, long)
        var failureCount = 0
        try await find.run(in: snapshots) { path, error in
            failureCount += 1
            Console.error("cairn: cannot look into \(TreePath.text(path)): \(error)")
        } _: { match in
            if json { return Console.line(Self.json(match).text) }
            for line in Self.lines(match, long: long) { Console.line(line) }
        }
        if failureCount > 0 { throw ExitCode(Failure.skippedInputs) }
    }

    private func kinds() throws -> Set<TreeEntry.Kind> {
        if type.isEmpty { return [.file, .directory, .symlink, .data] }
        let known: [String: TreeEntry.Kind] = [
            "f": .file, "file": .file, "d": .directory, "directory": .directory, "l": .symlink,
            "symlink": .symlink,
        ]
        return Set(
            try type.map { word in
                guard let kind = known[word] else {
                    throw UsageError(message: "--type \(word): give f, d or l")
                }
                return kind
            })
    }

    private static func lines(
        _ match: TreeFind<RepositoryBlocks>.Match, long: Bool
    ) -> [String] {
        let entry = match.entry
        let path = TreePath.text(match.path) + (entry.kind == .directory ? "/" : "")
        let size = entry.byteCount.map { "\($0)" } ?? "-"
        let snapshots = match.snapshots.map {
            "  \($0.id)  \(SnapshotReport($0).time)  \(SnapshotReport($0).sources)"
        }
        let first = "\(entry.cid) \(size) \(path)"
        guard !long, snapshots.count > 3, let newest = snapshots.first, let oldest = snapshots.last
        else { return [first] + snapshots }
        return [first, newest, "  and \(Figures.count(snapshots.count - 2)) in between", oldest]
    }

    private static func json(_ match: TreeFind<RepositoryBlocks>.Match) -> JSON {
        .object([
            ("path", .string(TreePath.text(match.path))),
            ("type", .string(match.entry.kind.rawValue)),
            ("cid", .string("\(match.entry.cid)")),
            ("size", match.entry.byteCount.map { .count($0) } ?? .null),
            ("snapshots", .array(match.snapshots.map { .string($0.id) })),
        ])
    }
}

extension Repository {
    /// The snapshots that a filter lets through, of those that are named if any are; newest first.
    func snapshots(
        _ filter: SnapshotFilter, named names: [String] = []
    ) async throws -> [SnapshotRecord] {
        if names.isEmpty { return filter.select(try await catalog.snapshots(limit: nil)) }
        var named: [SnapshotRecord] = []
        for name in names {
            let snapshot = try await snapshot(named: name)
            if !named.contains(where: { $0.id == snapshot.id }) { named.append(snapshot) }
        }
        return filter.select(named)
    }
}
