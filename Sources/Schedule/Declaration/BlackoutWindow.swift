// SPDX-License-Identifier: Apache-2.0

import Repository

/// A time of day in which no run begins.
///
/// A run that is due in it begins at its end. One that is going is not touched.
public struct BlackoutWindow: Hashable, Sendable {
    /// Minutes since midnight at which it begins.
    var from = 0
    /// Minutes since midnight at which it ends; on the next day, if not after ``from``.
    var to = 0
    /// The days on which it begins.
    var days = BlackoutWindow.everyDay

    private static let everyDay = weekdays("*")

    /// The end of the window that covers `instant`, if it does; seconds since 1970 (UTC).
    func end(covering instant: Int64, in zone: ZoneRules) -> Int64? {
        let today = CivilTime(seconds: zone.wall(at: instant)).dayNumber
        for dayNumber in [today - 1, today] {
            let day = CivilTime(dayNumber: dayNumber)
            guard days.contains(day.weekday) else { continue }
            let last = to > from ? dayNumber : dayNumber + 1
            let begin = zone.instant(of: Self.wall(dayNumber, from))
            let end = zone.instant(of: Self.wall(last, to))
            if begin <= instant, instant < end { return end }
        }
        return nil
    }

    private static func wall(_ dayNumber: Int, _ minutes: Int) -> Int64 {
        Int64(dayNumber) * 86_400 + Int64(minutes * 60)
    }

    private static func weekdays(_ text: Substring) -> CronField {
        do { return try CronField(text, .weekday) } catch {
            preconditionFailure("the field \(text) is our own: \(error)")
        }
    }

    static let yaml = YAMLObject("blackout", empty: { BlackoutWindow() }, keys: keys)

    private static let keys: [YAMLKey<BlackoutWindow>] = [
        YAMLKey("from", \.from, time, isRequired: true, "When it begins, as 08:00."),
        YAMLKey(
            "to", \.to, time, isRequired: true,
            "When it ends, as 18:00; on the next day, if that is not later."),
        YAMLKey(
            "days", \.days,
            .checked("days of the week", examples: ["mon-fri", "sat,sun"]) {
                try CronField($0[...], .weekday)
            }, standard: "*", "The days on which it begins, as in a cron expression."),
    ]

    private static let time = YAMLType<Int>.parsed(
        "a time of day such as 08:00", pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        examples: ["08:00"]
    ) { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = Int(parts[0]),
            let minute = Int(parts[1]), (0...23).contains(hour), (0...59).contains(minute)
        else { return nil }
        return hour * 60 + minute
    }
}
