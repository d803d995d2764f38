// SPDX-License-Identifier: Apache-2.0

import Ingest
import Pipeline

/// One line on how a run goes.
struct ProgressLine {
    /// The line, cut to the terminal's width.
    let text: String

    init(_ counts: IngestCounts, _ report: PipelineReport, columns: Int) {
        var parts = [
            Figures.count(counts.files, "file"),
            "\(Figures.bytes(counts.bytes + counts.unchangedBytes)) of \(Figures.bytes(counts.bytesFound))",
        ]
        let seconds = Figures.seconds(report.elapsed)
        if seconds > 0 {
            let rate = Double(counts.bytes) / seconds
            parts.append("\(Figures.bytes(Int(rate)))/s")
            let left = counts.bytesFound - counts.unchangedBytes - counts.bytes
            if rate > 0, left > 0 {
                parts.append("ETA \(Figures.duration(.seconds(Double(left) / rate)))")
            }
        }
        parts.append(contentsOf: Ratios(counts).parts)
        if let bottleneck = report.bottleneck { parts.append("waiting for \(bottleneck.name)") }
        text = String(parts.joined(separator: "  ").prefix(max(20, columns - 1)))
    }
}

/// What deduplication and compression save.
struct Ratios {
    let parts: [String]

    init(_ counts: IngestCounts) {
        var parts: [String] = []
        if counts.blockBytes > 0 {
            let known = counts.blockBytes - counts.newBytes
            parts.append("\(Figures.percent(Double(known) / Double(counts.blockBytes))) known")
        }
        if counts.storedBytes > 0 {
            let ratio = Double(counts.contentBytes) / Double(counts.storedBytes)
            parts.append("packed \(Figures.decimal(ratio, 2)) : 1")
        }
        self.parts = parts
    }
}
