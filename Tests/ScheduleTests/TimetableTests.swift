// SPDX-License-Identifier: Apache-2.0

import Schedule
import Testing

/// What is due when: planned times, jitter, windows, missed and overlapping runs.
struct TimetableTests {
    private static let midnight = UniversalTime.seconds("2026-05-01 00:00")

    private func rules(_ yaml: String) throws -> ScheduleRules {
        let text =
            "sources: /x\nschedule:\n  timezone: UTC\n"
            + yaml.split(separator: "\n").map { "  \($0)\n" }.joined()
        return try #require(try PipelineDeclaration.parse(text, path: "p.yaml").schedule)
    }

    private func table(
        _ yaml: String, lastPlanned: Int64? = nil, now: Int64 = midnight
    ) throws -> Timetable {
        var table = Timetable(seed: 1)
        table.set(try rules(yaml), of: "p", lastPlanned: lastPlanned, now: now)
        return table
    }

    private let nightly = "cron: 0 2 * * *"
    private static let two = midnight + 2 * 3600

    @Test func `nothing is due before its time, and it is due once`() throws {
        var table = try table(nightly)
        #expect(table.nextWake == Self.two)
        #expect(table.tick(now: Self.two - 1).isEmpty)
        #expect(
            table.tick(now: Self.two) == [.start(pipeline: "p", planned: Self.two, missed: 0)])
        #expect(table.tick(now: Self.two).isEmpty)
        #expect(table.nextWake == Self.two + 86_400)
        #expect(table.ended("p", now: Self.two + 60).isEmpty && !table.isAnyRunning)
    }

    @Test func `several expressions come in the order of time`() throws {
        var table = try table("cron: [0 2 * * *, 0 1 * * *, 0 1 * * fri]")
        var starts: [String] = []
        for _ in 0..<3 {
            let wake = try #require(table.nextWake)
            #expect(table.tick(now: wake).count == 1)
            _ = table.ended("p", now: wake)
            starts.append(UniversalTime.text(wake))
        }
        #expect(starts == ["2026-05-01 01:00", "2026-05-01 02:00", "2026-05-02 01:00"])
    }

    @Test func `missed runs are made up for once, and counted`() throws {
        let lastPlanned = Self.two - 4 * 86_400
        var table = try table(nightly, lastPlanned: lastPlanned, now: Self.two + 3600)
        #expect(
            table.tick(now: Self.two + 3600)
                == [.start(pipeline: "p", planned: Self.two, missed: 3)])
        #expect(table.tick(now: Self.two + 7200).isEmpty)
    }

    @Test(arguments: [
        ("true", 7200, true), ("false", 7200, false), ("3h", 7200, true), ("1h", 7200, false),
        ("false", 60, true),
    ])
    func `catch-up says whether a missed run is made up for`(
        _ catchUp: String, _ delay: Int64, _ runs: Bool
    ) throws {
        var table = try table(
            "\(nightly)\ncatch-up: \(catchUp)", lastPlanned: Self.two - 86_400,
            now: Self.two + delay)
        let expected: Timetable.Action =
            runs
            ? .start(pipeline: "p", planned: Self.two, missed: 0)
            : .leaveOut(pipeline: "p", planned: Self.two, missed: 0, reason: .missed)
        #expect(table.tick(now: Self.two + delay) == [expected])
        #expect(table.nextWake == Self.two + 86_400)
    }

    @Test func `a clock that was set far back does not stop the schedule`() throws {
        let wrong = Self.midnight + 3650 * 86_400
        let table = try table(nightly, lastPlanned: wrong)
        #expect(table.nextWake == Self.two)
    }

    @Test func `a clock that is set far back while the schedule runs does not stop it`() throws {
        let wrong = Self.midnight + 3650 * 86_400
        var table = try table(nightly, lastPlanned: wrong, now: wrong)
        #expect(try #require(table.nextWake) > wrong)
        #expect(table.tick(now: Self.midnight).isEmpty)
        #expect(table.nextWake == Self.two)
        // By some hours: what was dealt with is not done twice.
        #expect(table.tick(now: Self.two).count == 1)
        #expect(table.tick(now: Self.two - 3600).isEmpty)
        #expect(table.nextWake == Self.two + 86_400)
    }

    @Test func `a run that is due while one is going is left out by skip`() throws {
        var table = try table("cron: 0 * * * *\noverlap: skip")
        let one = Self.midnight + 3600
        #expect(table.tick(now: one).count == 1)
        #expect(
            table.tick(now: one + 3600) == [
                .leaveOut(pipeline: "p", planned: one + 3600, missed: 0, reason: .overlap)
            ])
        #expect(table.ended("p", now: one + 3700).isEmpty)
        #expect(table.tick(now: one + 7200).count == 1)
    }

    @Test func `a run that is due while one is going waits by queue, one at most`() throws {
        var table = try table("cron: 0 * * * *\noverlap: queue")
        let one = Self.midnight + 3600
        #expect(table.tick(now: one).count == 1)
        #expect(table.tick(now: one + 3600).isEmpty)
        #expect(
            table.tick(now: one + 7200) == [
                .leaveOut(pipeline: "p", planned: one + 7200, missed: 0, reason: .overlap)
            ])
        #expect(
            table.ended("p", now: one + 7300)
                == [.start(pipeline: "p", planned: one + 3600, missed: 0)])
        #expect(table.isRunning("p"))
        #expect(table.ended("p", now: one + 7400).isEmpty)
    }

    @Test func `a run that is due cancels the one that is going by cancel`() throws {
        var table = try table("cron: 0 * * * *\noverlap: cancel")
        let one = Self.midnight + 3600
        #expect(table.tick(now: one).count == 1)
        #expect(table.tick(now: one + 3600) == [.cancel(pipeline: "p")])
        // Asked to end once; the newest one begins when it has.
        #expect(table.tick(now: one + 7200).isEmpty)
        #expect(
            table.ended("p", now: one + 7300)
                == [.start(pipeline: "p", planned: one + 7200, missed: 0)])
    }

    @Test func `jitter is the same for the same seed, within its limit, and spreads`() throws {
        let rules = try rules("\(nightly)\njitter: 10m")
        var delays: Set<Int64> = []
        for day in 0..<50 {
            let planned = Self.two + Int64(day) * 86_400
            let start = rules.start(ofPlanned: planned, pipeline: "p", seed: 7)
            #expect(start == rules.start(ofPlanned: planned, pipeline: "p", seed: 7))
            #expect((0...600).contains(start - planned))
            delays.insert(start - planned)
        }
        #expect(delays.count > 30)
        #expect(
            rules.start(ofPlanned: Self.two, pipeline: "p", seed: 7)
                != rules.start(ofPlanned: Self.two, pipeline: "q", seed: 7))
    }

    @Test(arguments: [
        // 2026-05-01 is a Friday.
        ("{from: '01:00', to: '05:30'}", "2026-05-01 02:00", "2026-05-01 05:30"),
        ("{from: '22:00', to: '02:30'}", "2026-05-01 02:00", "2026-05-01 02:30"),
        ("{from: '22:00', to: '02:30', days: fri}", "2026-05-01 02:00", "2026-05-01 02:00"),
        ("{from: '22:00', to: '02:30', days: thu}", "2026-05-01 02:00", "2026-05-01 02:30"),
        ("{from: '02:01', to: '05:30'}", "2026-05-01 02:00", "2026-05-01 02:00"),
        ("{from: '00:00', to: '02:00'}", "2026-05-01 02:00", "2026-05-01 02:00"),
        (
            "[{from: '01:00', to: '03:00'}, {from: '03:00', to: '04:00'}]", "2026-05-01 02:00",
            "2026-05-01 04:00"
        ),
        (
            "[{from: '02:00', to: '02:00', days: fri-sat}, {from: '01:00', to: '04:00', days: sun}]",
            "2026-05-01 02:00", "2026-05-03 04:00"
        ),
    ])
    func `a run that is due in a window begins at its end`(
        _ windows: String, _ planned: String, _ start: String
    ) throws {
        let rules = try rules("\(nightly)\nblackout: \(windows)")
        let begins = rules.start(
            ofPlanned: UniversalTime.seconds(planned), pipeline: "p", seed: 0)
        #expect(UniversalTime.text(begins) == start)
    }

    @Test func `hourly runs that a window holds back come together as one`() throws {
        var table = try table("cron: 0 * * * *\nblackout: {from: '01:00', to: '05:30'}")
        #expect(table.nextWake == Self.midnight + 5 * 3600 + 1800)
        let end = Self.midnight + 5 * 3600 + 1800
        #expect(
            table.tick(now: end)
                == [.start(pipeline: "p", planned: Self.midnight + 5 * 3600, missed: 4)])
        #expect(table.nextWake == Self.midnight + 6 * 3600)
    }

    @Test func `other rules take effect, and a pipeline that left does not come`() throws {
        var table = try table(nightly)
        table.set(
            try rules("cron: 0 3 * * *"), of: "p", lastPlanned: Self.midnight, now: Self.midnight)
        #expect(table.nextWake == Self.midnight + 3 * 3600)
        #expect(table.tick(now: Self.midnight + 3 * 3600).count == 1)
        table.remove("p")
        #expect(table.nextWake == nil && table.isRunning("p"))
        #expect(table.ended("p", now: Self.midnight + 4 * 3600).isEmpty)
        #expect(table.pipelines.isEmpty)
    }
}
