// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The stat cache as the command line has it.
struct StatCacheCommandTests {
    private let bench: Bench
    private let source: String

    init() throws {
        bench = try Bench()
        source = try bench.write(
            InputTree(
                .directory([
                    ("a", .text("first")), ("b", .text("second")),
                    ("c", InputTree(.directory([("d", .text("third"))]))),
                ])))
        // Files that were just written are read again next time, so these are made old.
        for name in ["a", "b", "c/d"] { try expectOld(source + "/" + name) }
    }

    /// Waits until a file has been at rest for longer than the file system's clock ticks.
    private func expectOld(_ path: String) throws {
        let modified = try #require(
            try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date)
        while Date.now.timeIntervalSince(modified) < 0.05 {}
    }

    private func summary(_ arguments: String...) async throws -> [String: Any] {
        let outcome = try await bench.cairn.run(["ingest", "--json"] + arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try #require(try outcome.objects().last)
    }

    @Test func `a second run reads nothing, by whatever way the path is written`() async throws {
        let first = try await summary(source)
        #expect(first["filesRead"] as? Int == 3)
        #expect(first["unchangedFiles"] as? Int == 0)
        for path in [source, source + "/", source + "/.", source + "/../source"] {
            let again = try await summary(path)
            #expect(again["root"] as? String == first["root"] as? String)
            #expect(again["filesRead"] as? Int == 0, "\(path)")
            #expect(again["unchangedFiles"] as? Int == 3)
            #expect(again["unchangedBytes"] as? Int == 16)
            #expect(again["files"] as? Int == 3)
            #expect(again["bytes"] as? Int == 16)
            #expect(again["newBlocks"] as? Int == 0)
        }
        let text = try await bench.run("ingest", source).errors
        #expect(text.contains("3 files unchanged (16 B), 0 read"), "\(text)")
    }

    @Test func `all is read when asked for, and a share is verified`() async throws {
        _ = try await summary(source)
        let all = try await summary("--no-cache", source)
        #expect(all["filesRead"] as? Int == 3)
        let verified = try await summary("--verify-cache", "all", source)
        #expect(verified["verifiedFiles"] as? Int == 3)
        #expect(try await summary("--verify-cache", "0.001%", source)["files"] as? Int == 3)
    }

    @Test(arguments: ["0", "101", "-1", "some"])
    func `a share that is none is refused`(_ share: String) async throws {
        let outcome = try await bench.run("ingest", "--verify-cache=\(share)", source, exits: 2)
        #expect(outcome.errors.contains("--verify-cache"))
    }

    @Test func `the cache cannot be both left and verified`() async throws {
        try await bench.run("ingest", "--no-cache", "--verify-cache", "5", source, exits: 2)
    }
}
