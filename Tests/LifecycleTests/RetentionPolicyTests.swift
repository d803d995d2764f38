// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Lifecycle
import TestSupport
import Testing

/// The rules of `cairn forget`, on made-up series of snapshots.
struct RetentionPolicyTests {
    /// Clocks there go forward at 2026-03-29 02:00 and back at 2026-10-25 03:00.
    static let berlin = TimeZone(identifier: "Europe/Berlin")
    static let utc = TimeZone(identifier: "UTC")

    /// Snapshots that started then; each has its time as id.
    private func series(_ times: [String], tags: [String: [String]] = [:]) throws
        -> [SnapshotRecord]
    {
        try times.map { time in
            let milliseconds = try Self.milliseconds(time)
            return SnapshotRecord(
                id: time, startedAtMilliseconds: milliseconds,
                finishedAtMilliseconds: milliseconds + 1, sources: ["/data"], roots: [],
                host: "box", tags: tags[time] ?? [], recordCID: [])
        }
    }

    private static func milliseconds(_ time: String) throws -> Int64 {
        let date = try Date(time, strategy: .iso8601)
        return Int64(date.timeIntervalSince1970) * 1000
    }

    /// What is kept, oldest first, and why.
    private func kept(
        _ snapshots: [SnapshotRecord], _ rules: [RetentionPolicy.Rule], tags: [[String]] = [],
        now: String = "2030-01-01T00:00:00Z", in zone: TimeZone?
    ) throws -> [String] {
        let policy = RetentionPolicy(rules: rules, tags: tags)
        let zone = try #require(zone)
        return policy.decide(on: snapshots, now: try Self.milliseconds(now), in: zone)
            .filter(\.isKept).reversed()
            .map { "\($0.snapshot.id) \($0.reasons.map(\.description).joined(separator: ", "))" }
    }

    @Test func `an empty policy keeps nothing and says that it is empty`() throws {
        #expect(RetentionPolicy().isEmpty)
        #expect(try kept(series(["2026-01-01T00:00:00Z"]), [], in: Self.utc).isEmpty)
        #expect(!RetentionPolicy(tags: [["release"]]).isEmpty)
    }

