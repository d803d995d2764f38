// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Catalog
import Multiformats
import Repository

struct Snapshots: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the runs that were recorded, newest first.")

    @Option(name: .shortAndLong, help: ArgumentHelp("List at most so many.", valueName: "n"))
    var limit: Int?

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let snapshots = try await repository.open().catalog.snapshots(limit: limit)
        for snapshot in snapshots {
            if output.json { Console.line(Self.json(snapshot).text) } else { Self.show(snapshot) }
        }
        if snapshots.isEmpty, !output.json { Console.error("no snapshots yet") }
    }

    private static func show(_ snapshot: SnapshotRecord) {
        let time = Figures.time(milliseconds: snapshot.startedAtMilliseconds)
        let sources = snapshot.sources.map { Escape.name($0) }.joined(separator: " ")
        let counts = snapshot.counts
        var line =
            "\(snapshot.id)  \(time)  \(sources)  \(Figures.count(Int(counts.files), "file")), \(Figures.bytes(counts.bytes)), \(Figures.bytes(counts.newBytes)) new"
        if counts.skipped > 0 { line += ", \(Figures.count(counts.skipped)) skipped" }
        if !snapshot.tags.isEmpty { line += "  [\(snapshot.tags.joined(separator: ", "))]" }
        Console.line(line)
        for root in snapshot.roots { Console.line("  \(text(root.cid)) \(Escape.name(root.name))") }
    }

    private static func text(_ cid: [UInt8]) -> String {
        (try? CID(cid)).map { "\($0)" } ?? "(damaged CID)"  // shown, so that it is noticed
    }

    private static func json(_ snapshot: SnapshotRecord) -> JSON {
        let counts = snapshot.counts
        return .object([
            ("id", .string(snapshot.id)),
            ("started", .string(Figures.time(milliseconds: snapshot.startedAtMilliseconds))),
            ("finished", .string(Figures.time(milliseconds: snapshot.finishedAtMilliseconds))),
            ("sources", .array(snapshot.sources.map { .string($0) })),
            (
                "roots",
                .array(
                    snapshot.roots.map {
                        .object([("name", .string($0.name)), ("cid", .string(text($0.cid)))])
                    })
            ),
            ("parent", .text(snapshot.parentID)), ("host", .string(snapshot.host)),
            ("tags", .array(snapshot.tags.map { .string($0) })),
            ("options", .object(snapshot.options.map { ($0.key, .string($0.value)) })),
            ("files", .integer(counts.files)), ("directories", .integer(counts.directories)),
            ("symlinks", .integer(counts.symlinks)), ("bytes", .integer(counts.bytes)),
            ("blocks", .integer(counts.blocks)), ("newBlocks", .integer(counts.newBlocks)),
            ("newBytes", .integer(counts.newBytes)),
            ("storedBytes", .integer(counts.storedBytes)), ("skipped", .integer(counts.skipped)),
        ])
    }
}
