// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A clock that was wrong, and is set right: what was made meanwhile has times to come.
@Suite(
    .enabled("clocks cannot be set here: no Linux, or no clang") {
        try await Fault.library.path() != nil
    })
struct ClockTests {
    private let bench: Bench
    private let source: String
    /// Runs with a clock that is ten days ahead.
    private let ahead: Command

    init() async throws {
        bench = try Bench()
        source = try bench.write(
            InputTree(.directory([("a", .text("a")), ("b", .text("b")), ("c", .text("c"))])))
        var ahead = bench.cairn
        ahead.environment.merge(try await Fault.clock(daysAhead: 10)) { $1 }
        self.ahead = ahead
    }

    private func change(_ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: source + "/b"))
    }

    /// Ingests by the clock that is right, after a change; returns root and summary.
    private func ingestChanged(_ text: String) async throws -> (String, [String: Any]) {
        try change(text)
        let expected = try await bench.ingest("--only-hash", source)
        let summary = try await bench.run("ingest", "--json", source).objects().last
        #expect(summary?["root"] as? String == expected)
        return (expected, try #require(summary))
    }

    @Test func `changes are seen, and what did not change is not read`() async throws {
        #expect(try await ahead.run(["ingest", "--quiet", source]).status == 0)
        let (root, summary) = try await ingestChanged("other")
        #expect(summary["filesRead"] as? Int == 1 && summary["unchangedFiles"] as? Int == 2)
        // The other way round: files are from the future.
        try change("another")
        var behind = bench.cairn
        behind.environment.merge(try await Fault.clock(daysAhead: -10)) { $1 }
        let expected = try await bench.ingest("--only-hash", source)
        #expect(try await behind.run(["ingest", "--quiet", source]).lines == [expected])
        try change("and more")
        let last = try await bench.ingest("--only-hash", source)
        #expect(try await behind.run(["ingest", "--quiet", source]).lines == [last])
        try await bench.run("verify", "--quiet")
        try await bench.run("get", "--quiet", last, "-o", bench.path("back"))
        try await bench.expectEqual(source, bench.path("back"))
        #expect(root != last)
    }

    @Test func `what was made last is not forgotten for what has a time to come`() async throws {
        #expect(try await ahead.run(["ingest", "--quiet", source]).status == 0)
        var roots: [String] = []
        for number in 1...3 { roots.append(try await ingestChanged("\(number)").0) }
        let plan = try await bench.run("forget", "--keep-last", "1", "--dry-run")
        #expect(plan.text.contains("from the future"))
        try await bench.run("forget", "--quiet", "--keep-last", "1")
        let kept = try await bench.run("snapshots", "--json").objects()
        #expect(kept.count == 2)
        try await bench.run("gc", "--quiet", "--keep-unfinished", "0", "--repack-below", "100%")
        try await bench.run("get", "--quiet", try #require(roots.last), "-o", bench.path("back"))
        try await bench.expectEqual(source, bench.path("back"))
        try await bench.run("verify", "--quiet")
        try await bench.expectCollected("after the clock was set right")
        // What has a time to come goes by its id.
        let future = try #require(kept.first?["id"] as? String)
        try await bench.run("forget", "--quiet", future)
        #expect(try await bench.run("snapshots", "--json").objects().count == 1)
    }

    @Test func `a pipeline runs, and knows the newest of its runs`() async throws {
        try Data("sources: \(source)\nretention: {keep-last: 1}\n".utf8)
            .write(to: URL(filePath: bench.path("p.yaml")))
        let run = ["run", "--json", bench.path("p.yaml")]
        #expect(try await ahead.run(run).status == 0)
        try change("other")
        let summary = try await bench.run("run", "--json", bench.path("p.yaml")).objects().last
        #expect(summary?["state"] as? String == "done")
        let root = try #require(summary?["root"] as? String)
        #expect(try await bench.ingest("--only-hash", source) == root)
        #expect(try await bench.run("snapshots", "--json").objects().count == 2)
        let runs = try await bench.run("runs", "--json").objects()
        #expect(runs.count == 2 && runs.allSatisfy { $0["state"] as? String == "done" })
    }
}
