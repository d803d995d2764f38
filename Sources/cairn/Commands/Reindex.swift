// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Lifecycle
import Repository

struct Reindex: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reindex", abstract: "Rebuild the catalog from the packs alone.",
        discussion: """
            For a catalog that was lost, damaged, or does not fit the packs. A damaged catalog \
            file is kept beside the new one.
            """)

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await Repository.openForReindex(repository.path)
        let start = ContinuousClock.now
        let counter = PackCounter()
        let report = try await LiveLine.showing(!output.json) {
            counter.text
        } while: {
            try await Lifecycle.Reindex(opened).run { counter.set($0, of: $1) }
        }
        for failure in report.failures { Console.error(failure) }
        if output.json {
            Console.line(
                JSON.object([
                    ("event", "summary"), ("packs", .count(report.packCount)),
                    ("blocks", .count(report.blockCount)),
                    ("snapshots", .count(report.snapshotCount)), ("pins", .count(report.pinCount)),
                    ("salvagedPacks", .count(report.salvagedPackCount)),
                    ("failures", .count(report.failures.count)),
                    ("seconds", .seconds(start.duration(to: .now))),
                ]).text)
        } else {
            Console.error(
                "indexed \(Figures.count(report.packCount, "pack")), \(Figures.count(report.blockCount, "block")), \(Figures.count(report.snapshotCount, "snapshot")), \(Figures.count(report.pinCount, "pin")) in \(Figures.duration(start.duration(to: .now)))"
            )
        }
        if !report.failures.isEmpty { throw ExitCode(Failure.failed) }
    }
}
