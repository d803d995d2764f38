// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// A length of time as people keep things for: "1y6m", "2w", "36h".
///
/// Years, months and days are those of the calendar, so that a month ago is the same day of the
/// month before, at the same time of day, whatever the clocks did in between.
public struct CalendarDuration: Hashable, Sendable, CustomStringConvertible {
    /// Years.
    public var years: Int
    /// Months.
    public var months: Int
    /// Weeks.
    public var weeks: Int
    /// Days.
    public var days: Int
    /// Hours.
    public var hours: Int

    /// Larger numbers are refused; a guess, far above any use.
    private static let numberLimit = 100_000

    /// The parts, largest first, each with its letter.
    private static var parts: [(letter: Character, path: WritableKeyPath<Self, Int>)] {
        [
            ("y", \.years), ("m", \.months), ("w", \.weeks), ("d", \.days), ("h", \.hours),
        ]
    }

    /// A duration of those parts, all of them 0 or more.
    public init(years: Int = 0, months: Int = 0, weeks: Int = 0, days: Int = 0, hours: Int = 0) {
        self.years = years
        self.months = months
        self.weeks = weeks
        self.days = days
        self.hours = hours
    }

    /// Reads numbers with their letters, largest part first, each at most once: "1y2m3w4d5h".
    ///
    /// Nil if the text is anything else, if a number is above 100,000, or if all are 0.
    public init?(_ text: some StringProtocol) {
        self.init()
        var rest = text[...]
        var parts = Self.parts[...]
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            rest = rest.dropFirst(digits.count)
            guard let number = Int(digits), number <= Self.numberLimit,
                let letter = rest.popFirst(),
                let index = parts.firstIndex(where: { $0.letter == letter })
            else { return nil }
            self[keyPath: parts[index].path] = number
            parts = parts[(index + 1)...]
        }
        if self == Self() { return nil }
    }

    /// The parts that are not 0, as ``init(_:)`` reads them.
    public var description: String {
        Self.parts.map { part in
            self[keyPath: part.path] == 0 ? "" : "\(self[keyPath: part.path])\(part.letter)"
        }.joined()
    }

    /// The time that lies the duration before another, both in milliseconds since 1970 (UTC).
    ///
    /// - Parameter zone: whose days, months and years count.
    public func before(milliseconds: Int64, in zone: TimeZone) -> Int64 {
        moved(milliseconds, by: -1, zone)
    }

    /// The time that lies the duration after another, both in milliseconds since 1970 (UTC).
    ///
    /// - Parameter zone: whose days, months and years count.
    public func after(milliseconds: Int64, in zone: TimeZone) -> Int64 {
        moved(milliseconds, by: 1, zone)
    }

    private func moved(_ milliseconds: Int64, by sign: Int, _ zone: TimeZone) -> Int64 {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let components = DateComponents(
            year: sign * years, month: sign * months, day: sign * (weeks * 7 + days),
            hour: sign * hours)
        // Whole seconds go through the calendar, so that no millisecond is lost to rounding.
        let seconds = milliseconds.quotientFlooring(by: 1000)
        let date = Date(timeIntervalSince1970: Double(seconds))
        guard let moved = calendar.date(byAdding: components, to: date),
            let movedSeconds = Int64(exactly: moved.timeIntervalSince1970.rounded())
        else { return sign < 0 ? .min : .max }
        let (scaled, overflow) = movedSeconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (sign < 0 ? .min : .max) : scaled + (milliseconds - seconds * 1000)
    }
}

extension Int64 {
    /// The quotient, rounded down.
    func quotientFlooring(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
