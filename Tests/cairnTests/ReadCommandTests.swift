// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The commands that read, and what leaves and enters as CAR.
struct ReadCommandTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    private var tree: InputTree {
        InputTree(
            .directory([
                ("run.sh", InputTree(.file(.bytes(Array("#!/bin/sh\n".utf8))), mode: 0o755)),
                ("secret", InputTree(.file(.bytes([1, 2, 3])), mode: 0o600)),
                (
                    "old",
                    InputTree(
                        .file(.noise(seed: 3, count: 400_000)), mtime: (1_000_000_000, 123_456_789))
                ),
                ("sub", InputTree(.directory([("deep", .text("deep"))]), mode: 0o750)),
                ("link", InputTree(.symlink(target: "sub/deep"))),
                ("wide", .numbered(name: "n%d", text: "%d", first: 1, count: 300)),
            ]))
    }

    @Test func `get brings back modes, times and links`() async throws {
        let source = try bench.write(tree)
        let root = try await bench.ingest("--preserve-mode", "--preserve-mtime", source)
        let back = bench.path("back")
        try await bench.run("get", root, "-o", back)
        try await bench.expectEqual(source, back)
        let find = try Command.named("find")
        let format = ["-printf", "%P %m %T@ %l\\n"]
        let before = try await find.run([source] + format).lines.sorted()
        let after = try await find.run([back] + format).lines.sorted()
        #expect(before == after)
    }

    /// More directories, entries and levels than one batch of a restore takes.
    private var bushy: InputTree {
        var deep = InputTree.text("the end")
        for level in 0..<60 {
            deep = InputTree(.directory([("d\(level)", deep), ("file", .text("\(level)"))]))
        }
        let folders = (0..<90).map { number in
            (
                "folder\(number)",
                InputTree(
                    .directory([
                        ("empty", InputTree(.directory([]), mtime: (1_100_000_000, 0))),
                        ("same", .text("the same in all")),
                        ("own", .text("\(number)")),
                        ("link", InputTree(.symlink(target: "own"))),
                    ]), mtime: (1_200_000_000 + Int64(number), 0))
            )
        }
        return InputTree(
            .directory(
                folders + [
                    ("deep", deep),
                    ("large", InputTree(.file(.noise(seed: 5, count: 3_000_000)))),
                    ("wide", .numbered(name: "n%d", text: "%d", first: 1, count: 700)),
                ]))
    }

    @Test(arguments: ["unixfs-v1-2025", "unixfs-v0-2015"])
    func `get brings back more than a batch holds`(_ profile: String) async throws {
        let source = try bench.write(bushy)
        let root = try await bench.ingest("--profile", profile, "--preserve-mtime", source)
        let back = bench.path("back")
        let outcome = try await bench.run("get", root, "-o", back)
        #expect(outcome.errors.contains("942 files, 242 directories, 90 symbolic links"))
        try await bench.expectEqual(source, back)
        let find = try Command.named("find")
        let format = ["-printf", "%P %T@\n"]
        let before = try await find.run([source] + format).lines.sorted()
        let after = try await find.run([back] + format).lines.sorted()
        #expect(before == after)
    }

    @Test func `get overwrites nothing`() async throws {
        let root = try await bench.ingest(try bench.write(tree))
        let taken = try bench.write(InputTree(.directory([("mine", .text("mine"))])), as: "taken")
        let outcome = try await bench.run("get", root, "-o", taken, exits: 1)
        #expect(outcome.errors.contains("exists already"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: taken) == ["mine"])
        let file = try bench.write(.text("mine"), as: "file")
        try await bench.run("get", "\(root)/secret", "-o", file, exits: 1)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "mine")
    }

    @Test func `ls, stat, cat, dag and block tell the same story`() async throws {
        let root = try await bench.ingest(try bench.write(tree))
        let list = try await bench.run("ls", "--json", root).objects()
        #expect(
            list.map { $0["name"] as? String ?? "" }.sorted()
                == ["link", "old", "run.sh", "secret", "sub", "wide"])
        let old = try #require(list.first { $0["name"] as? String == "old" })
        #expect(old["size"] as? Int == 400_000)
        let cid = try #require(old["cid"] as? String)
        let recursive = try await bench.run("ls", "-r", root)
        #expect(recursive.lines.contains { $0.hasSuffix(" sub/deep") })
        let stat = try #require(
            try await bench.run("stat", "--json", "\(root)/old").objects().first)
        #expect(stat["cid"] as? String == cid)
        #expect(stat["size"] as? Int == 400_000)
        let bytes = InputContent.noise(seed: 3, count: 400_000).bytes()
        #expect(try await bench.run("cat", "/ipfs/\(root)/old").output == Data(bytes))
        let part = try await bench.run("cat", "--offset", "399990", "--length", "5", cid)
        #expect(part.output == Data(bytes[399_990..<399_995]))
        #expect(try await bench.run("cat", "--offset", "400000", cid).output.isEmpty)
        #expect(try await bench.run("block", "get", cid).output == Data(bytes))
        let node = try #require(try await bench.run("dag", "get", root).objects().first)
        #expect((node["Links"] as? [[String: Any]])?.count == 6)
        let link = try await bench.run("dag", "get", "\(root)/Links/1/Hash")
        #expect(link.status == 0)
    }

    @Test(arguments: ["1", "2"])
    func `what is exported can be imported elsewhere`(_ version: String) async throws {
        let source = try bench.write(tree)
        let root = try await bench.ingest(source)
        let archive = bench.path("archive.car")
        try await bench.run("export", "--car-version", version, "-o", archive, root)
        try await bench.run("export", "-o", archive, root, exits: 1)
        let other = try Bench()
        let imported = try await other.run("import", "--quiet", archive)
        #expect(imported.lines == [root])
        try await other.run("verify")
        let back = other.path("back")
        try await other.run("get", root, "-o", back)
        try await bench.expectEqual(source, back)
        let again = try await other.run("import", "--json", archive).objects()
        #expect(again.last?["newBlocks"] as? Int == 0)
    }

    @Test func `an archive goes through pipes, and its scope can be less than all`() async throws {
        let root = try await bench.ingest(try bench.write(tree))
        let all = try await bench.run("export", root).output
        let entity = try await bench.run("export", "--scope", "entity", root).output
        let block = try await bench.run("export", "--scope", "block", root).output
        #expect(all.count > entity.count && entity.count >= block.count)
        let other = try Bench()
        #expect(try await other.run("import", "-q", "-", input: all).lines == [root])
        let partial = try Bench()
        try await partial.run("import", "-q", "-", input: block)
        try await partial.run("ls", root, exits: 1)
    }

    @Test func `a bad block in an archive is named and ends the import`() async throws {
        let root = try await bench.ingest(try bench.write(.text("a block of its own")))
        var archive = try await bench.run("export", root).output
        archive[archive.count - 1] ^= 1
        let other = try Bench()
        let outcome = try await other.run("import", "-", input: archive, exits: 1)
        #expect(outcome.errors.contains(root))
        try await other.run("cat", root, exits: 1)
        archive.removeLast(3)
        let short = try await other.run("import", "-", input: archive, exits: 1)
        #expect(short.errors.contains("cairn: "))
        try await other.run("verify")
    }

    @Test func `a lost catalog is told, and reindex brings everything back`() async throws {
        let source = try bench.write(tree)
        let root = try await bench.ingest("--tag", "kept", source)
        let before = try await bench.run("snapshots", "--json").text
        for suffix in ["", "-wal", "-shm"] {
            let file = bench.repository.path + "/catalog.sqlite" + suffix
            try? FileManager.default.removeItem(atPath: file)  // closed, it is one file
        }
        let lost = try await bench.run("cat", "\(root)/sub/deep", exits: 1)
        #expect(lost.errors.contains("reindex"))
        let refused = try await bench.run("ingest", source, exits: 1)
        #expect(refused.errors.contains("reindex"))
        try await bench.run("reindex")
        #expect(try await bench.run("snapshots", "--json").text == before)
        try await bench.run("verify")
        let back = bench.path("back")
        try await bench.run("get", root, "-o", back)
        try await bench.expectEqual(source, back)
        let again = try await bench.run("ingest", "--json", source).objects()
        #expect(again.last?["newBlocks"] as? Int == 0)
    }

    @Test func `a flipped byte in a pack is found, named, and never read out`() async throws {
        let bytes = InputContent.noise(seed: 9, count: 100_000)
        let root = try await bench.ingest(try bench.write(InputTree(.file(bytes))))
        var damaged = 0
        for pack in try bench.packs() {
            var data = try Data(contentsOf: URL(filePath: pack))
            guard data.count > 50_000 else { continue }
            data[data.count / 2] ^= 0x10
            try data.write(to: URL(filePath: pack))
            damaged += 1
        }
        #expect(damaged == 1)
        let verify = try await bench.run("verify", exits: 1)
        #expect(verify.errors.contains("pack "))
        let cat = try await bench.run("cat", root, exits: 1)
        #expect(cat.output.isEmpty)
        #expect(cat.errors.contains(root))
    }
}
