// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import TestSupport
import Testing

/// `cairn gc` and `cairn why`.
struct CollectionCommandTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// Two sources, the snapshot of the first one of which is gone.
    private func store() async throws -> (gone: String, kept: String) {
        let first = try bench.write(
            InputTree(.directory([("a", .text("gone")), ("b", .text("shared"))])), as: "first")
        let second = try bench.write(
            InputTree(.directory([("c", .text("kept")), ("b", .text("shared"))])), as: "second")
        let roots = (try await bench.ingest(first), try await bench.ingest(second))
        let path = bench.repository.appending(path: "catalog.sqlite").path
        let catalog = try await SQLiteCatalog.open(at: path)
        let oldest = try #require(try await catalog.snapshots(limit: nil).last)
        #expect(try await catalog.removeSnapshot(oldest.id))
        try await catalog.close()
        return roots
    }

    @Test func `a dry run tells as JSON what would go, and gc frees it`() async throws {
        let (gone, kept) = try await store()
        let dry = try await bench.run("gc", "--dry-run", "--json", "--repack-below", "100")
            .objects()
        let summary = try #require(dry.last)
        #expect(summary["dryRun"] as? Bool == true)
        #expect(dry.dropLast().count == 2)
        #expect(dry.dropLast().allSatisfy { $0["event"] as? String == "pack" })
        #expect(
            Set(dry.dropLast().compactMap { $0["action"] as? String }) == ["delete", "rewrite"])
        let outcome = try await bench.run("gc", "--repack-below", "100%")
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("freed 3 blocks"), "\(outcome.errors)")
        #expect(outcome.errors.contains("1 pack deleted, 1 rewritten into 1"), "\(outcome.errors)")
        #expect(summary["freedBlocks"] as? Int == 3)
        try await bench.run("ls", gone, exits: 1)
        try await bench.run("verify", "-q")
        try await bench.run("get", "-q", kept, "-o", bench.path("back"))
        try await bench.expectEqual(bench.path("second"), bench.path("back"))
        let nothing = try await bench.run("gc", "--json").objects()
        #expect(nothing.last?["freedBlocks"] as? Int == 0)
    }

    @Test func `a mark that is not reached leaves all as it is`() async throws {
        _ = try await store()
        let before = try bench.packs()
        let free = try await bench.run("gc", "--if-free-below", "1")
        #expect(free.errors.contains("nothing to do"), "\(free.errors)")
        let stored = try await bench.run("gc", "--if-above", "1GiB", "--until", "500MiB", "--json")
        #expect(try stored.objects().last?["due"] as? Bool == false)
        #expect(try bench.packs() == before)
        let due = try await bench.run("gc", "--if-above", "1", "--json")
        #expect(try due.objects().last?["due"] as? Bool == true)
        #expect(try bench.packs() != before)
    }

    @Test func `the configuration has defaults, and the mark for --if-due`() async throws {
        _ = try await store()
        let without = try await bench.cairn.run(["gc", "--if-due"])
        #expect(without.status == 2 && without.errors.contains("sets no mark"), "\(without.errors)")
        let config = bench.repository.appending(path: "config.yaml")
        try Data("gc: {if-above: 1GiB, repack-below: 0%}\n".utf8).write(to: config)
        let waiting = try await bench.run("gc", "--if-due", "--json").objects()
        #expect(waiting.last?["due"] as? Bool == false)
        // By hand it is done at once.
        let dry = try await bench.run("gc", "--dry-run", "--json").objects()
        #expect(dry.last?["due"] as? Bool == true && dry.last?["rewrittenPacks"] as? Int == 0)
        #expect(dry.last?["mergedPacks"] as? Int == 0)
        let told = try await bench.run("gc", "--dry-run", "--json", "--repack-below", "100")
            .objects()
        #expect(told.last?["rewrittenPacks"] as? Int ?? 0 > 0)
    }

    @Test(arguments: [
        ["--merge-below", "few"], ["--if-due", "--if-above", "1GiB"],
        ["--repack-below", "120%"], ["--max-repack", "much"], ["--wait", "5 parsecs"],
        ["--until", "10%"], ["--if-free-below", "10%", "--if-above", "1GiB"], ["--io-limit", "0"],
        ["--keep-unfinished", "-1h"],
    ])
    func `options that cannot be are refused`(_ options: [String]) async throws {
        let outcome = try await bench.cairn.run(["gc"] + options)
        #expect(outcome.status == 2, "\(options): \(outcome.errors)")
        #expect(outcome.errors.contains(options[0]), "\(outcome.errors)")
    }

    @Test func `why names the snapshot and the way`() async throws {
        let (gone, kept) = try await store()
        let leaf = try await bench.ingest("--only-hash", bench.path("second/c"))
        let text = try await bench.run("why", leaf).text
        #expect(text.contains("snapshot"), "\(text)")
        #expect(text.contains("root \(kept)"), "\(text)")
        #expect(text.contains("path /c"), "\(text)")
        let json = try #require(try await bench.run("why", "--json", leaf).objects().first)
        #expect(json["by"] as? String == "snapshot")
        #expect(json["path"] as? String == "c")
        #expect(try await bench.run("why", gone).text.contains("nothing keeps it"))
        try await bench.run("gc", "-q", "--repack-below", "100%")
        #expect(try await bench.run("why", gone, exits: 1).text.contains("not here"))
        try await bench.run("why", "no-cid", exits: 2)
    }

    @Test func `a gc beside another one ends with 75`() async throws {
        _ = try await store()
        let lock = bench.repository.appending(path: "gc.lock").path
        var flock = try Command.named("flock")
        flock.environment = bench.cairn.environment
        let command = [lock, bench.cairn.executable.path, "gc", "--json"]
        let outcome = try await flock.run(command)
        #expect(outcome.status == 75, "\(outcome.errors)")
        #expect(outcome.errors.contains("--wait"), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
        // To look on, no lock is needed.
        #expect(try await flock.run(command + ["--dry-run"]).status == 0)
    }
}
