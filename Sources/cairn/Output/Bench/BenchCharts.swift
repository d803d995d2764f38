// SPDX-License-Identifier: Apache-2.0

import Bench
import Pipeline

/// The measures that the plots share, in units of the drawing.
private enum Canvas {
    static let width = 960.0
    static let left = 210.0
    static let right = 190.0
    static var plot: Double { width - left - right }

    static func drawing(height: Double, label: String, _ content: [String]) -> String {
        """
        <svg viewBox="0 0 \(number(width)) \(number(height))" role="img" aria-label="\(HTML.escaped(label))">
        \(content.joined(separator: "\n"))
        </svg>
        """
    }

    static func number(_ value: Double) -> String { Figures.decimal(value, 1) }

    static func text(
        _ text: String, x: Double, y: Double, anchor: String = "start", style: String = ""
    ) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\" class=\"\(style)\">\(HTML.escaped(text))</text>"
    }

    static func box(
        x: Double, y: Double, width: Double, height: Double, style: String, opacity: Double = 1
    ) -> String {
        let shade = opacity < 1 ? " opacity=\"\(Figures.decimal(opacity, 2))\"" : ""
        return
            "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" height=\"\(number(height))\" class=\"\(style)\"\(shade)/>"
    }

    static func line(x1: Double, y1: Double, x2: Double, y2: Double) -> String {
        "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" class=\"grid\"/>"
    }

    /// A step of 1, 2 or 5 times a power of ten of which `limit` has two to five.
    static func step(upTo limit: Double) -> Double {
        guard limit > 0, limit.isFinite else { return 1 }
        var step = 1.0
        while step * 5 > limit { step /= 10 }
        while step * 50 <= limit { step *= 10 }
        return [1.0, 2, 5, 10].map { $0 * step }.first { limit / $0 <= 5.5 } ?? step
    }

    /// The axis of time below a plot whose lower edge is at `y`.
    static func timeAxis(seconds: Double, y: Double) -> [String] {
        let step = step(upTo: seconds)
        var marks: [String] = []
        var index = 0
        while Double(index) * step <= seconds * 1.001 {
            let time = Double(index) * step
            let places = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 3
            marks.append(
                text(
                    "\(Figures.decimal(time, places)) s", x: left + time / seconds * plot,
                    y: y + 16, anchor: "middle", style: "quiet"))
            index += 1
        }
        return marks
    }
}

/// Horizontal bars with a text behind each.
struct BarChart {
    struct Bar {
        let label: String
        let value: Double
        let text: String
        var isSecond = false
    }

    /// Bars of one scale, under a heading.
    struct Group {
        let name: String?
        let bars: [Bar]
    }

    let groups: [Group]
    /// The value that fills the width; nil for the largest of each group.
    let full: Double?

    var svg: String {
        var (y, content) = (4.0, [String]())
        for group in groups {
            if let name = group.name {
                y += 10
                content.append(Canvas.text(name, x: 0, y: y + 12, style: "head"))
                y += 22
            }
            let scale = full ?? group.bars.map(\.value).max() ?? 1
            for bar in group.bars {
                let share = scale > 0 ? min(1, max(0, bar.value / scale)) : 0
                content.append(
                    Canvas.text(
                        Self.shortened(bar.label), x: Canvas.left - 10, y: y + 13, anchor: "end"))
                content.append(
                    Canvas.box(
                        x: Canvas.left, y: y, width: Canvas.plot, height: 17, style: "track"))
                content.append(
                    Canvas.box(
                        x: Canvas.left, y: y, width: share * Canvas.plot, height: 17,
                        style: bar.isSecond ? "second" : "first"))
                content.append(
                    Canvas.text(bar.text, x: Canvas.left + Canvas.plot + 10, y: y + 13))
                y += 22
            }
        }
        return Canvas.drawing(height: y + 4, label: "bars", content)
    }

    /// The end of a long label, which tells paths apart.
    private static func shortened(_ label: String) -> String {
        label.count > 30 ? "…" + label.suffix(29) : label
    }
}

/// Bytes read and stored per second, over the time of a run.
struct RateChart {
    let intervals: [Timeline.Interval]
    let seconds: Double

    private static let height = 150.0

