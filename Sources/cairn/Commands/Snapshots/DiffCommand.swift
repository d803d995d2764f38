// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Lifecycle
import Multiformats
import Repository

struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Say what has changed from one tree to another.",
        discussion: """
            cairn diff 0199ab latest
            cairn diff 0199ab latest docs/report.txt
            cairn diff latest:docs bafybei…/docs --stat

            A tree is latest, the beginning of a snapshot's id, one of these with :path, or a CID \
            with a path. Each line begins with + for what is new, - for what is gone, M for other \
            content, U for other permissions or another modification time, T for another type. \
            Files are the same if they are cut into the same blocks.
            """)

    @Argument(help: "The tree as it was.", completion: .snapshots)
    var old: String

    @Argument(help: "The tree as it is.", completion: .snapshots)
    var new: String

    @Argument(help: "Compare only what is below this path.")
    var path: String?

    @Flag(help: "Print sums only.")
    var stat = false

    @Flag(help: "Exit with 1 if anything has changed.")
    var exitCode = false

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open()
        let (from, to) = try await roots(opened)
        let (printsEntries, json) = (!stat, output.json)
        let totals = try await TreeDiff(opened.blocks).run(from: from, to: to) { entry in
            guard printsEntries else { return }
            let report = DiffReport(entry)
            Console.line(json ? report.json.text : report.line)
        }
        if json {
            Console.line(DiffReport.json(totals).text)
        } else if stat {
            for line in DiffReport.lines(totals) { Console.line(line) }
        } else {
            for line in DiffReport.lines(totals) { Console.error(line) }
        }
        if exitCode, !totals.isEmpty { throw ExitCode(Failure.failed) }
    }

    private func roots(_ opened: Repository) async throws -> (TreeRoot?, TreeRoot?) {
        let (old, new) = (try TreeReference(old), try TreeReference(new))
        guard let path else {
            return (try await old.resolve(in: opened), try await new.resolve(in: opened))
        }
        let from = try await old.appending(path).resolveIfPresent(in: opened)
        let to = try await new.appending(path).resolveIfPresent(in: opened)
        guard from != nil || to != nil else {
            throw SnapshotError(.noPath, "neither \(old) nor \(new) has \(path)")
        }
        return (from, to)
    }
}
