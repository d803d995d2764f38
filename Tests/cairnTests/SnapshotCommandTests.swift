// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Snapshots, tags, forgetting and pins by the command line, with the catalog or without.
struct SnapshotCommandTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    /// Ingests a source in several states; the newest snapshot's id comes first.
    private func ingest(_ states: [[String: String]]) async throws -> [String] {
        let source = URL(filePath: bench.path("source"))
        for state in states {
            try? FileManager.default.removeItem(at: source)  // the first time there is none
            try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
            for (name, text) in state {
                let file = source.appending(path: name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            _ = try await bench.ingest(source.path)
        }
        return try await bench.run("snapshots", "--quiet").lines
    }

    private func loseCatalog() throws {
        for suffix in ["", "-wal", "-shm"] {
            let file = bench.repository.path + "/catalog.sqlite" + suffix
            try? FileManager.default.removeItem(atPath: file)  // closed, it is one file
        }
    }

    private func state() async throws -> String {
        let snapshots = try await bench.run("snapshots", "--json").text
        return try await snapshots + bench.run("pin", "ls", "--all", "--json").text
    }

    @Test func `show tells all that is known of a snapshot`() async throws {
        let ids = try await ingest([["a": "1"], ["a": "2", "b": "3"]])
        let text = try await bench.run("snapshots", "show", ids[0]).text
        for word in [
            "id: \(ids[0])", "parent: \(ids[1])", "source: ", "took: ", "host: ",
            "option: chunker", "files: 2", "directories: 1", "new blocks: 3", "record: bafyrei",
        ] { #expect(text.contains(word), "\(word)") }
        let json = try await bench.run("snapshots", "show", "latest", "--json").objects()
        #expect(json.first?["id"] as? String == ids[0])
        #expect(json.first?["seconds"] is Double)
        try await bench.run("snapshots", "show", "ffff", exits: 1)
    }

    @Test func `snapshots are chosen by tag, source and time`() async throws {
        let ids = try await ingest([["a": "1"], ["a": "2"]])
        try await bench.run("tag", "add", ids[1], "first", "kept")
        func chosen(_ arguments: String...) async throws -> [String] {
            try await bench.cairn.run(["snapshots", "-q"] + arguments).lines
        }
        #expect(try await chosen("--tag", "first,kept") == [ids[1]])
        #expect(try await chosen("--tag", "first,other", "--tag", "none").isEmpty)
        #expect(try await chosen("--source", bench.path("source") + "/") == ids)
        #expect(try await chosen("--path", "/elsewhere").isEmpty)
        #expect(try await chosen("--since", "1h") == ids)
        #expect(try await chosen("--until", "2020-01-01").isEmpty)
        #expect(try await chosen("--latest", "1") == [ids[0]])
        #expect(try await chosen("--limit", "1") == [ids[0]])
        try await bench.run("tag", "rm", ids[1], "first")
        #expect(try await chosen("--tag", "first").isEmpty)
        #expect(try await chosen("--tag", "kept") == [ids[1]])
    }

    @Test func `diff takes snapshots, paths in them and CIDs`() async throws {
        let ids = try await ingest([
            ["a": "1", "d/x": "same", "d/y": "old"], ["d/x": "same", "d/y": "newer", "e": "5"],
        ])
        let lines = try await bench.run("diff", ids[1], "latest").lines
        #expect(lines == ["-  a (1 B)", "M  d/y (3 B → 5 B)", "+  e (1 B)"])
        #expect(
            try await bench.run("diff", ids[1], ids[0], "d", exits: 0).lines
                == ["M  y (3 B → 5 B)"])
        #expect(try await bench.run("diff", "\(ids[1]):e/..", ids[0], exits: 1).lines.isEmpty)
        #expect(try await bench.run("diff", ids[1], ids[0], "e").lines == ["+  . (1 B)"])
        #expect(try await bench.run("diff", ids[1], ids[0], "none", exits: 1).lines.isEmpty)
        let root = try #require(
            try await bench.run("snapshots", "show", "latest", "--json").objects()
                .first?["roots"] as? [[String: Any]])
        let cid = try #require(root.first?["cid"] as? String)
        #expect(try await bench.run("diff", "\(ids[1]):d", "\(cid)/d").lines.count == 1)
        #expect(try await bench.run("diff", "latest", cid, "--exit-code").lines.isEmpty)
        try await bench.run("diff", ids[1], cid, "--exit-code", exits: 1)
        let sums = try await bench.run("diff", ids[1], cid, "--stat").lines
        #expect(sums.first == "files: 1 added, 1 removed, 1 modified")
        let json = try await bench.run("diff", ids[1], cid, "--json").objects()
        #expect(json.map { $0["change"] as? String } == ["removed", "modified", "added", nil])
        #expect(json.last?["newBytes"] as? Int == 6)
    }

    @Test func `find and history tell in which snapshots`() async throws {
        let ids = try await ingest([
            ["d/report.txt": "1", "x": "1"], ["d/report.txt": "1", "x": "2"],
            ["d/report.txt": "22"], ["y": "3"],
        ])
        let found = try await bench.run("find", "*.TXT", "-i", "--json").objects()
        #expect(found.map { $0["size"] as? Int }.sorted { ($0 ?? 0) < ($1 ?? 0) } == [1, 2])
        let old = found.first { $0["size"] as? Int == 1 }
        #expect((old?["snapshots"] as? [String])?.sorted() == [ids[2], ids[3]].sorted())
        #expect(try await bench.run("find", "x", "--snapshot", ids[2]).lines.count == 2)
        #expect(try await bench.run("find", "x", "--snapshot", "latest").lines.isEmpty)
        let events = try await bench.run("history", "d/report.txt", "--json").objects()
        #expect(events.map { $0["event"] as? String } == ["present", "changed", "disappeared"])
        #expect((events.first?["snapshots"] as? [String])?.count == 2)
        let path = bench.path("source") + "/y"
        #expect(try await bench.run("history", path).text.contains("appeared"))
        try await bench.run("history", "nothing", exits: 1)
    }

    @Test func `forget tells why each snapshot is kept, and a dry run changes nothing`()
        async throws
    {
        let ids = try await ingest((1...4).map { ["a": "\($0)"] })
        try await bench.run("tag", "add", ids[3], "release")
        let rules = ["--keep-last", "2", "--keep-tag", "release", "--json"]
        let plan = try await bench.cairn.run(["forget", "--dry-run"] + rules).objects()
        #expect(plan.dropLast().map { $0["snapshot"] as? String } == ids)
        #expect(
            plan.dropLast().map { $0["reasons"] as? [String] }
                == [["last"], ["last"], [], ["tag release"]])
        #expect(try await bench.run("snapshots", "-q").lines == ids)
        _ = try await bench.cairn.run(["forget"] + rules)
        #expect(try await bench.run("snapshots", "-q").lines == [ids[0], ids[1], ids[3]])
        try await bench.run("forget", "--keep-tag", "nobody", exits: 1)
        try await bench.run("forget", exits: 2)
        try await bench.run("forget", ids[0], "--keep-last", "1", exits: 2)
        try await bench.run("forget", "--keep-daily", "0", exits: 2)
        try await bench.run("forget", ids[1], ids[3])
        #expect(try await bench.run("snapshots", "-q").lines == [ids[0]])
        try await bench.run("forget", "--keep-tag", "nobody", "--remove-all")
        #expect(try await bench.run("snapshots", "-q").lines.isEmpty)
        try await bench.run("verify", "--quiet")
    }

    @Test func `pins are named, replaced, listed and removed`() async throws {
        _ = try await ingest([["d/a": "1", "d/b": "2"]])
        let root = try #require(try await bench.run("pin", "add", "latest").lines.first)
        let folder = try #require(
            try await bench.run(
                "pin", "add", "latest:d", "--name", "folder", "--expires", "30d", "--direct"
            ).lines.first)
        let pins = try await bench.run("pin", "ls", "--json").objects()
        #expect(pins.map { $0["cid"] as? String } == [root, folder])
        #expect(pins.map { $0["type"] as? String } == ["recursive", "direct"])
        #expect(pins.last?["name"] as? String == "folder" && pins.last?["expires"] is String)
        let again = try await bench.run("pin", "add", "\(root)/d", "--json").objects()
        #expect(again.first?["blocks"] as? Int == 3)
        #expect(try await bench.run("pin", "ls", "-q").lines == [root, folder])
        let less = try await bench.run("pin", "add", root, "--direct", exits: 1)
        #expect(less.errors.contains("pin rm"))
        try await bench.run("pin", "rm", "folder", exits: 1)
        try await bench.run("pin", "rm", folder, root)
        #expect(try await bench.run("pin", "ls", "-q").lines.isEmpty)
        try await bench.run("pin", "add", "latest", "--expires", "2020-01-01", exits: 2)
    }

    @Test func `a DAG that is not whole here cannot be pinned, and what is missing is named`()
        async throws
    {
        _ = try await ingest([["d/a": "1", "d/b": "2"]])
        let root = try #require(try await bench.run("pin", "add", "latest").lines.first)
        // An archive of the directory's block alone.
        let archive = bench.path("part.car")
        try await bench.run("export", root, "--scope", "block", "-o", archive)
        var other = bench
        other.cairn.environment["CAIRN_REPO"] = bench.path("other")
        try await other.run("import", archive, exits: 0)
        let outcome = try await other.run("pin", "add", root, exits: 1)
        let folder = try await bench.run("ls", root).lines
        let missing = try #require(folder.first?.split(separator: " ").first)
        #expect(outcome.errors.contains(missing) && outcome.errors.contains("cairn get"))
        #expect(try await other.run("pin", "ls", "-q").lines.isEmpty)
        try await other.run("pin", "add", root, "--direct")
    }

    @Test func `reindex restores snapshots, tags and pins as they were, removals included`()
        async throws
    {
        let ids = try await ingest((1...5).map { ["a": "\($0)", "d/b": "same"] })
        try await bench.run("tag", "add", ids[0], "x", "y")
        try await bench.run("tag", "rm", ids[0], "x")
        try await bench.run("tag", "add", ids[2], "gone")
        try await bench.run("pin", "add", "latest", "--name", "one")
        try await bench.run("pin", "add", "\(ids[4])", "--name", "two", "--expires", "1y")
        try await bench.run("pin", "add", "latest:d")
        try await bench.run("pin", "add", "latest:d", "--name", "again")
        try await bench.run("pin", "rm", "one")
        try await bench.run("forget", ids[2], ids[3])
        let before = try await state()
        #expect(before.contains("\"tags\":[\"y\"]"))
        #expect(try await bench.run("pin", "ls", "-q").lines.count == 2)
        try loseCatalog()
        let report = try await bench.run("reindex", "--json").objects()
        #expect(report.first?["snapshots"] as? Int == 3)
        #expect(report.first?["pins"] as? Int == 2)
        #expect(try await state() == before)
        // And once more, as what it wrote must not differ from what it read.
        try await bench.run("reindex")
        #expect(try await state() == before)
        try await bench.run("verify", "--quiet")
        // Changes go on from there.
        try await bench.run("tag", "add", ids[0], "z")
        try await bench.run("pin", "rm", "two")
        let after = try await state()
        #expect(after.contains("\"tags\":[\"y\",\"z\"]"))
        try loseCatalog()
        try await bench.run("reindex")
        #expect(try await state() == after)
    }

    @Test func `what was forgotten is freed by --gc, and reindex restores what is left`()
        async throws
    {
        let ids = try await ingest((1...4).map { ["a": "\($0)", "d/b": "same"] })
        try await bench.run("tag", "add", ids[0], "x")
        let old = try #require(
            try await bench.run("pin", "add", "\(ids[2])", "--name", "old").lines.first)
        try await bench.run("pin", "add", "\(ids[1]):d")
        let gone = try #require(try await bench.run("ls", "-r", old).lines.first)
        try await bench.run("forget", "--keep-last", "1", "--gc")
        try await bench.run("verify", "--quiet")
        #expect(try await bench.run("ls", "-r", old).lines.first == gone)
        try await bench.run("pin", "rm", "old")
        let before = try await state()
        // The second time the records of what went are gone as well.
        for _ in 0..<2 {
            try await bench.run("gc", "--quiet", "--keep-unfinished", "0s")
            #expect(try await state() == before)
        }
        try await bench.run("ls", old, exits: 1)
        try loseCatalog()
        try await bench.run("reindex")
        #expect(try await state() == before)
        #expect(try await bench.run("snapshots", "-q").lines == [ids[0]])
        try await bench.run("verify", "--quiet")
    }

    @Test func `a forgotten snapshot does not come back with a pack that is taken in again`()
        async throws
    {
        let ids = try await ingest([["a": "1"], ["a": "2"]])
        try await bench.run("forget", ids[1])
        // As if the catalog had never known the packs.
        try loseCatalog()
        let packs = try bench.packs()
        let aside = bench.path("aside")
        try FileManager.default.createDirectory(
            atPath: aside, withIntermediateDirectories: false)
        for pack in packs {
            let name = URL(filePath: pack).lastPathComponent
            try FileManager.default.moveItem(atPath: pack, toPath: aside + "/" + name)
        }
        _ = try await bench.ingest(bench.path("source"))
        for pack in packs {
            let name = URL(filePath: pack).lastPathComponent
            try FileManager.default.moveItem(atPath: aside + "/" + name, toPath: pack)
        }
        // The next run adopts them, oldest first: the snapshot before what removed it.
        _ = try await bench.ingest(bench.path("source"))
        let found = try await bench.run("snapshots", "-q").lines
        #expect(found.contains(ids[0]) && !found.contains(ids[1]))
        #expect(found.count == 3)
    }
}
