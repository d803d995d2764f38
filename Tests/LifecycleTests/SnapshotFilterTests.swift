// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import Lifecycle
import Testing

/// Which snapshots a command is about.
struct SnapshotFilterTests {
    private let snapshots: [SnapshotRecord] = [
        ("a", 1, "box", ["/x"], ["t"]), ("b", 2, "box", ["/x/"], ["t", "u"]),
        ("c", 3, "box", ["/y", "/x"], []), ("d", 4, "other", ["/x"], ["u"]),
    ].map { id, time, host, sources, tags in
        SnapshotRecord(
            id: id, startedAtMilliseconds: time, finishedAtMilliseconds: time, sources: sources,
            roots: [], host: host, tags: tags, recordCID: [])
    }

    private func ids(_ change: (inout SnapshotFilter) -> Void) -> String {
        var filter = SnapshotFilter()
        change(&filter)
        return filter.select(snapshots).map(\.id).joined()
    }

    @Test func `without a wish all come, newest first`() { #expect(ids { _ in } == "dcba") }

    @Test func `tags are all of one list, or those of another`() {
        #expect(ids { $0.tags = [["t", "u"]] } == "b")
        #expect(ids { $0.tags = [["t"], ["u"]] } == "dba")
    }

    @Test func `hosts, sources and times must all fit`() {
        #expect(ids { $0.hosts = ["box"] } == "cba")
        #expect(ids { $0.sources = ["/x/"] } == "dcba")
        #expect(ids { $0.sources = ["/y"] } == "c")
        #expect(ids { ($0.since, $0.until) = (2, 3) } == "cb")
        #expect(ids { ($0.hosts, $0.tags) = (["box"], [["u"]]) } == "b")
    }

    @Test func `the newest are counted for each series`() {
        #expect(ids { $0.latest = 1 } == "dcba")
        #expect(ids { ($0.latest, $0.grouping) = (1, .host) } == "dc")
        #expect(ids { ($0.latest, $0.grouping) = (2, []) } == "dc")
        #expect(ids { ($0.latest, $0.grouping, $0.hosts) = (1, [], ["box"]) } == "c")
    }
}

/// Times as users write them.
struct PointInTimeTests {
    private func time(_ text: String, _ end: PointInTime.End = .first) throws -> String? {
        let berlin = try #require(RetentionPolicyTests.berlin)
        let now = Int64(try Date("2026-06-30T12:00:00Z", strategy: .iso8601).timeIntervalSince1970)
        return PointInTime.milliseconds(text, end, now: now * 1000, in: berlin).map {
            let rest = $0 % 1000
            let date = Date(timeIntervalSince1970: Double($0 / 1000))
            return date.formatted(.iso8601) + (rest == 0 ? "" : " + \(rest)")
        }
    }

    @Test(arguments: [
        ("2026-01-31", "2026-01-30T23:00:00Z", "2026-01-31T22:59:59Z + 999"),
        ("2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z + 999"),
        ("2026-01-31T18:30", "2026-01-31T17:30:00Z", "2026-01-31T17:30:59Z + 999"),
        ("2026-01-31 18:30:15", "2026-01-31T17:30:15Z", "2026-01-31T17:30:15Z + 999"),
        ("2026-01-31T18:30:15Z", "2026-01-31T18:30:15Z", "2026-01-31T18:30:15Z + 999"),
        ("30d", "2026-05-31T12:00:00Z", "2026-05-31T12:00:00Z"),
        ("12h", "2026-06-30T00:00:00Z", "2026-06-30T00:00:00Z"),
    ])
    func `a date has a first and a last moment`(
        _ text: String, _ first: String, _ last: String
    ) throws {
        #expect(try time(text) == first)
        #expect(try time(text, .last) == last)
    }

    @Test(arguments: [
        "", "soon", "2026", "2026-1-31", "2026-02-30", "2026-13-01", "2026-01-31T",
        "2026-01-31T24:00",
        "2026-01-31T18", "2026-01-31T18:60", "2026-01-31T18:30:15+02:00", "2026-01-31-01", "Z",
        "-3d",
    ])
    func `anything else is no time`(_ text: String) throws { #expect(try time(text) == nil) }
}
