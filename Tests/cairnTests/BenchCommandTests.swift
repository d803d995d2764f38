// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// `cairn bench` as it is used.
struct BenchCommandTests {
    private let bench: Bench
    private let scratch: String

    init() throws {
        var made = try Bench()
        scratch = made.path("scratch")
        try FileManager.default.createDirectory(
            atPath: scratch, withIntermediateDirectories: false)
        made.cairn.environment["TMPDIR"] = scratch
        bench = made
    }

    private func expectNothingLeft() throws {
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch).isEmpty)
    }

    @Test func `JSON tells of machine, ceilings, runs and limits in one document`() async throws {
        let outcome = try await bench.run(
            "bench", "run", "--size", "1MiB", "--runs", "2", "--corpus", "tree", "--corpus",
            "unchanged", "--json")
        let document = try #require(try outcome.objects().first)
        #expect(try outcome.objects().count == 1)
        let machine = try #require(document["machine"] as? [String: Any])
        #expect(try #require(machine["cores"] as? Int) > 0)
        let ceilings = try #require(document["ceilings"] as? [String: Any])
        for key in [
            "cachedReadBytesPerCPUSecond", "cachedWriteBytesPerCPUSecond",
            "durableWriteBytesPerSecond", "syncSeconds", "catalogInsertsPerSecond",
            "catalogHitsPerSecond", "catalogMissesPerSecond",
        ] {
            #expect(try #require(ceilings[key] as? Double, "\(key)") > 0)
        }
        let hashes = try #require(ceilings["hashes"] as? [[String: Any]])
        #expect(
            hashes.map { $0["name"] as? String }
                == ["sha2-256", "sha2-512", "blake2b-256", "blake3"])
        let corpora = try #require(document["corpora"] as? [[String: Any]])
        #expect(corpora.map { $0["name"] as? String } == ["tree", "unchanged"])
        for corpus in corpora {
            #expect(corpus["bytes"] as? Int == 1 << 20)
            let runs = try #require(corpus["runs"] as? [[String: Any]])
            #expect(runs.count == 2)
            let seconds = runs.compactMap { $0["seconds"] as? Double }
            #expect(corpus["minimumSeconds"] as? Double == seconds.min())
            #expect(corpus["maximumSeconds"] as? Double == seconds.max())
            #expect(corpus["medianSeconds"] as? Double == seconds.min())
            let limit = try #require(corpus["limit"] as? [String: Any])
            let share = try #require(corpus["shareOfLimit"] as? Double)
            let least = try #require(limit["seconds"] as? Double)
            #expect(abs(share - least / (seconds.min() ?? 0)) < 0.01 * share + 1e-3)
            #expect((runs.first?["stages"] as? [[String: Any]])?.count == 7)
            #expect((runs.first?["timeline"] as? [[String: Any]])?.isEmpty == false)
        }
        #expect(try #require(corpora.first?["newBlocks"] as? Int) > 10)
        #expect(corpora.last?["newBlocks"] as? Int == 0)
        try expectNothingLeft()
    }

    @Test func `data of one's own are measured, and the page needs nothing beside it`()
        async throws
    {
        let name = "<b>&\"own\" 'data'"
        let source = try bench.write(.random(seed: 3), as: name)
        let page = bench.path("page.html")
        let outcome = try await bench.run(
            "bench", "--dir", source, "--runs", "1", "--html", page, "--store", scratch)
        #expect(outcome.text.contains("ingest of"))
        #expect(outcome.text.contains("own"))
        let html = try String(contentsOfFile: page, encoding: .utf8)
        #expect(html.contains("&lt;b&gt;&amp;&quot;own&quot; &#39;data&#39;"))
        for forbidden in ["<b>&", "http://", "https://", "<script", "<link", "url(", "src="] {
            #expect(!html.contains(forbidden), "\(forbidden)")
        }
        #expect(html.components(separatedBy: "<svg").count == 5)
        let lint = try Command.named("python3")
        let parsed = try await lint.run(["-c", Self.wellFormed, page])
        #expect(parsed.status == 0, "\(parsed.errors)")
        try expectNothingLeft()
    }

    /// Reads each drawing of a page as XML.
    private static let wellFormed = """
        import re, sys
        from xml.dom import minidom
        for drawing in re.findall("<svg.*?</svg>", open(sys.argv[1]).read(), re.S):
            minidom.parseString(drawing)
        """

    @Test func `a corpus can be written for other programs, and is the same each time`()
        async throws
    {
        let (one, other) = (bench.path("one"), bench.path("other"))
        try await bench.run("bench", "corpus", "small-files", one, "--size", "300k", "--seed", "9")
        let json = try await bench.run(
            "bench", "corpus", "small-files", other, "--size", "300k", "--seed", "9", "--json")
        #expect(try json.objects().first?["bytes"] as? Int == 300 << 10)
        try await bench.expectEqual(one, other)
        let again = try await bench.run("bench", "corpus", "tree", one, exits: 1)
        #expect(again.errors.contains("not empty"))
    }

    @Test(arguments: [
        (["--corpus", "nonsense"], "nonsense"), (["--size", "none"], "--size"),
        (["--size", "0"], "--size"), (["--runs", "0"], "--runs"),
        (["--width", "paint=1"], "--width"), (["corpus", "nonsense", "x"], "nonsense"),
        (["corpus", "tree"], "dir"), (["--compression", "zip"], "--compression"),
    ])
    func `a mistake in the arguments exits with 2 and names it`(
        _ arguments: [String], _ named: String
    ) async throws {
        let outcome = try await bench.cairn.run(["bench"] + arguments)
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.errors.contains(named), "\(outcome.errors)")
        try expectNothingLeft()
    }

    @Test func `data that cannot be read, and disks that are too small, are told at once`()
        async throws
    {
        let missing = try await bench.run("bench", "--dir", bench.path("nowhere"), exits: 1)
        #expect(missing.errors.contains("cannot read") && missing.errors.contains("nowhere"))
        let large = try await bench.run(
            "bench", "--corpus", "random", "--size", "500T", exits: 1)
        #expect(large.errors.contains("MiB left"))
        let store = try await bench.run("bench", "--store", bench.path("unmounted"), exits: 1)
        #expect(store.errors.contains("unmounted"))
        let page = try await bench.run("bench", "--html", bench.path("no/page"), exits: 1)
        #expect(page.errors.contains("no/page"))
        try expectNothingLeft()
    }

    @Test func `interrupted, it removes what it made`() async throws {
        let shell = try Command.named("sh")
        let script = """
            export TMPDIR="$1"
            "$0" bench --corpus random --size 64MiB --runs 1000 2> "$1.log" & child=$!
            while ! grep -q "run 2" "$1.log"; do sleep 0.05; done
            kill -INT $child
            wait $child
            """
        let outcome = try await shell.run(["-c", script, bench.cairn.executable.path, scratch])
        #expect(outcome.status == 130)
        try expectNothingLeft()
    }
}
