// SPDX-License-Identifier: Apache-2.0

/// Spans of time as people write them.
public enum TimeSpan {
    private static let units: [(name: Character, seconds: Int64)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]
    /// A thousand years.
    private static let secondsLimit: Int64 = 31_556_952_000

    /// "90s", "30m", "12h", "7d", "4w", or several of them, as "1h30m"; "0" alone is none at all.
    ///
    /// Nil if it is no span, or one of over a thousand years.
    public static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var total: Int64 = 0
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
                continue
            }
            guard let unit = units.first(where: { $0.name == character }),
                let count = Int64(digits), count <= secondsLimit / unit.seconds
            else { return nil }
            total += count * unit.seconds
            guard total <= secondsLimit else { return nil }
            digits = ""
        }
        return digits.isEmpty && !text.isEmpty ? .seconds(total) : nil
    }

    /// The shortest text that ``parse(_:)`` reads back, as "1h30m"; parts of seconds are dropped.
    public static func text(_ span: Duration) -> String {
        var rest = span.components.seconds
        var text = ""
        for unit in units where rest >= unit.seconds {
            text += "\(rest / unit.seconds)\(unit.name)"
            rest %= unit.seconds
        }
        return text.isEmpty ? "0s" : text
    }
}