    @Test func `keep-last counts snapshots, whatever their order and times`() throws {
        let snapshots = try series([
            "2026-01-01T00:00:02Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:03Z",
        ])
        #expect(
            try kept(snapshots, [.init(.last, .count(2))], in: Self.utc)
                == ["2026-01-01T00:00:02Z last", "2026-01-01T00:00:03Z last"])
        #expect(try kept(snapshots, [.init(.last, .count(9))], in: Self.utc).count == 3)
        #expect(try kept(snapshots, [.init(.last, .unlimited)], in: Self.utc).count == 3)
    }

    @Test func `the last snapshot of each day is kept, days without one do not count`() throws {
        let snapshots = try series([
            "2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z", "2026-01-02T20:00:00Z",
            "2026-01-09T08:00:00Z", "2026-01-10T00:00:00Z", "2026-01-10T23:59:59Z",
        ])
        #expect(
            try kept(snapshots, [.init(.daily, .count(3))], in: Self.utc) == [
                "2026-01-02T20:00:00Z daily", "2026-01-09T08:00:00Z daily",
                "2026-01-10T23:59:59Z daily",
            ])
    }

    @Test func `with count left the oldest snapshot is kept although its day has a later one`()
        throws
    {
        let snapshots = try series([
            "2026-01-01T08:00:00Z", "2026-01-01T12:00:00Z", "2026-01-01T20:00:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.daily, .count(2))], in: Self.utc) == [
                "2026-01-01T08:00:00Z oldest daily", "2026-01-01T20:00:00Z daily",
            ])
        #expect(
            try kept(snapshots, [.init(.daily, .count(1))], in: Self.utc)
                == ["2026-01-01T20:00:00Z daily"])
    }

    @Test func `days begin at midnight of the time zone`() throws {
        // 23:30 and 00:30 in Berlin, one day in UTC.
        let snapshots = try series(["2026-01-10T22:30:00Z", "2026-01-10T23:30:00Z"])
        #expect(try kept(snapshots, [.init(.daily, .count(1))], in: Self.utc).count == 1)
        #expect(try kept(snapshots, [.init(.daily, .count(2))], in: Self.berlin).count == 2)
        #expect(
            try kept(snapshots, [.init(.daily, .count(2))], in: Self.utc) == [
                "2026-01-10T22:30:00Z oldest daily", "2026-01-10T23:30:00Z daily",
            ])
    }

    @Test func `midnight itself belongs to the day that begins`() throws {
        let snapshots = try series([
            "2026-01-09T22:59:59Z", "2026-01-09T23:00:00Z", "2026-01-10T22:59:59Z",
            "2026-01-10T23:00:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.daily, .unlimited)], in: Self.berlin) == [
                "2026-01-09T22:59:59Z daily", "2026-01-10T22:59:59Z daily",
                "2026-01-10T23:00:00Z daily",
            ])
    }

    @Test func `a day of 23 hours is one day`() throws {
        // 2026-03-28 23:00 to 2026-03-29 22:00 UTC is the 29th in Berlin.
        let snapshots = try series([
            "2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z",
            "2026-03-29T22:00:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.daily, .unlimited)], in: Self.berlin) == [
                "2026-03-28T22:59:59Z daily", "2026-03-29T21:59:59Z daily",
                "2026-03-29T22:00:00Z daily",
            ])
    }

    @Test func `a day of 25 hours is one day`() throws {
        // 2026-10-24 22:00 to 2026-10-25 23:00 UTC is the 25th in Berlin.
        let snapshots = try series([
            "2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z",
            "2026-10-25T23:00:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.daily, .unlimited)], in: Self.berlin) == [
                "2026-10-24T21:59:59Z daily", "2026-10-25T22:59:59Z daily",
                "2026-10-25T23:00:00Z daily",
            ])
    }

    @Test func `the hour that clocks pass twice is two hours`() throws {
        // 02:30 in summer time, 02:30 in standard time, 03:30.
        let snapshots = try series([
            "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.hourly, .count(3))], in: Self.berlin) == [
                "2026-10-25T00:30:00Z hourly", "2026-10-25T01:30:00Z hourly",
                "2026-10-25T02:30:00Z hourly",
            ])
    }

    @Test func `the hour that clocks leave out makes no gap`() throws {
        // 01:59 in standard time and 03:00 in summer time, a minute later.
        let snapshots = try series(["2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z"])
        #expect(try kept(snapshots, [.init(.hourly, .count(2))], in: Self.berlin).count == 2)
    }

    @Test func `weeks begin on Monday and run over the end of the year`() throws {
        // 2026-12-28 is a Monday; the week ends on Sunday, 2027-01-03.
        let snapshots = try series([
            "2026-12-27T12:00:00Z", "2026-12-28T12:00:00Z", "2027-01-03T12:00:00Z",
            "2027-01-04T12:00:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.weekly, .unlimited)], in: Self.utc) == [
                "2026-12-27T12:00:00Z weekly", "2027-01-03T12:00:00Z weekly",
                "2027-01-04T12:00:00Z weekly",
            ])
    }

    @Test func `months and years end where the time zone says`() throws {
        let snapshots = try series([
            "2025-12-31T22:59:59Z", "2025-12-31T23:00:00Z", "2026-01-31T22:59:59Z",
            "2026-01-31T23:00:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.monthly, .unlimited)], in: Self.berlin) == [
                "2025-12-31T22:59:59Z monthly", "2026-01-31T22:59:59Z monthly",
                "2026-01-31T23:00:00Z monthly",
            ])
        #expect(
            try kept(snapshots, [.init(.yearly, .unlimited)], in: Self.berlin) == [
                "2025-12-31T22:59:59Z yearly", "2026-01-31T23:00:00Z yearly",
            ])
    }

    @Test func `of several rules each counts for itself, and all reasons are told`() throws {
        let snapshots = try series([
            "2026-01-31T12:00:00Z", "2026-02-27T12:00:00Z", "2026-02-28T12:00:00Z",
            "2026-03-01T06:00:00Z", "2026-03-01T12:00:00Z",
        ])
        let rules: [RetentionPolicy.Rule] = [
            .init(.last, .count(1)), .init(.daily, .count(2)), .init(.monthly, .count(3)),
        ]
        #expect(
            try kept(snapshots, rules, in: Self.utc) == [
                "2026-01-31T12:00:00Z monthly", "2026-02-28T12:00:00Z daily, monthly",
                "2026-03-01T12:00:00Z last, daily, monthly",
            ])
    }

    @Test func `keep-within counts from the newest snapshot, not from now`() throws {
        let snapshots = try series([
            "2020-01-01T12:00:00Z", "2020-01-24T12:00:00Z", "2020-01-24T12:00:01Z",
            "2020-01-31T12:00:00Z",
        ])
        // What is a week old to the second is not within it.
        #expect(
            try kept(snapshots, [.init(.last, .within(.init(days: 7)))], in: Self.utc) == [
                "2020-01-24T12:00:01Z within 7d", "2020-01-31T12:00:00Z within 7d",
            ])
    }

    @Test func `a day within keep-within is one of the calendar`() throws {
        // From 12:00 on the 29th a day back is 12:00 on the 28th in Berlin, 23 hours before.
        let snapshots = try series([
            "2026-03-28T10:59:59Z", "2026-03-28T11:00:00Z", "2026-03-28T11:00:01Z",
            "2026-03-29T10:00:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.last, .within(.init(days: 1)))], in: Self.berlin) == [
                "2026-03-28T11:00:01Z within 1d", "2026-03-29T10:00:00Z within 1d",
            ])
        #expect(
            try kept(snapshots, [.init(.last, .within(.init(hours: 24)))], in: Self.berlin).count
                == 4)
    }

    @Test func `a rule over periods may be bound by a duration`() throws {
        let snapshots = try series([
            "2026-01-01T06:00:00Z", "2026-01-29T06:00:00Z", "2026-01-29T12:00:00Z",
            "2026-01-30T12:00:00Z", "2026-01-31T06:00:00Z", "2026-01-31T12:00:00Z",
        ])
        #expect(
            try kept(snapshots, [.init(.daily, .within(.init(days: 3)))], in: Self.utc) == [
                "2026-01-29T12:00:00Z daily within 3d", "2026-01-30T12:00:00Z daily within 3d",
                "2026-01-31T12:00:00Z daily within 3d",
            ])
    }

    @Test func `a snapshot from the future is kept, and takes no place of others`() throws {
        let snapshots = try series([
            "2026-01-01T00:00:00Z", "2026-01-09T00:00:00Z", "2026-01-10T00:00:00Z",
            "2036-01-10T00:00:00Z",
        ])
        let now = "2026-01-11T00:00:00Z"
        #expect(
            try kept(snapshots, [.init(.last, .within(.init(days: 2)))], now: now, in: Self.utc)
                == [
                    "2026-01-09T00:00:00Z within 2d", "2026-01-10T00:00:00Z within 2d",
                    "2036-01-10T00:00:00Z from the future",
                ])
        #expect(
            try kept(snapshots, [.init(.last, .count(1))], now: now, in: Self.utc)
                == ["2026-01-10T00:00:00Z last", "2036-01-10T00:00:00Z from the future"])
    }

    @Test func `keep-tag keeps what has all tags of one of its lists`() throws {
        let times = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]
        let snapshots = try series(
            times, tags: [times[0]: ["b", "x", "a"], times[1]: ["a"], times[2]: ["c"]])
        #expect(
            try kept(snapshots, [], tags: [["a", "b"], ["c"]], in: Self.utc)
                == ["\(times[0]) tag a+b", "\(times[2]) tag c"])
    }

    /// For each rule by itself, over random times: at most its count is kept, the newest snapshot
    /// always is, and between two that are kept in one period there is nothing but the oldest.
    @Test(arguments: RetentionPolicy.Period.allCases, 0..<20)
    func `a count is never passed, and the newest snapshot is always kept`(
        _ period: RetentionPolicy.Period, _ seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let zone = try #require(seed.isMultiple(of: 2) ? Self.berlin : Self.utc)
        let snapshots = (0..<Int.random(in: 1...60, using: &random)).map { number in
            let time = Int64.random(in: 1_770_000_000_000...1_800_000_000_000, using: &random)
            return SnapshotRecord(
                id: "\(number)", startedAtMilliseconds: time, finishedAtMilliseconds: time,
                sources: [], roots: [], host: "", recordCID: [])
        }
        let count = Int.random(in: 1...20, using: &random)
        let policy = RetentionPolicy(rules: [.init(period, .count(count))])
        let decisions = policy.decide(on: snapshots, now: 1_800_000_000_000, in: zone)
        #expect(decisions.count == snapshots.count)
        #expect(decisions.filter(\.isKept).count <= count)
        #expect(decisions.first?.isKept == true)
        // Deciding again on what was kept forgets nothing more.
        let again = policy.decide(
            on: decisions.filter(\.isKept).map(\.snapshot), now: 1_800_000_000_000, in: zone)
        #expect(again.filter(\.isKept).count == again.count)
    }
}

