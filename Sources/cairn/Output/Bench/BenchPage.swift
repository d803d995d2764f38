// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Bench
import FileIO
import Ingest
import Pipeline

/// The results of a benchmark as one HTML page that needs nothing beside it.
struct BenchPage {
    private let result: BenchResult

    init(_ result: BenchResult) { self.result = result }

    /// The page.
    var text: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>cairn bench</title>
        <style>
        \(BenchStyle.sheet)
        </style>
        </head>
        <body>
        <header>
        <h1>cairn bench</h1>
        <p>\(HTML.escaped(BenchWords.machine(result.system)))</p>
        <p class="quiet">\(settings)</p>
        </header>
        \(shares)
        \(result.sources.map(section).joined(separator: "\n"))
        \(ceilings)
        </body>
        </html>

        """
    }

    private var settings: String {
        let (plan, time) = (result.plan, Figures.time(milliseconds: WallClock.milliseconds))
        return HTML.escaped(
            "cairn \(Cairn.configuration.version), \(Figures.count(plan.runs, "run")) each, compression \(plan.options.compression), memory budget \(Figures.bytes(plan.options.memory.byteCount)), seed \(plan.seed), \(time)"
        )
    }

    private var shares: String {
        let bars = result.sources.map { source in
            BarChart.Bar(
                label: source.name, value: min(1, source.shareOfLimit),
                text:
                    "\(Figures.percent(source.shareOfLimit)): \(Figures.decimal(source.limit.total, 3)) of \(Figures.decimal(source.typical.seconds, 3)) s"
            )
        }
        let rows = result.sources.map { source in
            [
                source.name, Figures.count(source.size.files), Figures.bytes(source.size.bytes),
                "\(Figures.decimal(source.typical.seconds, 3)) s",
                "\(Figures.decimal(source.spread.lowerBound, 3)) to \(Figures.decimal(source.spread.upperBound, 3)) s",
                BenchWords.rate(Double(source.size.bytes) / source.typical.seconds),
                Figures.count(Int(Double(source.size.files) / source.typical.seconds)),
                source.peakByteCount.map { Figures.bytes($0) } ?? "-",
                BenchWords.busiest(source.typical), source.limit.bound.rawValue,
                BenchWords.gain(source.moreCores), BenchWords.gain(source.fasterDisk),
            ]
        }
        let heading = [
            "", "files", "size", "median", "spread", "rate", "files/s", "peak memory",
            "busiest stage", "short of", "twice the cores", "twice the disk",
        ]
        return """
            <section>
            <h2>Share of the limit</h2>
            <p class="quiet">The least time in which this machine could have done the work, by the
            time it took: 100 % is as fast as can be.</p>
            \(BarChart(groups: [.init(name: nil, bars: bars)], full: 1).svg)
            \(HTML.table(heading, rows))
            </section>
            """
    }

    private func section(_ source: SourceResult) -> String {
        let intervals = source.typical.timeline.intervals(atMost: 120)
        let elapsed = source.typical.seconds
        let limit = source.limit
        let device = limit.totalFromDevice.flatMap { seconds in
            // Said only where the device would be what holds the run up.
            seconds > limit.total * 1.01
                ? "; were the data not in the page cache, \(Figures.decimal(seconds, 3)) s" : nil
        }
        let text =
            "The limit is \(Figures.decimal(limit.total, 3)) s, for want of \(limit.bound == .cores ? "cores" : "a faster \(limit.bound.rawValue)")\(device ?? ""). Work of the cores: \(BenchWords.parts(limit))."
        return """
            <section>
            <h2>\(HTML.escaped(source.name))</h2>
            <p class="quiet">\(HTML.escaped(source.summary)). \(HTML.escaped(text))</p>
            \(RateChart(intervals: intervals, seconds: elapsed).svg)
            \(StageChart(run: source.typical, intervals: intervals, seconds: elapsed).svg)
            </section>
            """
    }

    private var ceilings: String {
        let ceilings = result.ceilings
        var moving = [
            bar("read, page cache, one core", ceilings.cachedReadRate),
            bar("write, page cache, one core", ceilings.cachedWriteRate),
            bar("write, durable", ceilings.durableWriteRate),
        ]
        if let device = ceilings.deviceReadRate {
            moving.insert(bar("read, device", device), at: 1)
        }
        let hashes = ceilings.hashes.flatMap { hash in
            [
                bar("\(hash.name), one core", hash.perCore),
                bar("all cores", hash.allCores, isSecond: true),
            ]
        }
        let compression = result.sources.filter { $0.size.bytes > 0 }.map { source in
            BarChart.Group(
                name: "compressing \(source.name)",
                bars: ([source.cost.compression] + source.cost.levels.map(\.rate)).map {
                    bar("\($0.name), all cores", $0.allCores)
                })
        }
        let groups =
            [
                BarChart.Group(name: "moving bytes", bars: moving),
                BarChart.Group(name: "hashing", bars: hashes),
            ] + compression
        let rows = [
            ["sync of a block", BenchWords.milliseconds(ceilings.syncSeconds)],
            ["catalog inserts, durable", BenchWords.perSecond(ceilings.insertRate)],
            ["catalog look-ups of blocks that are held", BenchWords.perSecond(ceilings.hitRate)],
            ["catalog look-ups of others", BenchWords.perSecond(ceilings.missRate)],
        ]
        return """
            <section>
            <h2>Ceilings</h2>
            <p class="quiet">What this machine reaches at each thing alone.</p>
            \(BarChart(groups: groups, full: nil).svg)
            \(HTML.table(["", ""], rows))
            </section>
            """
    }

    private func bar(_ name: String, _ rate: Double, isSecond: Bool = false) -> BarChart.Bar {
        BarChart.Bar(
            label: name, value: rate.isFinite ? rate : 0, text: BenchWords.rate(rate),
            isSecond: isSecond)
    }
}

/// What HTML needs.
enum HTML {
    /// `text` as content or as the value of an attribute.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in Escape.name(text).unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// A table of texts.
    static func table(_ heading: [String], _ rows: [[String]]) -> String {
        let head = heading.map { "<th>\(escaped($0))</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + row.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
        }
        let top = heading.allSatisfy(\.isEmpty) ? "" : "<thead><tr>\(head)</tr></thead>"
        return "<div class=\"wide\"><table>\(top)<tbody>\(body.joined(separator: "\n"))</tbody>"
            + "</table></div>"
    }
}

/// How the page looks, in light and in dark surroundings.
enum BenchStyle {
    static let sheet = """
        :root { color-scheme: light dark; --paper: #fbfbf9; --ink: #1d2327; --quiet: #66707a;
          --line: #d9dde1; --first: #2d6a8e; --second: #c9772b; --track: #eceef0; }
        @media (prefers-color-scheme: dark) { :root { --paper: #15191c; --ink: #e4e7ea;
          --quiet: #98a2ab; --line: #343b41; --first: #6fb1d8; --second: #e9a460;
          --track: #22282d; } }
        body { background: var(--paper); color: var(--ink); max-width: 68rem; margin: 2rem auto;
          padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.7rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2.5rem 0 .2rem }
        header p, section p { margin: .2rem 0 .6rem } .quiet { color: var(--quiet) }
        svg { display: block; width: 100%; height: auto; margin: .6rem 0; font: 12px system-ui,
          sans-serif }
        svg text { fill: var(--ink) } svg .quiet { fill: var(--quiet) }
        svg .head { font-weight: 600 } svg .track { fill: var(--track) }
        svg .first { fill: var(--first) } svg .second { fill: var(--second) }
        svg .grid { stroke: var(--line) } svg .curve { fill: none; stroke-width: 1.8;
          stroke-linejoin: round } svg .area { fill: var(--first); opacity: .14 }
        svg .curve.first { stroke: var(--first); fill: none }
        svg .curve.second { stroke: var(--second); fill: none }
        .wide { overflow-x: auto } table { border-collapse: collapse; font-size: .83rem }
        th, td { text-align: right; padding: .25rem .45rem; border-bottom: 1px solid var(--line);
          font-variant-numeric: tabular-nums; white-space: nowrap }
        th { font-weight: 600; white-space: normal; vertical-align: bottom }
        th:first-child, td:first-child { text-align: left; padding-left: 0 }
        """
}
