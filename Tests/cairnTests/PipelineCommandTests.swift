// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `cairn pipeline`, `run`, `runs` and `schedule` as users meet them.
struct PipelineCommandTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    private func declare(_ text: String, as name: String = "p.yaml") throws -> String {
        try Data(text.utf8).write(to: URL(filePath: bench.path(name)))
        return bench.path(name)
    }

    private func sources() throws -> String {
        let path = bench.path("source")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        try Data("hello".utf8).write(to: URL(filePath: path + "/file"))
        return path
    }

    @Test func `check names every mistake with its line, and sound files`() async throws {
        let sound = try declare("sources: /x", as: "sound.yaml")
        let bad = try declare("source: /x\nmemory: 1MiB\n", as: "bad.yaml")
        let outcome = try await bench.run("pipeline", "check", sound, bad, exits: 1)
        #expect(outcome.lines == ["\(sound): sound is sound"])
        #expect(outcome.errors.contains("\(bad):1:1: unknown key source; did you mean sources?"))
        #expect(outcome.errors.contains("\(bad):2:9: \"1MiB\" is too small; give at least 64MiB"))
        let json = try await bench.run("pipeline", "check", "--json", bad, exits: 1).objects()
        let problems = try #require(json.first?["problems"] as? [[String: Any]])
        #expect(problems.compactMap { $0["line"] as? Int } == [1, 2])
    }

    @Test(arguments: ["bulk-import", "nightly", "throughput"])
    func `the pipelines that are shipped are sound, and explained`(_ name: String) async throws {
        let path = Command.packageRoot.appending(path: "Pipelines/\(name).yaml").path
        try await bench.run("pipeline", "check", path)
        let text = try await bench.run("pipeline", "explain", path).text
        #expect(text.contains("unixfs-v1-2025") && text.contains("chunker=size-1048576"))
        let json = try #require(
            try await bench.run("pipeline", "explain", "--json", path).objects().first)
        let next = try #require(json["next"] as? [[String: Any]])
        #expect(next.count == (name == "nightly" ? 5 : 0))
    }

    @Test func `explain shows the next times in the pipeline's zone`() async throws {
        let file = try declare(
            "sources: /x\nschedule: {cron: 30 2 * * *, timezone: Europe/Berlin}")
        let lines = try await bench.run("pipeline", "explain", "--times", "400", file).lines
        let times = lines.suffix(400)
        #expect(
            times.filter { $0.hasSuffix(" 02:30 +01:00") || $0.hasSuffix(" 02:30 +02:00") }.count
                >= 398)
        // The night in spring in which that time does not exist.
        #expect(times.contains { $0.hasSuffix(" 03:00 +02:00") })
    }

    @Test func `explain fills in what the repository's configuration says`() async throws {
        let file = try declare("sources: /x\ngc: {io-limit: 7MiB}")
        let before = try await bench.run("pipeline", "explain", file).lines
        #expect(before.contains { $0.hasPrefix("compression:") && $0.hasSuffix(" auto") })
        _ = try await bench.ingest(try sources())
        try Data(
            """
            format: 1
            profile: unixfs-v0-2015
            compression: zstd:9
            gc: {repack-below: 25%, io-limit: 3MiB}
            """.utf8
        ).write(to: URL(filePath: bench.path("repository/config.yaml")))
        let lines = try await bench.run("pipeline", "explain", file).lines
        #expect(lines.contains { $0.hasPrefix("compression:") && $0.hasSuffix(" zstd:9") })
        #expect(lines.contains { $0.hasPrefix("dag:") && $0.contains("unixfs-v0-2015: ") })
        let collection = try #require(lines.first { $0.hasPrefix("gc:") })
        #expect(collection.contains("less than 25 % lives"))
        // What the pipeline says stands.
        #expect(collection.contains("at most 7MiB a second"))
    }

    @Test func `the schema is JSON Schema and has every key of the shipped files`() async throws {
        let schema = try #require(try await bench.run("pipeline", "schema").objects().first)
        #expect(schema["$schema"] as? String == "https://json-schema.org/draft/2020-12/schema")
        #expect(schema["required"] as? [String] == ["sources"])
        #expect(schema["additionalProperties"] as? Bool == false)
        let properties = try #require(schema["properties"] as? [String: [String: Any]])
        #expect(properties["sources"]?["anyOf"] != nil && properties["schedule"] != nil)
        let stages = try #require(properties["stages"]?["properties"] as? [String: [String: Any]])
        #expect(stages["hash"]?["maximum"] as? Int == 1024)
    }

    @Test func `run prints one line and makes the repository; a later one reads nothing`()
        async throws
    {
        let file = try declare("sources: \(try sources())")
        let outcome = try await bench.run("run", file)
        #expect(outcome.errors.isEmpty && outcome.lines.count == 1)
        let root = try await bench.ingest("--only-hash", bench.path("source"))
        #expect(outcome.text.hasPrefix("p: done in ") && outcome.text.contains("root \(root)"))
        #expect(try await bench.run("run", "--quiet", file).text.isEmpty)
        let object = try #require(try await bench.run("run", "--json", file).objects().last)
        #expect(object["event"] as? String == "run" && object["state"] as? String == "done")
        let ingest = try #require(object["ingest"] as? [String: Any])
        #expect(ingest["unchangedFiles"] as? Int == 1 && ingest["root"] as? String == root)
        let runs = try await bench.run("runs", "--json").objects()
        #expect(runs.count == 3 && runs.allSatisfy { $0["pipeline"] as? String == "p" })
        #expect(try await bench.run("runs", "p", "--limit", "2").lines.count == 2)
        #expect(try await bench.run("snapshots").text.contains("pipeline:p"))
    }

    @Test func `a run's exit code tells what came of it`() async throws {
        let source = try sources()
        let failing = try declare("sources: \(source)\nhooks: {before: exit 4}", as: "f.yaml")
        let outcome = try await bench.run("run", "-q", failing, exits: 1)
        #expect(outcome.errors.contains("f: FAILED after") && outcome.errors.contains("code 4"))
        try FileManager.default.createSymbolicLink(
            atPath: source + "/loop", withDestinationPath: ".")
        let skipping = try declare(
            "sources: \(source)\nfilters: {dereference: true}", as: "s.yaml")
        let skipped = try await bench.run("run", skipping, exits: 3)
        #expect(skipped.errors.contains("skipped ") && skipped.errors.contains("1 input skipped"))
        let wrong = try declare("sources: \(source)\nmemry: 1", as: "w.yaml")
        #expect(
            try await bench.run("run", wrong, exits: 2).errors.contains("did you mean memory?"))
        try await bench.run("run", bench.path("missing.yaml"), exits: 1)
        let last = try await bench.run("runs", "--last", exits: 1)
        #expect(last.text.contains("f  failed (1)") && last.text.contains("s  skipped-inputs (3)"))
        #expect(try await bench.run("runs", "--failed").text.contains("f  failed"))
        try await bench.run("runs", "--state", "odd", exits: 2)
    }

    @Test func `a second run ends with 75 at once, waits in vain, or waits`() async throws {
        let (gate, started) = (bench.path("gate"), bench.path("started"))
        let file = try declare(
            """
            sources: \(try sources())
            hooks:
              before: {run: 'touch \(started); while [ ! -e \(gate) ]; do sleep 0.02; done', timeout: 1h}
            """)
        let first = try RunningCommand(bench.cairn, ["run", file])
        while !FileManager.default.fileExists(atPath: started) { await Task.yield() }
        #expect(try await bench.run("run", file, exits: 75).errors.contains("still going"))
        try await bench.run("run", "--wait", "1s", file, exits: 75)
        let waiting = try RunningCommand(bench.cairn, ["run", file, "--wait"])
        try Data().write(to: URL(filePath: gate))
        #expect(await first.end() == 0)
        #expect(await waiting.end() == 0)
    }

    @Test func `an interrupted run says so and can be gone on with`() async throws {
        let started = bench.path("started")
        let file = try declare(
            """
            sources: \(try sources())
            hooks: {before: {run: 'touch \(started); sleep 1000', timeout: 1h}}
            """)
        let run = try RunningCommand(bench.cairn, ["run", file])
        while !FileManager.default.fileExists(atPath: started) { await Task.yield() }
        run.signal(SIGTERM)
        #expect(await run.end() == 130)
        #expect(run.errors.contains("CANCELLED"))
        #expect(try await bench.run("runs").text.contains("cancelled (130)"))
    }

    @Test func `a killed run is marked dead by the next, and its lock is free`() async throws {
        let started = bench.path("started")
        let source = try sources()
        let file = try declare(
            """
            sources: \(source)
            hooks:
              before: {run: 'touch \(started); while [ -e \(started) ]; do sleep 0.02; done', timeout: 1h}
            """)
        // The hook outlives the run, and ends with this file or its directory.
        defer { try? FileManager.default.removeItem(atPath: started) }
        let run = try RunningCommand(bench.cairn, ["run", file])
        while !FileManager.default.fileExists(atPath: started) { await Task.yield() }
        run.signal(SIGKILL)
        #expect(await run.end() == 128 + SIGKILL)
        _ = try declare("sources: \(source)")
        try await bench.run("run", file)
        #expect(try await bench.run("runs", "--state", "died").lines.count == 2)
    }

    @Test func `a schedule runs what is due, reloads, and ends in good order`() async throws {
        let folder = bench.path("pipelines")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let schedule = "sources: \(try sources())\nschedule: {cron: '* * * * *'}"
        _ = try declare(schedule, as: "pipelines/minutely.yaml")
        let scheduler = try RunningCommand(bench.cairn, ["schedule", "--json", folder])
        #expect(await scheduler.line()?.contains("\"event\":\"scheduled\"") == true)
        #expect(await scheduler.line()?.contains("\"pipelines\":1") == true)
        _ = try declare("sources: /x\nschedule: {cron: '@yearly'}", as: "pipelines/yearly.yaml")
        scheduler.signal(SIGHUP)
        var line = await scheduler.line()
        while let text = line, !text.contains("\"pipelines\":2") { line = await scheduler.line() }
        #expect(line != nil, "\(scheduler.errors)")
        scheduler.signal(SIGTERM)
        #expect(await scheduler.end() == 0)
    }
}