/// How long things are kept, as text and as time.
struct CalendarDurationTests {
    @Test(arguments: [
        ("30d", CalendarDuration(days: 30)), ("2w", CalendarDuration(weeks: 2)),
        ("1y2m3w4d5h", CalendarDuration(years: 1, months: 2, weeks: 3, days: 4, hours: 5)),
        ("36h", CalendarDuration(hours: 36)),
    ])
    func `a duration reads as it is written`(_ text: String, _ duration: CalendarDuration) {
        #expect(CalendarDuration(text) == duration)
        #expect(duration.description == text)
    }

    @Test(arguments: [
        "", "d", "3", "0d", "3d3d", "3h2d", "-3d", "3 d", "3D", "1.5d", "100001d", "١d",
        "99999999999999999999d", "3d ",
    ])
    func `anything else is no duration`(_ text: String) {
        #expect(CalendarDuration(text) == nil)
    }

    @Test func `a month before the 31st is the end of the month`() throws {
        let utc = try #require(RetentionPolicyTests.utc)
        let end = Int64(try Date("2026-03-31T12:00:00Z", strategy: .iso8601).timeIntervalSince1970)
        let before = try Date("2026-02-28T12:00:00Z", strategy: .iso8601).timeIntervalSince1970
        #expect(
            CalendarDuration(months: 1).before(milliseconds: end * 1000 + 7, in: utc)
                == Int64(before) * 1000 + 7)
    }

    @Test func `a day after keeps the time of day as clocks change`() throws {
        let berlin = try #require(RetentionPolicyTests.berlin)
        let noon = Int64(try Date("2026-10-24T10:00:00Z", strategy: .iso8601).timeIntervalSince1970)
        #expect(
            CalendarDuration(days: 1).after(milliseconds: noon * 1000, in: berlin)
                == (noon + 25 * 3600) * 1000)
    }
}
