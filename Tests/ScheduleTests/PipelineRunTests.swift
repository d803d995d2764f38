// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import FileIO
import Foundation
import IPLD
import Ingest
import Multiformats
import Repository
import Schedule
import TestSupport
import Testing

/// Runs of declared pipelines on a real repository: lock, hooks, budgets, history, metrics.
struct PipelineRunTests {
    private let folder: TemporaryDirectory
    private let repository: Repository

    init() async throws {
        folder = try TemporaryDirectory()
        repository = try await Repository.open(folder.path("repository"), creating: true)
        try FileManager.default.createDirectory(
            atPath: folder.path("source"), withIntermediateDirectories: true)
        try Data("hello".utf8).write(to: URL(filePath: folder.path("source/file")))
        // A file that was just written would be read again by the next run.
        try await Task.sleep(for: .milliseconds(50))
    }

    private func pipeline(_ more: String = "") throws -> PipelineDeclaration {
        try PipelineDeclaration.parse(
            "sources: \(folder.path("source"))\n\(more)", path: "test.yaml")
    }

    private func run(
        _ more: String = "", wait: LockWait = .none,
        _ change: (inout PipelineRun.Surroundings) -> Void = { _ in }
    ) async throws -> RunReport {
        var surroundings = PipelineRun.Surroundings()
        change(&surroundings)
        return await PipelineRun(
            try pipeline(more), repository: repository, wait: wait, surroundings: surroundings
        ).run()
    }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: folder.path(name), encoding: .utf8)
    }

    @Test func `a run ingests, leaves a tagged snapshot and a record`() async throws {
        let report = try await run("tags: [t]")
        #expect(report.exitCode == 0 && report.record.state == .done, "\(report.record)")
        let snapshot = try #require(try await repository.catalog.snapshots(limit: nil).first)
        #expect(snapshot.tags == ["t", "pipeline:test"] && snapshot.id == report.record.snapshotID)
        let record = try #require(try await repository.catalog.runs(RunFilter()).first)
        #expect(record == report.record)
        #expect(record.files == 1 && record.bytes == 5 && record.root != nil)
        #expect(record.finishedAtMilliseconds != nil && record.trigger == "manual")
        let second = try await run()
        #expect(second.counts.unchangedFiles == 1)
        #expect(second.result?.roots == report.result?.roots)
    }

    @Test func `the root is that of an ingest with the same settings`() async throws {
        let declared = try await run("dag: {profile: unixfs-v0-2015}\nwrap: true")
        var settings = IngestSettings()
        settings.profile = "unixfs-v0-2015"
        settings.wrap = true
        settings.purpose = .onlyHash
        let options = try settings.options(config: nil, spillDirectory: folder.path("."))
        let direct = try await IngestRun(repository: nil, options: options)
            .run([.path(folder.path("source"))])
        #expect(declared.result?.roots.map(\.cid) == direct.roots.map(\.cid))
    }

    @Test func `an input that cannot be read gives exit code 3`() async throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("source/loop"), withDestinationPath: ".")
        let report = try await run("filters: {dereference: true}")
        #expect(report.exitCode == 3 && report.record.state == .skippedInputs)
        #expect(report.record.skipped == 1 && report.skipped.count == 1)
        #expect(report.record.snapshotID != nil)
    }

    @Test func `a source that is missing fails the run`() async throws {
        let declaration = try PipelineDeclaration.parse(
            "sources: \(folder.path("nothing"))", path: "test.yaml")
        let report = await PipelineRun(declaration, repository: repository).run()
        #expect(report.exitCode == 1 && report.record.state == .failed)
        #expect(report.record.error?.contains("nothing") == true)
    }

    @Test func `hooks run around the ingest and are told of it`() async throws {
        let log = folder.path("log")
        let report = try await run(
            """
            hooks:
              before:
                - echo "$CAIRN_HOOK $CAIRN_PIPELINE $CAIRN_STATE." >> \(log)
                - {run: [/bin/sh, -c, 'echo second >> \(log)']}
              after: echo "$CAIRN_HOOK $CAIRN_STATE $CAIRN_EXIT_CODE $CAIRN_FILES $CAIRN_ROOTS $CAIRN_SNAPSHOT" >> \(log)
              on-failure: echo failed >> \(log)
            """)
        #expect(report.exitCode == 0, "\(report.record)")
        let root = try #require(report.result?.roots.first?.cid)
        #expect(
            try text("log")
                == "before test .\nsecond\nafter done 0 1 \(root) \(report.record.snapshotID ?? "")\n"
        )
    }

    @Test(arguments: [
        ("exit 7", "hook before: `exit 7` ended with exit code 7"),
        ("kill -9 $$", "was ended by signal 9"), ("[/no/such/program]", "No such file"),
    ])
    func `a failing hook keeps the run from beginning`(
        _ command: String, _ error: String
    ) async throws {
        let report = try await run(
            """
            hooks:
              before: {run: \(command.hasPrefix("[") ? command : "'\(command)'")}
              on-failure: echo "$CAIRN_STATE $CAIRN_ERROR" > \(folder.path("failure"))
            """)
        #expect(report.exitCode == 1 && report.result == nil)
        #expect(report.record.error?.contains(error) == true, "\(report.record)")
        #expect(try text("failure").contains("failed hook before"))
        #expect(try await repository.catalog.snapshots(limit: nil).isEmpty)
    }

    @Test func `a hanging hook is ended with all that it started`() async throws {
        let pid = folder.path("pid")
        let report = try await run(
            "hooks: {before: {run: 'sleep 1000 & echo $! > \(pid); wait', timeout: 1s}}")
        #expect(report.record.error?.contains("took longer than 1s and was ended") == true)
        let child = try #require(Int32(try text("pid").split(separator: "\n")[0]))
        // Dead, or waiting for init to reap it.
        let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)  // gone
        #expect(state == nil || state?.contains(") Z") == true)
    }

    @Test func `a failing hook after the run fails it, and the snapshot stands`() async throws {
        let report = try await run(
            "hooks: {after: exit 1, on-failure: 'echo x > \(folder.path("failure"))'}")
        #expect(report.exitCode == 1 && report.record.snapshotID != nil)
        #expect(try text("failure") == "x\n")
        #expect(try await repository.catalog.snapshots(limit: nil).count == 1)
    }

    @Test func `a second run ends at once with 75 while the first is going`() async throws {
        let (gate, started) = (folder.path("gate"), folder.path("started"))
        let declaration = try pipeline(
            """
            hooks:
              before: {run: 'touch \(started); while [ ! -e \(gate) ]; do sleep 0.01; done', timeout: 1h}
            """)
        let first = PipelineRun(declaration, repository: repository)
        async let firstReport = first.run()
        while !FileManager.default.fileExists(atPath: started) { await Task.yield() }
        let second = try await run()
        #expect(second.exitCode == 75 && second.record.error?.contains("still going") == true)
        #expect(second.record.error?.contains("process \(getpid())") == true)
        let third = try await run(wait: .atMost(.milliseconds(10)))
        #expect(third.exitCode == 75)
        async let fourth = run(wait: .forever)
        try Data().write(to: URL(filePath: gate))
        #expect(await firstReport.exitCode == 0)
        #expect(try await fourth.exitCode == 0)
        #expect(try await repository.catalog.runs(RunFilter()).count == 2)
    }

    @Test func `a run whose time is up stops, and says so`() async throws {
        let report = try await run("budget: {time: 1s}\nhooks: {before: sleep 1000}")
        #expect(report.exitCode == 1 && report.record.state == .timedOut)
        #expect(report.record.error?.contains("time budget of 1s is used up") == true)
        let record = try #require(try await repository.catalog.runs(RunFilter()).first)
        #expect(record.state == .timedOut)
        #expect(try await run().exitCode == 0)
    }

    @Test func `an ingest whose time is up keeps what was committed`() async throws {
        // At 1 MiB a second it would take minutes.
        let file = URL(filePath: folder.path("source/large"))
        try Data(repeating: 7, count: 256 << 20).write(to: file)
        let report = try await run("budget: {time: 1s, read-rate: 1MiB}")
        #expect(report.record.state == .timedOut && report.record.snapshotID == nil)
        #expect(report.counts.bytes < 64 << 20)
        try FileManager.default.removeItem(at: file)
        #expect(try await run().exitCode == 0)
    }

    @Test func `a cancelled run says so in the history`() async throws {
        let started = folder.path("started")
        let declaration = try pipeline(
            "hooks: {before: {run: 'touch \(started); sleep 1000', timeout: 1h}}")
        let run = PipelineRun(declaration, repository: repository)
        let report = await withTaskGroup(of: RunReport.self) { group in
            group.addTask { await run.run() }
            while !FileManager.default.fileExists(atPath: started) { await Task.yield() }
            group.cancelAll()
            return await group.next()
        }
        #expect(report?.exitCode == 130 && report?.record.state == .cancelled)
        let record = try #require(try await repository.catalog.runs(RunFilter()).first)
        #expect(record.state == .cancelled && record.finishedAtMilliseconds != nil)
    }

    @Test func `a run whose process died is found dead by the next`() async throws {
        var dead = RunRecord(
            id: "0", pipeline: "test", path: "test.yaml", trigger: "manual",
            startedAtMilliseconds: 1, host: "h", processID: 999_999)
        try await repository.catalog.record(dead)
        #expect(try await run().exitCode == 0)
        var filter = RunFilter()
        filter.states = [.died]
        let found = try await repository.catalog.runs(filter)
        dead.state = .died
        #expect(found.map(\.id) == ["0"] && found.first?.error?.contains("999999") == true)
    }

    @Test func `retention forgets this pipeline's snapshots alone`() async throws {
        _ = try await IngestRun(
            repository: repository,
            options: try IngestSettings().options(config: nil, spillDirectory: folder.url.path)
        ).run([.path(folder.path("source"))])
        for _ in 0..<3 { #expect(try await run("retention: {keep-last: 10}").exitCode == 0) }
        let report = try await run("retention: {keep-last: 2}")
        #expect(report.exitCode == 0, "\(report.record)")
        #expect(report.steps.map(\.text) == ["2 snapshots kept, 2 forgotten"])
        #expect(report.record.steps == ["retention: 2 snapshots kept, 2 forgotten"])
        let left = try await repository.catalog.snapshots(limit: nil)
        #expect(left.count == 3 && left.filter { $0.tags.isEmpty }.count == 1)
        #expect(left.contains { $0.id == report.record.snapshotID })
    }

    @Test func `what retention forgets is collected, and nothing else`() async throws {
        let file = URL(filePath: folder.path("source/file"))
        let more = "retention: {keep-last: 1}\ngc: {keep-unfinished: 0, wait: 1m}"
        let first = try await run(more)
        // Nothing was forgotten, so nothing is collected.
        #expect(first.exitCode == 0 && first.steps.map(\.name) == ["retention"])
        try Data(repeating: 3, count: 100_000).write(to: file)
        let second = try await run(more)
        #expect(second.exitCode == 0, "\(second.record)")
        #expect(second.steps.map(\.name) == ["retention", "gc"])
        let old = try #require(first.result?.roots.first?.cid)
        let new = try #require(second.result?.roots.first?.cid)
        #expect(try await repository.blocks.contains([old, new]) == [false, true])
        let always = try await run("gc: {when: always, keep-unfinished: 0}")
        #expect(always.steps.map(\.name) == ["gc"] && always.exitCode == 0)
    }

    @Test func `a collection waits for its mark, of the pipeline or else of the repository`()
        async throws
    {
        let waiting = try await run("gc: {when: always, if-above: 1GiB}")
        #expect(waiting.exitCode == 0)
        #expect(waiting.steps.first?.text.hasPrefix("not due: ") == true, "\(waiting.steps)")
        let config = URL(filePath: folder.path("repository/config.yaml"))
        try Data("gc: {if-above: 1GiB}\n".utf8).write(to: config)
        let repository = try await Repository.open(folder.path("repository"), creating: false)
        for (more, isDue) in [
            ("gc: {when: always}", false), ("gc: {when: always, if-above: 1}", true),
        ] {
            let report = await PipelineRun(try pipeline(more), repository: repository).run()
            let text = try #require(report.steps.first?.text)
            #expect(report.exitCode == 0 && text.contains("bytes freed") == isDue, "\(text)")
        }
    }

    @Test func `a collection bounds the cache of what was fetched`() async throws {
        let bytes = Array("fetched".utf8)
        let block = Block(
            cid: CID(v1: .raw, try HashFunction.sha2_256.multihash(of: bytes.span)), bytes: bytes)
        try await repository.blocks.put([block], into: .cache)
        _ = try await run("gc: {when: always}")
        #expect(try await repository.blocks.contains([block.cid]) == [true])
        let config = URL(filePath: folder.path("repository/config.yaml"))
        try Data("network: {cache-mib: 0}\n".utf8).write(to: config)
        let repository = try await Repository.open(folder.path("repository"), creating: false)
        let report = await PipelineRun(try pipeline("gc: {when: always}"), repository: repository)
            .run()
        #expect(report.exitCode == 0, "\(report.record)")
        #expect(try await repository.blocks.contains([block.cid]) == [false])
    }

    @Test func `a pipeline's own rules move what no other snapshot needs`() async throws {
        let config = URL(filePath: folder.path("repository/config.yaml"))
        try Data("tiers: {cold: {directory: \(folder.path("cold"))}}\n".utf8).write(to: config)
        try FileManager.default.createDirectory(
            atPath: folder.path("other"), withIntermediateDirectories: true)
        try Data("other".utf8).write(to: URL(filePath: folder.path("other/file")))
        let repository = try await Repository.open(folder.path("repository"), creating: false)
        _ = try await IngestRun(
            repository: repository,
            options: try IngestSettings().options(config: nil, spillDirectory: folder.url.path)
        ).run([.path(folder.path("other"))])
        let rules = "tiers: {rules: [{to: cold, larger-than: 1}]}"
        let report = await PipelineRun(try pipeline(rules), repository: repository).run()
        #expect(report.exitCode == 0, "\(report.record)")
        #expect(report.steps.first?.text.hasPrefix("1 packs moved or copied, ") == true)
        let leaves = try await repository.catalog.totals().groups.filter { $0.kind == .leaves }
        #expect(leaves.map { "\($0.tier) \($0.packCount)" }.sorted() == ["cold 1", "hot 1"])
        let unknown = "tiers: {rules: [{to: colder, larger-than: 1}]}"
        let failed = await PipelineRun(try pipeline(unknown), repository: repository).run()
        #expect(failed.exitCode == 1)
        #expect(failed.record.error?.contains("there is no tier colder") == true)
    }

    @Test func `packs go where the tiers' rules send them`() async throws {
        let config = URL(filePath: folder.path("repository/config.yaml"))
        let tiers = """
            format: 1
            tiers:
              cold:
                directory: \(folder.path("cold"))
                rules: [{larger-than: 1}]

            """
        try Data(tiers.utf8).write(to: config)
        let repository = try await Repository.open(folder.path("repository"), creating: false)
        let report = await PipelineRun(try pipeline("tiers: {}"), repository: repository).run()
        #expect(report.exitCode == 0, "\(report.record)")
        #expect(report.steps.first?.text.hasPrefix("1 packs moved or copied, ") == true)
        let totals = try await repository.catalog.totals()
        #expect(totals.groups.contains { "\($0.tier)" == "cold" && $0.packCount == 1 })
        #expect(try text("source/file") == "hello")
    }

    @Test func `packs are checked within the step's budget, and a fault fails the run`()
        async throws
    {
        #expect(try await run("verify: {budget: 1h}").steps.first?.text.contains("checked") == true)
        let packs = folder.path("repository/packs/hot")
        let name = try #require(
            try FileManager.default.contentsOfDirectory(atPath: packs).first {
                $0.hasSuffix(".car.zst")
            })
        let handle = try FileHandle(forUpdating: URL(filePath: "\(packs)/\(name)"))
        let size = try handle.seekToEnd()
        try handle.truncate(atOffset: size - 1)
        try handle.close()
        let report = try await run("verify: {sample: 100%}")
        #expect(report.exitCode == 1 && report.record.error?.contains("verify: ") == true)
        #expect(report.record.snapshotID != nil)
    }

    @Test func `metrics are written whole, and remember the last success`() async throws {
        let path = folder.path("m.prom")
        let first = try await run("metrics: \(path)")
        #expect(first.warnings.isEmpty, "\(first.warnings)")
        let lines = try text("m.prom").split(separator: "\n")
        func value(_ name: String, in lines: [Substring]) -> Substring? {
            lines.first { $0.hasPrefix("cairn_pipeline_\(name){pipeline=\"test\"}") }?
                .split(separator: " ").last
        }
        #expect(value("success", in: lines) == "1" && value("exit_code", in: lines) == "0")
        #expect(value("files", in: lines) == "1" && value("bytes", in: lines) == "5")
        #expect(value("store_snapshots", in: lines) == "1")
        #expect(lines.contains { $0.contains("store_bytes{pipeline=\"test\",tier=\"hot\",kind=") })
        let success = try #require(value("last_success_timestamp_seconds", in: lines))
        #expect(success == value("end_timestamp_seconds", in: lines))
        // Each family is announced once, and each sample has its family.
        let types = lines.filter { $0.hasPrefix("# TYPE ") }
        #expect(Set(types).count == types.count && !types.isEmpty)

        _ = try await run("metrics: \(path)\nhooks: {before: exit 1}")
        let after = try text("m.prom").split(separator: "\n")
        #expect(value("success", in: after) == "0" && value("exit_code", in: after) == "1")
        #expect(value("last_success_timestamp_seconds", in: after) == success)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        #expect(!left.contains { $0.hasPrefix(".m.prom") })
    }

    @Test func `metrics that cannot be written are a warning`() async throws {
        let report = try await run { $0.metricsPath = folder.path("no/such/m.prom") }
        #expect(report.exitCode == 0 && report.warnings.count == 1)
    }

    @Test func `the last run of each pipeline that ended is told`() async throws {
        for (index, state) in [RunRecord.State.done, .failed, .overlapped, .running].enumerated() {
            for name in ["a", "b"] where !(name == "b" && state == .failed) {
                var record = RunRecord(
                    id: "\(name)\(index)", pipeline: name, path: "", trigger: "manual",
                    startedAtMilliseconds: Int64(index), host: "h", processID: 1)
                record.state = state
                record.steps = ["one", "two"]
                try await repository.catalog.record(record)
            }
        }
        let last = try await repository.catalog.lastRuns()
        #expect(last.map(\.id) == ["a1", "b0"] && last[0].steps == ["one", "two"])
        var filter = RunFilter()
        filter.pipeline = "a"
        filter.since = 1
        filter.limit = 2
        #expect(try await repository.catalog.runs(filter).map(\.id) == ["a3", "a2"])
    }
}
