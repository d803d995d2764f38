// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Times as users write them: "2026-01-31", "2026-01-31T18:30", "2026-01-31T18:30:00Z", "30d".
public enum PointInTime {
    /// Which end of a day, an hour or a minute is meant where that is all that was written.
    public enum End: Sendable {
        case first, last
    }

    /// Milliseconds since 1970 (UTC) of what was written; nil if it is no time.
    ///
    /// A date, alone or with hour and minute or second, is one of `zone` unless `Z` ends it. A
    /// length of time is one that has passed since `now`.
    public static func milliseconds(
        _ text: String, _ end: End, now: Int64,
        in zone: TimeZone = .current
    ) -> Int64? {
        if let duration = CalendarDuration(text) {
            return duration.before(milliseconds: now, in: zone)
        }
        var text = text[...]
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        if text.last == "Z" {
            guard let utc = TimeZone(secondsFromGMT: 0) else { return nil }
            calendar.timeZone = utc
            text = text.dropLast()
        }
        guard let (components, unit) = components(text) else { return nil }
        guard let date = calendar.date(from: components),
            // February 30 would be taken for March 2.
            calendar.dateComponents([.year, .month, .day], from: date)
                == DateComponents(
                    year: components.year, month: components.month, day: components.day)
        else { return nil }
        guard end == .last else { return milliseconds(date) }
        return calendar.date(byAdding: unit, value: 1, to: date).map { milliseconds($0) - 1 }
    }

    private static func milliseconds(_ date: Date) -> Int64 {
        Int64(date.timeIntervalSince1970) * 1000
    }

    /// The parts of "2026-01-31T18:30:15", and the unit of the last one.
    private static func components(
        _ text: Substring
    ) -> (DateComponents, unit: Calendar.Component)? {
        let halves = text.split(
            maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { "T ".contains($0) })
        guard let date = numbers(halves[0], separator: "-", digits: [4, 2, 2]), date.count == 3,
            (1...12).contains(date[1]), (1...31).contains(date[2])
        else { return nil }
        var components = DateComponents(year: date[0], month: date[1], day: date[2])
        guard halves.count == 2 else { return (components, .day) }
        guard let time = numbers(halves[1], separator: ":", digits: [2, 2, 2]),
            (2...3).contains(time.count), time[0] < 24, time[1] < 60, time.last ?? 0 < 60
        else { return nil }
        components.hour = time[0]
        components.minute = time[1]
        if time.count == 3 { components.second = time[2] }
        return (components, time.count == 3 ? .second : .minute)
    }

    private static func numbers(
        _ text: Substring, separator: Character, digits: [Int]
    ) -> [Int]? {
        let parts = text.split(separator: separator, omittingEmptySubsequences: false)
        guard parts.count <= digits.count else { return nil }
        var numbers: [Int] = []
        for (part, count) in zip(parts, digits) {
            guard part.utf8.count == count, part.allSatisfy({ ("0"..."9").contains($0) }),
                let number = Int(part)
            else { return nil }
            numbers.append(number)
        }
        return numbers
    }
}
