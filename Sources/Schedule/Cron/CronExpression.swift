// SPDX-License-Identifier: Apache-2.0

/// When something is to run: the five fields of `crontab(5)`.
///
/// Minute, hour, day of month, month, day of week. A day is chosen if both day fields name it; but
/// if neither of them begins with `*`, it is enough that one does, as in every cron since Vixie's.
///
/// Where clocks change: times that are skipped come right after the gap, once; times that come twice
/// run the first time. An hour field that begins with `*` asks for real time instead: each minute
/// that shows a chosen time counts, both times, and what clocks skip does not come.
public struct CronExpression: Hashable, Sendable {
    /// What was parsed.
    public let text: String
    let minutes: CronField
    let hours: CronField
    let days: CronField
    let months: CronField
    let weekdays: CronField

    /// How far ahead is looked: 29 February falls on each weekday within 40 years, even across a
    /// century without a leap day.
    private static let yearLimit = 41

    /// Whether each passing minute is looked at, rather than each time of day.
    var isRealTime: Bool { hours.beginsWithStar }

    /// Whether the day, whatever the time, is chosen.
    private func matches(day time: CivilTime) -> Bool {
        guard months.contains(time.month) else { return false }
        let byMonth = days.contains(time.day)
        let byWeek = weekdays.contains(time.weekday)
        return days.beginsWithStar || weekdays.beginsWithStar
            ? byMonth && byWeek : byMonth || byWeek
    }

    /// The first chosen time of day that is not before `wall`, without regard to any zone.
    ///
    /// - Parameter wall: seconds as of ``CivilTime/seconds``, a whole minute.
    private func firstWall(notBefore wall: Int64) -> Int64? {
        let start = CivilTime(seconds: wall)
        var date = CivilTime(year: start.year, month: start.month, day: start.day)
        var isFirstDay = true
        while date.year <= start.year + Self.yearLimit {
            guard months.contains(date.month) else {
                date = CivilTime(
                    year: date.month == 12 ? date.year + 1 : date.year,
                    month: date.month % 12 + 1, day: 1)
                isFirstDay = false
                continue
            }
            if matches(day: date) {
                let least = isFirstDay ? (start.hour, start.minute) : (0, 0)
                if let (hour, minute) = firstTime(notBefore: least) {
                    return date.seconds + Int64(hour * 3_600 + minute * 60)
                }
            }
            date = CivilTime(dayNumber: date.dayNumber + 1)
            isFirstDay = false
        }
        return nil
    }

    /// The first chosen hour and minute of a day that are not before `least`.
    private func firstTime(notBefore least: (hour: Int, minute: Int)) -> (Int, Int)? {
        if hours.contains(least.hour), let minute = minutes.first(from: least.minute) {
            return (least.hour, minute)
        }
        guard let hour = hours.first(from: least.hour + 1), let minute = minutes.first(from: 0)
        else { return nil }
        return (hour, minute)
    }

    /// The first time after `instant` at which clocks in `zone` show a chosen time.
    ///
    /// - Parameter instant: seconds since 1970 (UTC).
    /// - Returns: likewise; nil if none comes within 40 years, as on 30 February.
    /// - Complexity: O(days until then); a few microseconds where that is soon.
    public func next(after instant: Int64, in zone: ZoneRules) -> Int64? {
        isRealTime ? nextInRealTime(instant, zone) : nextTimeOfDay(instant, zone)
    }

    private func nextTimeOfDay(_ instant: Int64, _ zone: ZoneRules) -> Int64? {
        var wall = Self.minute(of: zone.wall(at: instant))
        while let candidate = firstWall(notBefore: wall) {
            let found = zone.instant(of: candidate)
            if found > instant { return found }
            wall = candidate + 60
        }
        return nil
    }

    private func nextInRealTime(_ instant: Int64, _ zone: ZoneRules) -> Int64? {
        let offset = zone.offset(at: instant)
        let limit = ZoneRules.shiftLimit
        let wall = Self.minute(of: instant + offset)
        if zone.offset(at: instant - limit) == offset, zone.offset(at: instant + limit) == offset {
            // Clocks run straight around here, so the next time shown is the next that comes,
            // unless they have changed by then.
            guard let candidate = firstWall(notBefore: wall + 60) else { return nil }
            let found = candidate - offset
            if zone.offset(at: found) == offset, zone.offset(at: found - limit) == offset {
                return found
            }
        }
        return nextAcrossChange(instant, from: wall - limit, zone)
    }

    /// Looks at each chosen time that clocks may show soon, as they may show some of them twice.
    private func nextAcrossChange(
        _ instant: Int64, from wall: Int64, _ zone: ZoneRules
    ) -> Int64? {
        var wall = wall
        var best: (instant: Int64, wall: Int64)?
        while let candidate = firstWall(notBefore: wall) {
            if let best, candidate > best.wall + ZoneRules.shiftLimit { return best.instant }
            for found in zone.instants(of: candidate) where found > instant {
                if found < best?.instant ?? .max { best = (found, candidate) }
            }
            wall = candidate + 60
        }
        return best?.instant
    }

    /// The start of the minute.
    private static func minute(of wall: Int64) -> Int64 {
        let rest = wall % 60
        return wall - (rest < 0 ? rest + 60 : rest)
    }
}

extension CronExpression: CustomStringConvertible {
    /// What was parsed.
    public var description: String { text }
}