    var svg: String {
        let rates = intervals.flatMap { [$0.readRate, $0.storeRate] }
        let top = max(rates.max() ?? 0, 1) * 1.05
        var content: [String] = []
        let (unit, name) = top >= 2 * Double(1 << 30) ? (1 << 30, "GiB/s") : (1 << 20, "MiB/s")
        let step = Canvas.step(upTo: top / Double(unit))
        var index = 0
        while Double(index) * step * Double(unit) <= top {
            let mark = Double(index) * step
            let y = place(mark * Double(unit), top)
            content.append(
                Canvas.line(x1: Canvas.left, y1: y, x2: Canvas.left + Canvas.plot, y2: y))
            let places = step >= 1 ? 0 : step >= 0.1 ? 1 : 2
            content.append(
                Canvas.text(
                    "\(Figures.decimal(mark, places)) \(name)", x: Canvas.left - 10, y: y + 4,
                    anchor: "end", style: "quiet"))
            index += 1
        }
        let read = points(top, \.readRate)
        content.append(area(read, top))
        content.append(curve(read, "first"))
        content.append(curve(points(top, \.storeRate), "second"))
        let x = Canvas.left + Canvas.plot + 10
        content.append(Canvas.box(x: x, y: 20, width: 12, height: 12, style: "first"))
        content.append(Canvas.text("read", x: x + 18, y: 30))
        content.append(Canvas.box(x: x, y: 42, width: 12, height: 12, style: "second"))
        content.append(Canvas.text("stored", x: x + 18, y: 52))
        content += Canvas.timeAxis(seconds: seconds, y: Self.height + 10)
        return Canvas.drawing(
            height: Self.height + 34, label: "bytes read and stored per second", content)
    }

    private func place(_ rate: Double, _ top: Double) -> Double {
        10 + Self.height * (1 - rate / top)
    }

    private func points(
        _ top: Double, _ rate: (Timeline.Interval) -> Double
    ) -> [(x: Double, y: Double)] {
        intervals.map {
            (Canvas.left + min(1, $0.seconds / seconds) * Canvas.plot, place(rate($0), top))
        }
    }

    private func path(_ points: [(x: Double, y: Double)]) -> String {
        points.map { "\(Canvas.number($0.x)),\(Canvas.number($0.y))" }.joined(separator: " ")
    }

    private func curve(_ points: [(x: Double, y: Double)], _ style: String) -> String {
        "<polyline points=\"\(path(points))\" class=\"curve \(style)\"/>"
    }

    private func area(_ points: [(x: Double, y: Double)], _ top: Double) -> String {
        guard let first = points.first, let last = points.last else { return "" }
        let base = place(0, top)
        return
            "<polygon points=\"\(path([(first.x, base)] + points + [(last.x, base)]))\" class=\"area\"/>"
    }
}

/// How busy each stage was, over the time of a run: the stronger the colour, the busier.
struct StageChart {
    let run: RunRecord
    let intervals: [Timeline.Interval]
    let seconds: Double

    private static let rowHeight = 22.0

    var svg: String {
        var content: [String] = []
        var edges = [0.0]
        // The edge between two intervals is as far from the one's middle as the last edge is.
        for interval in intervals { edges.append(2 * interval.seconds - edges[edges.count - 1]) }
        for (row, stage) in run.report.stages.enumerated() {
            let y = Double(row) * Self.rowHeight + 2
            let width = stage.width > 1 ? " × \(stage.width)" : ""
            content.append(
                Canvas.text(
                    stage.name + width, x: Canvas.left - 10, y: y + 13, anchor: "end"))
            content.append(
                Canvas.box(
                    x: Canvas.left, y: y, width: Canvas.plot, height: Self.rowHeight - 4,
                    style: "track"))
            for (index, interval) in intervals.enumerated()
            where interval.utilisation[row] >= 0.01 {
                let (from, to) = (edges[index] / seconds, min(1, edges[index + 1] / seconds))
                content.append(
                    Canvas.box(
                        x: Canvas.left + from * Canvas.plot, y: y,
                        width: max(0, to - from) * Canvas.plot + 0.3,
                        height: Self.rowHeight - 4, style: "first",
                        opacity: interval.utilisation[row]))
            }
            let share = Figures.percent(stage.utilisation(over: run.report.elapsed))
            let isBusiest = run.report.bottleneck?.name == stage.name
            content.append(
                Canvas.text(
                    isBusiest ? "\(share) busy: the busiest" : "\(share) busy",
                    x: Canvas.left + Canvas.plot + 10, y: y + 13, style: isBusiest ? "head" : ""))
        }
        let bottom = Double(run.report.stages.count) * Self.rowHeight
        content += Canvas.timeAxis(seconds: seconds, y: bottom)
        return Canvas.drawing(
            height: bottom + 24, label: "how busy each stage was, over time", content)
    }
}
