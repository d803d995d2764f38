// SPDX-License-Identifier: Apache-2.0

import Schedule
import Testing

/// When cron expressions come, also where clocks change.
struct CronTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let expression: String
        let zone: String
        /// In universal time, like all times here.
        let after: String
        let next: [String]

        var testDescription: String { "\(expression) in \(zone) after \(after)" }

        init(_ expression: String, _ zone: String, _ after: String, _ next: [String]) {
            self.expression = expression
            self.zone = zone
            self.after = after
            self.next = next
        }
    }

    static let plain: [Vector] = [
        Vector("* * * * *", "UTC", "2026-01-31 23:58", ["2026-01-31 23:59", "2026-02-01 00:00"]),
        Vector(
            "*/20 8-10 * * *", "UTC", "2026-05-01 10:39", ["2026-05-01 10:40", "2026-05-02 08:00"]),
        Vector(
            "5,35 0 1 jan,jul *", "UTC", "2026-01-01 00:05",
            ["2026-01-01 00:35", "2026-07-01 00:05"]),
        Vector("0 12 * * mon-fri", "UTC", "2026-05-01 12:00", ["2026-05-04 12:00"]),
        Vector("0 0 * * 7", "UTC", "2026-05-01 00:00", ["2026-05-03 00:00", "2026-05-10 00:00"]),
        Vector("0 0 * * SUN", "UTC", "2026-05-01 00:00", ["2026-05-03 00:00"]),
        Vector("0 0 * * 5-7", "UTC", "2026-05-01 00:00", ["2026-05-02 00:00", "2026-05-03 00:00"]),
        Vector(
            "10-50/20 * * * *", "UTC", "2026-05-01 00:10",
            ["2026-05-01 00:30", "2026-05-01 00:50"]),
        Vector("@hourly", "UTC", "2026-12-31 23:00", ["2027-01-01 00:00"]),
        Vector("@weekly", "UTC", "2026-05-01 00:00", ["2026-05-03 00:00"]),
        Vector("@monthly", "UTC", "2026-05-01 00:00", ["2026-06-01 00:00"]),
        Vector("@yearly", "UTC", "2026-05-01 00:00", ["2027-01-01 00:00"]),
        Vector("30 2 * * *", "Asia/Kolkata", "2026-05-01 00:00", ["2026-05-01 21:00"]),
    ]

    /// 29 February and the century without one; either day field will do if both are restricted,
    /// and both must hold if one begins with a star.
    static let days: [Vector] = [
        Vector("0 0 29 2 *", "UTC", "2024-02-29 00:00", ["2028-02-29 00:00"]),
        Vector("0 0 29 2 *", "UTC", "2096-02-29 00:00", ["2104-02-29 00:00"]),
        Vector("0 0 31 * *", "UTC", "2026-03-31 00:00", ["2026-05-31 00:00", "2026-07-31 00:00"]),
        Vector(
            "0 0 13 * fri", "UTC", "2026-02-01 00:00",
            [
                "2026-02-06 00:00", "2026-02-13 00:00", "2026-02-20 00:00", "2026-02-27 00:00",
                "2026-03-06 00:00", "2026-03-13 00:00",
            ]),
        Vector(
            "0 0 */10 * mon", "UTC", "2026-05-01 00:00", ["2026-05-11 00:00", "2026-06-01 00:00"]),
    ]

    /// A time of day that clocks skip comes right after the gap; one that comes twice, once.
    static let changes: [Vector] = [
        Vector(
            "30 2 * * *", "Europe/Berlin", "2026-03-28 02:00",
            ["2026-03-29 01:00", "2026-03-30 00:30"]),
        Vector(
            "15,45 2 * * *", "Europe/Berlin", "2026-03-28 02:00",
            ["2026-03-29 01:00", "2026-03-30 00:15"]),
        Vector(
            "*/15 2 * * *", "America/New_York", "2026-03-08 00:00",
            ["2026-03-08 07:00", "2026-03-09 06:00"]),
        Vector(
            "0 3 * * *", "Europe/Berlin", "2026-03-28 02:00",
            ["2026-03-29 01:00", "2026-03-30 01:00"]),
        Vector(
            "10 2 * * *", "Australia/Lord_Howe", "2026-10-03 00:00",
            ["2026-10-03 15:30", "2026-10-04 15:10"]),
        Vector(
            "30 2 * * *", "Europe/Berlin", "2026-10-24 01:00",
            ["2026-10-25 00:30", "2026-10-26 01:30"]),
        Vector("30 2 * * *", "Europe/Berlin", "2026-10-25 01:00", ["2026-10-26 01:30"]),
        Vector(
            "30 1 * * *", "America/New_York", "2026-11-01 00:00",
            ["2026-11-01 05:30", "2026-11-02 06:30"]),
        Vector(
            "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 00:00",
            ["2026-04-04 14:45", "2026-04-05 15:15"]),
        Vector(
            "0 12 30 12 *", "Pacific/Apia", "2010-12-31 00:00",
            ["2011-12-30 10:00", "2012-12-29 22:00"]),
    ]

    /// An hour field that begins with a star asks for real time.
    static let realTime: [Vector] = [
        Vector(
            "30 * * * *", "Europe/Berlin", "2026-03-29 00:00",
            ["2026-03-29 00:30", "2026-03-29 01:30", "2026-03-29 02:30"]),
        Vector(
            "30 * * * *", "Europe/Berlin", "2026-10-25 00:00",
            ["2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"]),
        Vector(
            "*/20 * * * *", "Australia/Lord_Howe", "2026-04-04 14:30",
            ["2026-04-04 14:40", "2026-04-04 15:10", "2026-04-04 15:30"]),
        Vector(
            "0 */2 * * *", "America/New_York", "2026-11-01 04:30",
            ["2026-11-01 07:00", "2026-11-01 09:00"]),
    ]

    @Test(arguments: plain + days + changes + realTime)
    func `an expression comes when good crons run it`(_ vector: Vector) throws {
        let expression = try CronExpression(vector.expression)
        let zone = try #require(ZoneRules(name: vector.zone))
        var instant = UniversalTime.seconds(vector.after)
        var found: [String] = []
        for _ in vector.next {
            instant = try #require(expression.next(after: instant, in: zone))
            found.append(UniversalTime.text(instant))
        }
        #expect(found == vector.next)
    }

    @Test(arguments: [
        ("60 * * * *", "\"60\" is no minute; give 0 to 59"),
        ("* 24 * * *", "\"24\" is no hour; give 0 to 23"),
        ("* * 0 * *", "no day of the month; give 1 to 31"),
        ("* * * foo *", "no month; give 1 to 12, or jan to dec"),
        ("* * * * 8", "no day of the week; give 0 to 7, or sun to sat"),
        ("* * * *", "4 fields, but there must be five"),
        ("0 * * * * *", "seconds are not among them"),
        ("5/10 * * * *", "write 5-59/10 or */10"),
        ("*/0 * * * *", "step must be a number from 1"),
        ("20-10 * * * *", "ends before it begins"), ("1, * * * *", "\"\" is no minute"),
        ("-5 * * * *", "\"\" is no minute"), ("+5 * * * *", "\"+5\" is no minute"),
        ("* * 30 2 *", "never comes"), ("@reboot", "@reboot is unknown; give @hourly"),
        ("", "0 fields"),
    ])
    func `what is no expression is refused with the remedy`(_ text: String, _ message: String) {
        let error = #expect(throws: CronError.self) { try CronExpression(text) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test func `zones are known by their names in the tz database`() {
        #expect(ZoneRules(name: "Europe/Berlin") != nil && ZoneRules(name: "UTC") != nil)
        #expect(ZoneRules(name: "Europe/Berln") == nil && ZoneRules(name: "IST") == nil)
        #expect(ZoneRules.names.contains("Australia/Lord_Howe"))
    }
}

