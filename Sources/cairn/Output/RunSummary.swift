// SPDX-License-Identifier: Apache-2.0

import Catalog
import Ingest
import Pipeline

/// What a run did, for people and for programs.
struct RunSummary {
    private let result: IngestResult

    init(_ result: IngestResult) { self.result = result }

    /// Two or three lines.
    func lines(verb: String) -> [String] {
        let (counts, elapsed) = (result.counts, result.report.elapsed)
        let seconds = max(Figures.seconds(elapsed), 1e-6)
        let what = counts.files + counts.directories > 0 ? "\(Self.entries(counts)), " : ""
        var rate = "\(Figures.bytes(Int(Double(counts.bytes) / seconds)))/s"
        if counts.files > 0 {
            rate += ", \(Figures.count(Int(Double(counts.files) / seconds))) files/s"
        }
        var lines = [
            "\(verb) \(what)\(Figures.bytes(counts.bytes + counts.unchangedBytes)) in \(Figures.duration(elapsed)) (\(rate))"
        ]
        if counts.unchangedFiles > 0 { lines.append(Self.unchanged(counts)) }
        let isStored = result.snapshot != nil
        var blocks =
            "\(Figures.count(counts.blocks, "block")), \(Figures.count(counts.newBlocks)) new (\(Figures.bytes(counts.newBytes)))"
        if isStored {
            blocks += ", stored in \(Figures.bytes(counts.storedBytes))"
            let ratios = Ratios(counts).parts.joined(separator: ", ")
            if !ratios.isEmpty { blocks += " (\(ratios))" }
        }
        lines.append(blocks)
        if let stage = result.report.bottleneck {
            lines.append(
                "busiest stage: \(stage.name), \(Figures.percent(stage.utilisation(over: elapsed))) of \(Figures.count(stage.width, "worker"))"
            )
        }
        if counts.skipped > 0 {
            lines.append(
                "\(Figures.count(counts.skipped, "input")) skipped because of errors, named above")
        }
        return lines
    }

    private static func unchanged(_ counts: IngestCounts) -> String {
        "\(Figures.count(counts.unchangedFiles, "file")) unchanged (\(Figures.bytes(counts.unchangedBytes))), \(Figures.count(counts.filesRead)) read (\(Figures.bytes(counts.bytes)))"
    }

    private static func entries(_ counts: IngestCounts) -> String {
        Figures.count(counts.files, "file") + ", "
            + Figures.count(counts.directories, "directory", plural: "directories")
    }

    /// The summary object.
    var json: JSON {
        let counts = result.counts
        return .object([
            ("event", "summary"),
            ("root", .text(result.roots.first.map { "\($0.cid)" })),
            (
                "roots",
                .array(
                    result.roots.map {
                        .object([
                            ("name", .string(String(decoding: $0.name, as: UTF8.self))),
                            ("cid", .string("\($0.cid)")),
                        ])
                    })
            ),
            ("files", .count(counts.files)), ("directories", .count(counts.directories)),
            ("symlinks", .count(counts.symbolicLinks)),
            ("bytes", .count(counts.bytes + counts.unchangedBytes)),
            ("filesRead", .count(counts.filesRead)), ("bytesRead", .count(counts.bytes)),
            ("unchangedFiles", .count(counts.unchangedFiles)),
            ("unchangedBytes", .count(counts.unchangedBytes)),
            ("verifiedFiles", .count(counts.verifiedFiles)),
            ("blocks", .count(counts.blocks)), ("newBlocks", .count(counts.newBlocks)),
            ("newBytes", .count(counts.newBytes)), ("storedBytes", .count(counts.storedBytes)),
            ("skipped", .count(counts.skipped)), ("ignored", .count(counts.ignored)),
            ("seconds", .seconds(result.report.elapsed)),
            ("snapshot", .text(result.snapshot?.id)),
            ("bottleneck", .text(result.report.bottleneck?.name)),
            ("stages", .array(result.report.stages.map(stage))),
        ])
    }

    private func stage(_ stage: StageReport) -> JSON {
        .object([
            ("name", .string(stage.name)), ("width", .count(stage.width)),
            ("items", .count(stage.items)), ("bytes", .count(stage.bytes)),
            ("busy", .seconds(stage.busy)), ("waitingForInput", .seconds(stage.inputWait)),
            ("waitingForRoom", .seconds(stage.outputWait)),
            ("utilisation", .double(stage.utilisation(over: result.report.elapsed))),
        ])
    }
}
