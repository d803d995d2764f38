// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A repository that is damaged in four ways at once, and its source.
struct DamagedBench: FaultTrial {
    let subject: FaultSubject
    let bench: Bench
    let source: String
    let root: String

    init() async throws {
        bench = try Bench()
        source = try bench.write(
            InputTree(
                .directory([
                    ("a", InputTree(.file(.noise(seed: 1, count: 300_000)))), ("b", .text("b")),
                    ("c", InputTree(.directory([("d", .text("d")), ("e", .text("e"))]))),
                ])))
        root = try await bench.ingest("--chunker", "size-65536", source)
        try bench.write(InputTree(.file(.noise(seed: 2, count: 100_000))), as: "other")
        _ = try await bench.ingest(bench.path("other"))
        let packs = try bench.packs()
        try #require(packs.count == 4)
        // A leaf of the first run, the index of its nodes, the whole leaves of the second.
        let (leaves, nodes) = try Self.bySize(packs[0], packs[1])
        try Self.flip(leaves, at: 5000)
        try Self.flip(nodes, at: try Self.byteCount(nodes) - 100)
        try FileManager.default.removeItem(atPath: try Self.bySize(packs[2], packs[3]).large)
        try Data("draft".utf8).write(
            to: bench.repository.appending(
                path: "packs/hot/01900000-0000-7000-8000-000000000000.car.zst.part"))
        subject = try FaultSubject(["repair", "--yes"], on: bench)
    }

    private static func byteCount(_ path: String) throws -> Int {
        try Data(contentsOf: URL(filePath: path)).count
    }

    /// The larger one of two packs of a run holds its leaves.
    private static func bySize(
        _ one: String, _ other: String
    ) throws -> (large: String, small: String) {
        try byteCount(one) > byteCount(other) ? (one, other) : (other, one)
    }

    private static func flip(_ path: String, at offset: Int) throws {
        let url = URL(filePath: path)
        var bytes = try Data(contentsOf: url)
        bytes[offset] ^= 0x10
        try bytes.write(to: url)
    }

    func expectWhole(after fault: Fault, _ outcome: Command.Outcome) async throws {
        try await subject.again(after: fault)
        try await expectWhole("\(fault)")
    }

    /// Expects that verify is content and the source comes back.
    func expectWhole(_ what: String) async throws {
        let verify = try await bench.cairn.run(["verify", "--quiet"])
        #expect(verify.status == 0, "verify after \(what): \(verify.errors)")
        let back = bench.path("back")
        defer { try? FileManager.default.removeItem(atPath: back) }  // not there: told below
        let get = try await bench.cairn.run(["get", "--quiet", root, "-o", back])
        #expect(get.status == 0, "get after \(what): \(get.errors)")
        let same = FileManager.default.contentsEqual(atPath: source, andPath: back)
        #expect(same, "another after \(what)")
    }
}

@Suite struct RepairCommandTests {
    @Test func `repair tells what it would do and changes no pack, then does it`() async throws {
        let damaged = try await DamagedBench()
        let bench = damaged.bench
        func sealed() throws -> [String] { try bench.packs().filter { $0.hasSuffix(".zst") } }
        let before = try sealed()
        let plan = try await bench.run("repair", "--json", exits: 1).objects()
        let kinds = Set(plan.compactMap { $0["kind"] as? String })
        #expect(kinds.isSuperset(of: ["rewrite", "forget-pack", "heal", "damage", "missing-pack"]))
        #expect(plan.last?["done"] as? Bool == false)
        #expect(try sealed() == before)
        let status = try await bench.run("status", "--json").objects()
        #expect((status.first?["quarantinedBlocks"] as? Int ?? 0) > 0)
        let done = try await bench.run("repair", "--yes", "--json").objects()
        #expect(done.last?["sound"] as? Bool == true)
        #expect((done.last?["healedFromSource"] as? Int ?? 0) > 0)
        #expect(done.last?["lostBlocks"] as? Int == 0)
        try await damaged.expectWhole("repair")
        let again = try await bench.run("repair")
        #expect(again.errors.contains("nothing is wrong"), "\(again.errors)")
    }