/// Expressions against their definition, minute by minute around the changes of clocks.
struct CronOracleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let expression: String
        let minutes: [Int]
        let hours: [Int]
        let isRealTime: Bool

        var testDescription: String { expression }
    }

    static let cases = [
        Case(
            expression: "*/7 * * * *", minutes: Array(stride(from: 0, to: 60, by: 7)),
            hours: Array(0...23), isRealTime: true),
        Case(
            expression: "0 */3 * * *", minutes: [0], hours: [0, 3, 6, 9, 12, 15, 18, 21],
            isRealTime: true),
        Case(expression: "15 2 * * *", minutes: [15], hours: [2], isRealTime: false),
        Case(expression: "30 1-3 * * *", minutes: [30], hours: [1, 2, 3], isRealTime: false),
        Case(
            expression: "* 1,2 * * *", minutes: Array(0...59), hours: [1, 2], isRealTime: false),
        Case(expression: "59 23 * * *", minutes: [59], hours: [23], isRealTime: false),
    ]

    @Test(
        arguments: cases,
        ["Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "America/New_York"])
    func `each minute around a change of clocks is told by the definition`(
        _ item: Case, _ zoneName: String
    ) throws {
        let expression = try CronExpression(item.expression)
        let zone = try #require(ZoneRules(name: zoneName))
        let changes = Self.changes(of: zone)
        #expect(changes.count == 2)
        for change in changes {
            let range = change - 36 * 3600..<change + 36 * 3600
            var found: [Int64] = []
            var instant = range.lowerBound - 1
            while let next = expression.next(after: instant, in: zone), next < range.upperBound {
                found.append(next)
                instant = next
            }
            #expect(found == Self.expected(item, zone, range))
        }
    }

    /// The instants in 2026 at which clocks change.
    private static func changes(of zone: ZoneRules) -> [Int64] {
        let start = UniversalTime.seconds("2026-01-01 00:00")
        return stride(from: start, to: start + 365 * 86_400, by: 1800).filter {
            zone.offset(at: $0) != zone.offset(at: $0 - 1800)
        }
    }

    private static func expected(
        _ item: Case, _ zone: ZoneRules, _ range: Range<Int64>
    ) -> [Int64] {
        func isChosen(_ wall: Int64) -> Bool {
            let time = CivilTime(seconds: wall)
            return item.minutes.contains(time.minute) && item.hours.contains(time.hour)
        }
        var instants: [Int64] = []
        var shown = Set(
            stride(from: range.lowerBound - 4 * 3600, to: range.lowerBound, by: 60).map {
                zone.wall(at: $0)
            })
        for instant in stride(from: range.lowerBound, to: range.upperBound, by: 60) {
            let (before, wall) = (zone.wall(at: instant - 60), zone.wall(at: instant))
            let isNew = shown.insert(wall).inserted
            let skipped = stride(from: before + 60, to: wall, by: 60)
            if item.isRealTime {
                if isChosen(wall) { instants.append(instant) }
            } else if (isNew && isChosen(wall)) || skipped.contains(where: isChosen) {
                instants.append(instant)
            }
        }
        return instants
    }
}
