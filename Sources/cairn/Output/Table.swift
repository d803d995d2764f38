// SPDX-License-Identifier: Apache-2.0

/// Rows of text in columns that are as wide as they must be.
struct Table {
    /// On which side a column's text stands.
    enum Side {
        case left, right
    }

    private let sides: [Side]
    private var rows: [(cells: [String], below: [String])] = []

    /// A table with a line of titles.
    init(_ columns: [(title: String, side: Side)]) {
        sides = columns.map(\.side)
        rows = [(columns.map(\.title), [])]
    }

    /// Adds a row, and lines that stand below it.
    mutating func add(_ cells: [String], below lines: [String] = []) {
        precondition(cells.count == sides.count, "\(cells.count) cells in \(sides.count) columns")
        rows.append((cells, lines))
    }

    /// The lines, without spaces at their ends.
    var lines: [String] {
        let widths = sides.indices.map { column in
            rows.map { $0.cells[column].count }.max() ?? 0
        }
        return rows.flatMap { row in
            var line = ""
            for (column, cell) in row.cells.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += sides[column] == .right ? padding + cell : cell + padding
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            return [line] + row.below
        }
    }
}