    @Test func `what stays lost is named, and the exit code says so`() async throws {
        let damaged = try await DamagedBench()
        let bench = damaged.bench
        try FileManager.default.removeItem(atPath: damaged.source)
        let outcome = try await bench.run("repair", "--yes", exits: 1)
        #expect(outcome.text.contains("source/a"), "\(outcome.text)")
        #expect(outcome.errors.contains("lacks"), "\(outcome.errors)")
        let verify = try await bench.run("verify", "--json", exits: 1).objects()
        let faults = verify.filter { $0["event"] as? String == "fault" }
        #expect(faults.allSatisfy { $0["kind"] as? String == "lost-content" })
        #expect(faults.contains { $0["path"] as? String == "source/a" })
        let status = try await bench.run("status", "--json").objects()
        #expect(status.first?["incompleteSnapshots"] as? Int == 1)
        try await bench.run("repair", "--yes", "--drop")
        try await bench.run("verify", "--quiet")
    }

    @Test func `only what is known is repaired if packs are not to be read`() async throws {
        let damaged = try await DamagedBench()
        let bench = damaged.bench
        let plan = try await bench.run("repair", "--known", "--json", exits: 1).objects()
        let steps = plan.filter { $0["event"] as? String == "step" }.map { $0["kind"] as? String }
        #expect(!steps.contains("rewrite") && steps.contains("forget-pack"))
        // A read that meets the bad block makes it known.
        try await bench.run("cat", "\(damaged.root)/a", exits: 1)
        let known = try await bench.run("repair", "--known", "--json", exits: 1).objects()
        #expect(known.contains { $0["kind"] as? String == "rewrite" })
    }

    @Test func `a catalog that is gone is made anew only if that is asked for`() async throws {
        let damaged = try await DamagedBench()
        let bench = damaged.bench
        let catalog = bench.repository.appending(path: "catalog.sqlite")
        try Data("no catalog at all, and much too short for one".utf8).write(to: catalog)
        for suffix in ["-wal", "-shm"] {
            // Its log would bring it back; there need be none.
            try? FileManager.default.removeItem(
                at: bench.repository.appending(path: "catalog.sqlite" + suffix))
        }
        let plan = try await bench.run("repair", exits: 1)
        #expect(plan.text.contains("catalog.sqlite.damaged"), "\(plan.text)")
        #expect(try Data(contentsOf: catalog).starts(with: Data("no catalog".utf8)))
        try await bench.run("repair", "--yes")
        try await damaged.expectWhole("a new catalog")
    }

    @Test func `a budget is a time or a size`() async throws {
        let bench = try Bench()
        _ = try await bench.ingest(try bench.write(InputTree(.directory([("b", .text("b"))]))))
        for good in ["30m", "2h", "90s", "10GiB", "500MB", "1000"] {
            try await bench.run("verify", "--quiet", "--budget", good)
        }
        for bad in ["0s", "0", "soon", "-1m", "m"] {
            let outcome = try await bench.run("verify", "--budget=\(bad)", exits: 2)
            #expect(outcome.errors.contains("--budget"), "\(outcome.errors)")
        }
        let limited = try await bench.run("verify", "--io-limit", "1MiB", "--json").objects()
        #expect(limited.last?["coverage"] != nil)
        try await bench.run("verify", "--tier", "nowhere", exits: 2)
        try await bench.run("verify", "--quiet", "--tier", "hot", "--no-snapshots")
    }
}

/// Repairs that are killed, or that the system fails, at each of their calls.
@Suite(
    .tags(.slow),
    .enabled("faults cannot be preloaded here: no Linux, or no clang") {
        try await Fault.library.path() != nil
    })
struct RepairFaultTests {
    @Test(arguments: 0..<2)
    func `killed at any call, a repair is done by the next one`(_ part: Int) async throws {
        try await DamagedBench().strike(Fault.all, .kill, part: part, of: 0..<2)
    }

    @Test func `a disk that is full from any call on costs nothing`() async throws {
        try await DamagedBench()
            .strike("write,pwr,truncate,mkdir,create", .error(ENOSPC), spacing: 3)
    }
}
