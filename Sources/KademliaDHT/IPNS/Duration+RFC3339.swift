// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// The time from 1970 (UTC) to a moment such as `2026-01-31T12:00:00.5Z` or `…00+01:00`; nil if
    /// `text` is none.
    ///
    /// RFC 3339 as Go reads it: in capital letters, without leap seconds, and of the fraction nine
    /// digits count.
    init?(rfc3339 text: [UInt8]) {
        var rest = RFC3339Scanner(text)
        guard let year = rest.number(4, in: 1...9999), rest.take("-"),
            let month = rest.number(2, in: 1...12), rest.take("-"),
            let day = rest.number(2, in: 1...Self.dayCount(month, of: year)), rest.take("T"),
            let hour = rest.number(2, in: 0...23), rest.take(":"),
            let minute = rest.number(2, in: 0...59), rest.take(":"),
            let second = rest.number(2, in: 0...59),
            let nanosecond = rest.fraction(), let offset = rest.offset(), rest.isAtEnd
        else { return nil }
        // By Howard Hinnant's `days_from_civil`: the year begins in March.
        let (shiftedYear, shiftedMonth) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        let days =
            365 * shiftedYear + shiftedYear / 4 - shiftedYear / 100 + shiftedYear / 400
            + (153 * shiftedMonth + 2) / 5 + day - 1 - 719_468
        let minutes = (days * 24 + hour) * 60 + minute - offset
        self = .seconds(minutes * 60 + second) + .nanoseconds(nanosecond)
    }

    private static func dayCount(_ month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// Takes the parts of a moment from the front of a text.
private struct RFC3339Scanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) { rest = text[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// Takes a number of exactly `count` digits; nil if there is none, or it is out of `range`.
    mutating func number(_ count: Int, in range: ClosedRange<Int>) -> Int? {
        let digits = rest.prefix(count)
        guard digits.count == count, let number = Self.number(digits), range ~= number else {
            return nil
        }
        rest = rest.dropFirst(count)
        return number
    }

    /// Takes one character; false if another one is next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Takes a fraction of a second, if there is one: nanoseconds; nil for a point without digits.
    mutating func fraction() -> Int? {
        guard take(".") else { return 0 }
        let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        rest = rest.dropFirst(digits.count)
        guard !digits.isEmpty else { return nil }
        let padding = [UInt8](repeating: UInt8(ascii: "0"), count: max(0, 9 - digits.count))
        return Self.number(digits.prefix(9) + padding)
    }

    /// Takes how far the clock is ahead of UTC, in minutes.
    mutating func offset() -> Int? {
        if take("Z") { return 0 }
        let sign = take("-") ? -1 : take("+") ? 1 : 0
        guard sign != 0, let hours = number(2, in: 0...23), take(":"),
            let minutes = number(2, in: 0...59)
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    /// The number that at most nine digits make; nil if another character is among them.
    private static func number(_ digits: some Sequence<UInt8>) -> Int? {
        var number = 0
        for digit in digits {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= digit else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }
}
