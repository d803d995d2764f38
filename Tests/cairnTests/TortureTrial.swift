// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import TestSupport
import Testing

/// A repository in which one command after the other is killed, while another process ingests.
///
/// What was acknowledged and not given up since must be there after each kill, whatever was killed.
struct TortureTrial {
    private let bench: Bench
    private var generator: SeededGenerator
    /// What is ingested again after each kill, by a process beside, and by a pipeline.
    private var main, beside, piped: ChangingSource
    /// The root of `main` as it is.
    private var root: String
    /// What was acknowledged and not given up: what each root must restore to.
    private var kept: [String: ChangingSource.State] = [:]
    private var pinned: Set<String> = []
    private(set) var tallies: [TortureWork: KillTally] = [:]
    /// For messages: the kill that was the last.
    private var last = "no kill"

    init(seed: UInt64) async throws {
        bench = try Bench()
        generator = SeededGenerator(seed: seed)
        main = try ChangingSource(bench.path("main"), using: &generator)
        beside = try ChangingSource(bench.path("beside"), using: &generator)
        piped = try ChangingSource(bench.path("piped"), using: &generator)
        root = try await bench.cairn.run(TortureWork.ingest.arguments + [main.path]).lines.joined()
        kept[root] = main.state
        let config = bench.repository.appending(path: "config.yaml").path
        let tier = """
            tiers:
              cold:
                directory: \(bench.path("cold"))
                rules: [{older-than: 0s}]

            """
        try (String(contentsOfFile: config, encoding: .utf8) + tier)
            .write(toFile: config, atomically: true, encoding: .utf8)
        let pipeline = """
            sources: \(piped.path)
            schedule: {cron: '@daily'}
            dag: {chunker: size-8192}
            retention: {keep-last: 3}
            tiers: {apply-rules: true}
            gc: {when: after-forget, repack-below: 100%}

            """
        try Data(pipeline.utf8).write(to: URL(filePath: bench.path("piped.yaml")))
    }

    /// Kills `work` at a random moment, and expects that nothing is lost or left behind.
    mutating func round(_ work: TortureWork) async throws {
        let arguments = try await prepare(work)
        try beside.change(using: &generator)
        let (cairn, path) = (bench.cairn, beside.path)
        async let other = cairn.run(TortureWork.ingest.arguments + [path])
        let lines = try await kill(work, arguments)
        let outcome = try await other
        if work == .ingest, lines == [root] { kept[root] = main.state }
        if [.reindex, .rebuild, .repair].contains(work) { try await run(arguments) }
        try await run(["verify", "--quiet"])
        try await acknowledgeBeside(outcome, isExcusable: [.reindex, .rebuild].contains(work))
        try await expectRestored(lines == [root] ? root : nil)
        try await complete(work, arguments)
        let again = try await run(TortureWork.ingest.arguments + [main.path])
        #expect(again.lines == [root], "another root after \(last)")
        kept[root] = main.state
        try await expectRestored(root)
    }

