// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlockStore
import Catalog
import Repository

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Say what the repository holds and what it costs.")

    @OptionGroup var repository: RepositoryOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let opened = try await repository.open()
        let totals = try await opened.catalog.totals()
        let snapshots = try await opened.catalog.snapshots(limit: nil)
        // What the runs brought, whether it was stored before or not.
        let ingested = snapshots.reduce(Int64(0)) { $0 + $1.counts.bytes }
        let quarantined = try await opened.quarantine().blockCount
        let incomplete = try await opened.catalog.lostBlockCounts().count
        if output.json {
            let health: [(String, JSON)] = [
                ("quarantinedBlocks", .count(quarantined)),
                ("incompleteSnapshots", .count(incomplete)),
            ]
            Console.line(json(totals, ingested: ingested, path: opened.path, health).text)
        } else {
            show(totals, ingested: ingested, path: opened.path)
        }
        if quarantined > 0 {
            Console.error(
                "in quarantine: \(Figures.count(quarantined, "bad block")); run `cairn repair`")
        }
        if incomplete > 0 {
            Console.error(
                "incomplete: \(Figures.count(incomplete, "snapshot")); run `cairn repair`")
        }
        if try await opened.catalog.needsRebuild() {
            Console.error("the catalog is incomplete: run `cairn reindex`")
        }
    }

    private func show(_ totals: CatalogTotals, ingested: Int64, path: String) {
        Console.line("repository: \(path)")
        Console.line("snapshots: \(Figures.count(totals.snapshotCount))")
        Console.line("ingested: \(Figures.bytes(ingested)) in all runs")
        Console.line(
            "blocks: \(Figures.count(totals.blockCount)), \(Figures.bytes(totals.byteCount))")
        Console.line(
            "stored: \(Figures.bytes(totals.storedByteCount)) in \(Figures.count(totals.packCount, "pack"))"
        )
        for group in totals.groups {
            Console.line(
                "  \(group.tier) \(group.kind): \(Figures.count(group.blockCount, "block")), \(Figures.bytes(group.byteCount)) in \(Figures.count(group.packCount, "pack")) of \(Figures.bytes(group.storedByteCount))"
            )
        }
        Console.line("compression: \(ratio(totals.byteCount, totals.storedByteCount)) : 1")
        Console.line("deduplication: \(ratio(ingested, totals.byteCount)) : 1")
        Console.line("catalog: \(Figures.bytes(totals.catalogByteCount))\(perBlock(totals))")
    }

    private func ratio(_ whole: Int64, _ part: Int64) -> String {
        part > 0 ? Figures.decimal(Double(whole) / Double(part), 2) : "-"
    }

    private func perBlock(_ totals: CatalogTotals) -> String {
        guard totals.blockCount > 0 else { return "" }
        let share = Double(totals.catalogByteCount) / Double(totals.blockCount)
        return ", \(Figures.decimal(share, 0)) B per block"
    }

    private func json(
        _ totals: CatalogTotals, ingested: Int64, path: String, _ health: [(String, JSON)]
    ) -> JSON {
        let fields: [(String, JSON)] = [
            ("repository", .string(path)), ("snapshots", .count(totals.snapshotCount)),
            ("ingestedBytes", .integer(ingested)), ("blocks", .count(totals.blockCount)),
            ("bytes", .integer(totals.byteCount)), ("packs", .count(totals.packCount)),
            ("storedBytes", .integer(totals.storedByteCount)),
            ("catalogBytes", .integer(totals.catalogByteCount)),
            (
                "groups",
                .array(
                    totals.groups.map {
                        .object([
                            ("tier", .string("\($0.tier)")), ("kind", .string("\($0.kind)")),
                            ("packs", .count($0.packCount)), ("blocks", .count($0.blockCount)),
                            ("bytes", .integer($0.byteCount)),
                            ("storedBytes", .integer($0.storedByteCount)),
                        ])
                    })
            ),
        ]
        return .object(fields + health)
    }
}
