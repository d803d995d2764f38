// SPDX-License-Identifier: Apache-2.0

import Bench
import Pipeline

/// The results of a benchmark as text.
struct BenchTable {
    private let result: BenchResult

    init(_ result: BenchResult) { self.result = result }

    /// All lines.
    var lines: [String] {
        let blocks = [
            [BenchWords.machine(result.system)], ceilings, compression, runs, limits,
            [
                "share: the least time in which this machine could have done it, by the time it took; docs: Docs/benchmarks.md"
            ],
        ]
        return Array(blocks.joined(separator: [""]))
    }

    private var ceilings: [String] {
        let ceilings = result.ceilings
        var rows = [["ceilings", "one core", "all cores"]]
        func row(_ name: String, _ one: String, _ all: String = "") {
            rows.append([name, one, all])
        }
        row("read, page cache", BenchWords.rate(ceilings.cachedReadRate))
        if let device = ceilings.deviceReadRate {
            row("read, device", "", BenchWords.rate(device))
        }
        for hash in ceilings.hashes {
            row(hash.name, BenchWords.rate(hash.perCore), BenchWords.rate(hash.allCores))
        }
        row("write, page cache", BenchWords.rate(ceilings.cachedWriteRate))
        row("write, durable", "", BenchWords.rate(ceilings.durableWriteRate))
        row("sync of a block", "", BenchWords.milliseconds(ceilings.syncSeconds))
        row("catalog inserts", "", BenchWords.perSecond(ceilings.insertRate))
        row("catalog look-ups, held", "", BenchWords.perSecond(ceilings.hitRate))
        row("catalog look-ups, not held", "", BenchWords.perSecond(ceilings.missRate))
        return Columns.lines(rows)
    }

    private var compression: [String] {
        var rows = [["compression of", "level", "one core", "all cores", "ratio"]]
        for source in result.sources {
            let configured = source.cost.compression
            rows.append([
                BenchWords.name(source), configured.name, BenchWords.rate(configured.perCore),
                BenchWords.rate(configured.allCores), "",
            ])
            for level in source.cost.levels {
                rows.append([
                    "", level.rate.name, BenchWords.rate(level.rate.perCore),
                    BenchWords.rate(level.rate.allCores), Figures.decimal(level.ratio, 2),
                ])
            }
        }
        return Columns.lines(rows, textColumns: 2)
    }

    private var runs: [String] {
        var rows = [
            [
                "ingest of", "files", "size", "seconds", "min..max", "rate", "files/s", "CPU",
                "peak", "limit", "share", "busiest stage",
            ]
        ]
        for source in result.sources {
            let run = source.typical
            let spread = source.spread
            rows.append([
                BenchWords.name(source), Figures.count(source.size.files),
                Figures.bytes(source.size.bytes), Figures.decimal(run.seconds, 3),
                "\(Figures.decimal(spread.lowerBound, 3))..\(Figures.decimal(spread.upperBound, 3))",
                BenchWords.rate(Double(source.size.bytes) / run.seconds),
                Figures.count(Int(Double(source.size.files) / run.seconds)),
                Figures.percent(run.cpuSeconds / run.seconds),
                source.peakByteCount.map { Figures.bytes($0) } ?? "-",
                Figures.decimal(source.limit.total, 3), Figures.percent(source.shareOfLimit),
                BenchWords.busiest(run),
            ])
        }
        return Columns.lines(rows)
    }

    private var limits: [String] {
        var rows = [
            [
                "limit of", "short of", "twice the cores", "twice the disk", "from device",
                "core time",
            ]
        ]
        for source in result.sources {
            let limit = source.limit
            rows.append([
                BenchWords.name(source), limit.bound.rawValue, BenchWords.gain(source.moreCores),
                BenchWords.gain(source.fasterDisk),
                limit.totalFromDevice.map { Figures.decimal($0, 3) + " s" } ?? "-",
                BenchWords.parts(limit),
            ])
        }
        return Columns.lines(rows, textColumns: 2)
    }
}

/// How results of a benchmark are put in words, in the table and on the page.
enum BenchWords {
    static func machine(_ system: SystemFacts) -> String {
        var parts = [Figures.count(system.coreCount, "core")]
        if let processor = system.processor { parts.append(Escape.name(processor)) }
        if let memory = system.memoryByteCount { parts.append(Figures.bytes(memory)) }
        if let kernel = system.kernel { parts.append("Linux \(Escape.name(kernel))") }
        if let data = system.dataFileSystem { parts.append("corpora on \(data)") }
        if let store = system.storeFileSystem { parts.append("repositories on \(store)") }
        return parts.joined(separator: ", ")
    }

    static func name(_ source: SourceResult) -> String { Escape.name(source.name) }

    static func rate(_ bytesPerSecond: Double) -> String {
        guard bytesPerSecond.isFinite, bytesPerSecond < 1e15 else { return "-" }
        return "\(Figures.bytes(Int(bytesPerSecond)))/s"
    }

    static func perSecond(_ rate: Double) -> String {
        guard rate.isFinite, rate < 1e15 else { return "-" }
        return "\(Figures.count(Int(rate)))/s"
    }

    static func milliseconds(_ seconds: Double) -> String {
        "\(Figures.decimal(seconds * 1000, 2)) ms"
    }

    static func busiest(_ run: RunRecord) -> String {
        guard let stage = run.report.bottleneck else { return "-" }
        let share = Figures.percent(stage.utilisation(over: run.report.elapsed))
        return "\(stage.name) \(share)"
    }

    static func gain(_ change: WhatIf) -> String {
        change.gain < 1.005 ? "nothing" : "\(Figures.decimal(change.gain, 2)) x"
    }

    /// "hash 62 %, read 20 %": the larger parts of the cores' work.
    static func parts(_ limit: Limit) -> String {
        let whole = limit.parts.reduce(0) { $0 + $1.coreSeconds }
        guard whole > 0 else { return "-" }
        return limit.parts.sorted { $0.coreSeconds > $1.coreSeconds }
            .filter { $0.coreSeconds >= whole / 100 }
            .map { "\($0.name) \(Figures.percent($0.coreSeconds / whole))" }
            .joined(separator: ", ")
    }
}

/// Text in columns.
enum Columns {
    /// The rows as lines, each column as wide as its widest field.
    ///
    /// - Parameter textColumns: so many columns from the left are flush left; numbers follow, flush
    ///   right, except for the last column if its heading is flush left text of any width.
    static func lines(_ rows: [[String]], textColumns: Int = 1) -> [String] {
        guard let heading = rows.first else { return [] }
        let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, field) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - field.count)
                let isText = column < textColumns || isWords(rows, column)
                line += (column > 0 ? "  " : "") + (isText ? field + gap : gap + field)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// Whether a column's fields begin with letters.
    private static func isWords(_ rows: [[String]], _ column: Int) -> Bool {
        rows.dropFirst().contains { $0[column].first?.isLetter == true && $0[column].count > 7 }
    }
}