    /// What `work` is run with; puts the repository into a state in which it has something to do.
    private mutating func prepare(_ work: TortureWork) async throws -> [String] {
        if work == .ingest || Int.random(in: 0..<3, using: &generator) == 0 {
            try main.change(using: &generator)
            root = try await run(TortureWork.ingest.arguments + ["--only-hash", main.path])
                .lines.joined()
        }
        var arguments = work.arguments
        switch work {
        case .ingest: arguments.append(main.path)
        case .run, .schedule:
            try piped.change(using: &generator)
            arguments.append(bench.path("piped.yaml"))
            try await giveUp(allBut: 2, of: piped.path)
            if work == .schedule { try await miss() }
        case .forget, .forgetAndCollect: try await giveUp(allBut: 2)
        case .pin: arguments.append(try #require(randomRoot()))
        case .unpin:
            if pinned.isEmpty {
                pinned.insert(try #require(randomRoot()))
                try await run(TortureWork.pin.arguments + pinned)
            }
            let given = try #require(pinned.sorted().randomElement(using: &generator))
            pinned.remove(given)
            arguments.append(given)
            try await giveUp(allBut: .max)
        case .rebuild:
            for suffix in ["", "-wal", "-shm"] {
                let file = bench.repository.path + "/catalog.sqlite" + suffix
                try? FileManager.default.removeItem(atPath: file)  // closed, it is one file
            }
        case .repair: try damage()
        case .collect, .repack, .move, .recall, .reindex, .verify: break
        }
        return arguments
    }

    /// Makes the catalog say that the scheduler was not there for two days.
    private func miss() async throws {
        let catalog = try await SQLiteCatalog.open(
            at: bench.repository.appending(path: "catalog.sqlite").path)
        let planned = Int64(Date.now.timeIntervalSince1970) - 2 * 86_400
        try await catalog.setPlanned(planned, of: "piped")
        try await catalog.close()
    }

    private mutating func randomRoot() -> String? {
        kept.keys.sorted().randomElement(using: &generator)
    }

    /// Counts on pins, and on the newest snapshots of each source, or of one source, alone.
    private mutating func giveUp(allBut count: Int, of source: String? = nil) async throws {
        var counts: [String: Int] = [:]
        var live = pinned
        for snapshot in try await run(["snapshots", "--json"]).objects() {
            let sources = try #require(snapshot["sources"] as? [String]).joined()
            let roots = try #require(snapshot["roots"] as? [[String: Any]])
            counts[sources, default: 0] += 1
            if let source, source != sources { counts[sources] = 0 }
            if counts[sources, default: 0] <= count {
                live.formUnion(roots.compactMap { $0["cid"] as? String })
            }
        }
        kept = kept.filter { live.contains($0.key) }
    }

    /// Flips a bit in the tables of a pack, which costs none of its blocks.
    private mutating func damage() throws {
        let sealed = try bench.packs().filter { $0.hasSuffix(".car.zst") }
        guard let pack = sealed.randomElement(using: &generator) else { return }
        var bytes = try Data(contentsOf: URL(filePath: pack))
        bytes[bytes.count - Int.random(in: 1...110, using: &generator)] ^= 4
        let handle = try #require(FileHandle(forWritingAtPath: pack))
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    /// Runs a command and kills it at a random moment from its first change of the disk on; returns
    /// what it had printed.
    private mutating func kill(_ work: TortureWork, _ arguments: [String]) async throws -> [String]
    {
        let log = bench.path("calls")
        try Data().write(to: URL(filePath: log))
        let counting = Fault(calls: Fault.all, effect: .count, range: 1...1)
        var cairn = bench.cairn
        cairn.environment.merge(try await counting.environment()) { $1 }
        cairn.environment["CAIRN_FAULT_LOG"] = log
        let usual = tallies[work, default: KillTally()].usual
        let delay = Double.random(in: 0...usual, using: &generator)
        let command = try RunningCommand(cairn, arguments)
        let limit = ContinuousClock.now + .seconds(60)
        while try Data(contentsOf: URL(filePath: log)).isEmpty, .now < limit {
            try await Task.sleep(for: .milliseconds(1))
        }
        // Not to wait for anything: this is the moment that was drawn.
        try await Task.sleep(for: .seconds(delay))
        command.signal(SIGKILL)
        let status = await command.end()
        var lines: [String] = []
        while let line = await command.line() { lines.append(line) }
        let calls = try Data(contentsOf: URL(filePath: log)).count
        // A scheduler whose run has ended only waits.
        let isIdle = work == .schedule && lines.contains { $0.contains("\"event\":\"run\"") }
        let isKilled = status == 128 + SIGKILL && !isIdle
        last = "\(work) \(isKilled ? "was killed" : "ended") \(calls) calls after it began"
        #expect(
            isKilled || isIdle || status == 0, "\(last): \(status) \(lines) \(command.errors)")
        #expect(calls > 0, "\(last)")
        tallies[work, default: KillTally()].count(isKilled: isKilled)
        return lines
    }

    /// Takes note of what the process beside has stored, or lets it store again what it could not
    /// while there was no catalog.
    private mutating func acknowledgeBeside(
        _ outcome: Command.Outcome, isExcusable: Bool
    ) async throws {
        var outcome = outcome
        if isExcusable, outcome.status == 1, outcome.errors.contains("`cairn reindex`") {
            outcome = try await run(TortureWork.ingest.arguments + [beside.path])
        }
        #expect(outcome.status == 0, "beside \(last): \(outcome.errors)")
        if let root = outcome.lines.first { kept[root] = beside.state }
    }

    /// Lets `work` come to its end, if that is more than to run it some other time.
    private mutating func complete(_ work: TortureWork, _ arguments: [String]) async throws {
        switch work {
        case .forget, .forgetAndCollect:
            try await giveUp(allBut: 3)
            try await run(arguments)
        case .pin:
            try await run(arguments)
            pinned.formUnion(arguments.suffix(1))
        case .unpin:
            // It may have been done before the kill; a second time it would be an error.
            let pins = try await run(["pin", "ls", "--json"]).objects()
            if pins.contains(where: { $0["cid"] as? String == arguments.last }) {
                try await run(arguments)
            }
        case .run, .schedule:
            try await giveUp(allBut: 2, of: piped.path)
            let hashed = TortureWork.ingest.arguments + ["--only-hash", piped.path]
            let expected = try await run(hashed).lines.joined()
            let again = TortureWork.run.arguments + [bench.path("piped.yaml")]
            let summary = try #require(try await run(again).objects().last)
            #expect(summary["root"] as? String == expected, "after \(last): \(summary)")
            kept[expected] = piped.state
            let going = try await run(["runs", "--json", "--state", "running"])
            #expect(going.lines.isEmpty, "after \(last): \(going.text)")
        default: break
        }
    }

    /// Expects that `root`, or any, is restored byte for byte.
    private mutating func expectRestored(_ root: String?) async throws {
        guard let root = root ?? randomRoot(), let state = kept[root] else { return }
        let back = bench.path("back")
        defer { try? FileManager.default.removeItem(atPath: back) }  // not there: told below
        try await run(["get", "--quiet", root, "-o", back])
        #expect(try state.isSame(as: back), "\(root) is another after \(last)")
    }

    /// Runs a command that must succeed.
    @discardableResult
    private func run(_ arguments: [String]) async throws -> Command.Outcome {
        let outcome = try await bench.cairn.run(arguments)
        #expect(
            outcome.status == 0,
            "\(arguments) after \(last): \(outcome.status) \(outcome.text) \(outcome.errors)")
        return outcome
    }
}

extension TortureTrial {
    /// Expects that a collection leaves nothing dead, no parts, no sessions, no other leftovers.
    func expectCollected() async throws {
        try await run(["tier", "move", "--quiet"])
        try await run(TortureWork.repack.arguments)
        try await bench.expectCollected(tier: bench.path("cold"), "after \(last)")
    }

