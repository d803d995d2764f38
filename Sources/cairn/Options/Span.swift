// SPDX-License-Identifier: Apache-2.0

/// Lengths of time as people write them.
enum Span {
    private static let seconds: [Character: Int64] = [
        "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400,
    ]

    /// "90s", "30m", "12h", "7d", "4w"; nil if it is none.
    static func parse(_ text: String) -> Duration? {
        guard let unit = text.last.flatMap({ seconds[$0] }), let count = Int64(text.dropLast()),
            (0...1_000_000).contains(count)
        else { return nil }
        return .seconds(count * unit)
    }
}
