// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `cairn ingest` as scripts use it.
struct IngestCommandTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test func `quiet prints the CID alone`() async throws {
        let source = try bench.write(.random(seed: 1))
        let outcome = try await bench.run("ingest", "--quiet", source)
        #expect(outcome.errors.isEmpty)
        #expect(outcome.lines.count == 1)
        #expect(outcome.lines.first?.hasPrefix("baf") == true)
        #expect(
            try await bench.run("ingest", "--only-hash", "--quiet", source).lines == outcome.lines)
    }

    @Test func `JSON comes in lines, the summary last and complete`() async throws {
        let source = try bench.write(
            InputTree(
                .directory([
                    ("a \"quoted\" \\ name\n", .text("1")), ("b", .text("2")),
                    ("dangling", InputTree(.symlink(target: "no/where"))),
                ])))
        let outcome = try await bench.run("ingest", "--json", "--dereference", source, exits: 3)
        let objects = try outcome.objects()
        let summary = try #require(objects.last)
        #expect(summary["event"] as? String == "summary")
        #expect(summary["files"] as? Int == 2)
        #expect(summary["directories"] as? Int == 1)
        #expect(summary["bytes"] as? Int == 2)
        #expect(summary["skipped"] as? Int == 1)
        for key in ["blocks", "newBlocks", "newBytes", "storedBytes"] {
            #expect(try #require(summary[key] as? Int, "\(key)") > 0)
        }
        #expect(summary["seconds"] is Double)
        #expect((summary["stages"] as? [[String: Any]])?.isEmpty == false)
        let roots = try #require(summary["roots"] as? [[String: Any]])
        #expect(roots.count == 1)
        #expect(roots.first?["cid"] as? String == summary["root"] as? String)
        #expect(roots.first?["name"] as? String == "source")
        #expect(objects.contains { $0["event"] as? String == "skipped" })
    }

    @Test func `standard input is a file, and has a name when wrapped`() async throws {
        let bytes = Data(InputContent.noise(seed: 4, count: 2_500_000).bytes())
        let plain = try await bench.run("ingest", "-q", "-", input: bytes)
        let root = try #require(plain.lines.first)
        #expect(try await bench.run("cat", root).output == bytes)
        let file = bench.path("input")
        try bytes.write(to: URL(filePath: file))
        #expect(try await bench.ingest(file) == root)
        let wrapped = try await bench.run(
            "ingest", "-q", "--wrap", "--stdin-name", "back up.tar", "-", input: bytes)
        let directory = try #require(wrapped.lines.first)
        let list = try await bench.run("ls", directory)
        #expect(list.lines == ["\(root) 2500000 back up.tar"])
        #expect(try await bench.run("cat", "\(directory)/back up.tar").output == bytes)
    }

    @Test func `standard input may be a pipe that delivers slowly`() async throws {
        let script =
            "for i in 1 2 3; do printf 'part %s ' $i; sleep 0.05; done | \"$0\" ingest -q -"
        var shell = try Command.named("sh")
        shell.environment = bench.cairn.environment
        let outcome = try await shell.run(["-c", script, bench.cairn.executable.path])
        let root = try #require(outcome.lines.first)
        #expect(try await bench.run("cat", root).text == "part 1 part 2 part 3 ")
    }

    @Test func `a dry run makes no repository`() async throws {
        let source = try bench.write(.text("x"))
        try await bench.run("ingest", "--dry-run", source)
        try await bench.run("ingest", "--only-hash", source)
        #expect(!FileManager.default.fileExists(atPath: bench.repository.path))
    }

    @Test func `snapshots and status tell of the runs`() async throws {
        let source = try bench.write(.random(seed: 6))
        let root = try await bench.ingest("--tag", "first", source)
        _ = try await bench.ingest("--tag", "second", source)
        let snapshots = try await bench.run("snapshots", "--json").objects()
        #expect(snapshots.map { $0["tags"] as? [String] } == [["second"], ["first"]])
        #expect(snapshots.first?["parent"] as? String == snapshots.last?["id"] as? String)
        let text = try await bench.run("snapshots").text
        #expect(text.contains(root) && text.contains("[second]"))
        let status = try #require(try await bench.run("status", "--json").objects().first)
        #expect(status["snapshots"] as? Int == 2)
        #expect(try await bench.run("status").text.contains("snapshots: 2"))
    }

    @Test func `two ingests at once into one new repository both hold`() async throws {
        let sources = try (0..<4).map { number in
            try bench.write(.random(seed: UInt64(number)), as: "source\(number)")
        }
        let roots = try await withThrowingTaskGroup(of: (String, String).self) { group in
            for source in sources {
                group.addTask { (source, try await bench.ingest(source)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        try await bench.run("verify")
        for (source, root) in roots {
            let back = bench.path("back-\(root)")
            try await bench.run("get", root, "-o", back)
            try await bench.expectEqual(source, back)
            #expect(try await bench.ingest("--only-hash", source) == root)
        }
    }

    @Test func `an interrupt ends the run, says what was kept, and the next run ends well`()
        async throws
    {
        let source = try bench.write(
            InputTree(
                .directory(
                    (0..<60).map {
                        ("\($0)", InputTree(.file(.noise(seed: UInt64($0), count: 1_000_000))))
                    })))
        let script = "\"$0\" ingest -q \"$1\" & sleep 0.2; kill -INT $!; wait $!; echo $?"
        var shell = try Command.named("bash")
        shell.environment = bench.cairn.environment
        let outcome = try await shell.run(["-c", script, bench.cairn.executable.path, source])
        #expect(["0", "130"].contains(outcome.lines.last), "\(outcome.errors)")
        let root = try await bench.ingest(source)
        #expect(try await bench.ingest("--only-hash", source) == root)
        try await bench.run("verify")
    }
}