    /// Expects that all that was acknowledged and not given up is there, and that with all else
    /// given up the repository holds what a new one would.
    mutating func expectWhole() async throws {
        for root in kept.keys.sorted() { try await expectRestored(root) }
        try await expectCollected()
        try await run(["verify", "--quiet"])
        if !pinned.isEmpty { try await run(TortureWork.unpin.arguments + pinned) }
        let snapshots = try await run(["snapshots", "--json"]).objects()
        let ofPipeline = snapshots.filter { $0["sources"] as? [String] == [piped.path] }
            .compactMap { $0["id"] as? String }
        if !ofPipeline.isEmpty { try await run(["forget", "--quiet"] + ofPipeline) }
        try await run(["forget", "--quiet", "--keep-last", "1"])
        // The record of a removal goes by the collection after that of what it cancels.
        for _ in 1...2 { try await run(TortureWork.repack.arguments) }
        let new = try Bench()
        for path in [main.path, beside.path] {
            try await new.run("ingest", "--quiet", "--chunker", "size-8192", path)
        }
        let blocks = try await run(["status", "--json"]).objects().first?["blocks"] as? Int
        let expected = try await new.run("status", "--json").objects().first?["blocks"] as? Int
        #expect(blocks == expected, "blocks at the end")
    }
}
