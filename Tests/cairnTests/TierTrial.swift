// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A small move between tiers that is run again and again from the same beginning, each time with
/// a fault.
struct TierTrial {
    /// What is done.
    enum Work: Sendable {
        /// Packs go to the tier `cold`.
        case move
        /// Packs are copied to the tier `spare`, and go to `cold`.
        case mirror
        /// Packs come back from `cold`.
        case recall

        var arguments: [String] {
            self == .recall ? ["tier", "recall", "--quiet", "--all"] : ["tier", "move", "--quiet"]
        }
    }

    private let bench: Bench
    private let work: Work
    private let source: String
    private let root: String
    private var tiers: [String] { ["repository", "cold", "spare"] }

    init(_ work: Work) async throws {
        bench = try Bench()
        self.work = work
        source = try bench.write(
            InputTree(
                .directory([
                    ("a", InputTree(.file(.noise(seed: 1, count: 400_000)))), ("b", .text("b")),
                ])))
        root = try await bench.ingest(source)
        var config = try String(
            contentsOfFile: bench.repository.appending(path: "config.yaml").path, encoding: .utf8)
        config += """
            tiers:
              cold:
                directory: \(bench.path("cold"))
                rules: [{older-than: 0s}]

            """
        if work == .mirror {
            config +=
                "  spare:\n    directory: \(bench.path("spare"))\n    mirror-of: [hot, cold]\n"
        }
        try config.write(
            to: bench.repository.appending(path: "config.yaml"), atomically: true, encoding: .utf8)
        if work == .recall { try await bench.run("tier", "move", "--quiet") }
        for name in tiers where FileManager.default.fileExists(atPath: bench.path(name)) {
            try FileManager.default.moveItem(
                atPath: bench.path(name), toPath: bench.path("start-\(name)"))
        }
    }

    /// A fault for each of the calls that the work makes; every `parts.count`-th of them.
    func faults(
        _ calls: String, _ effect: Fault.Effect, lasts: Bool = true, part: Int, of parts: Range<Int>
    ) async throws -> [Fault] {
        try reset()
        let log = bench.path("calls")
        var environment = try await Fault(calls: calls, effect: .count, range: 1...1).environment()
        environment["CAIRN_FAULT_LOG"] = log
        let outcome = try await run(environment)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let count = try Data(contentsOf: URL(filePath: log)).count
        try #require(count > 5)
        print("tier faults: \(work), \(effect) at each of \(count) calls of \(calls), part \(part)")
        return (1...count).filter { $0 % parts.count == part }.map {
            Fault(calls: calls, effect: effect, range: $0...(lasts ? 1_000_000 : $0))
        }
    }

    /// Runs the work from the beginning, with the fault.
    func run(with fault: Fault) async throws -> Command.Outcome {
        try reset()
        return try await run(try await fault.environment())
    }

    private func run(_ environment: [String: String]) async throws -> Command.Outcome {
        var cairn = bench.cairn
        cairn.environment.merge(environment) { _, fault in fault }
        return try await cairn.run(work.arguments)
    }

    private func reset() throws {
        let files = FileManager.default
        for name in tiers {
            try? files.removeItem(atPath: bench.path(name))  // the first time there is none
            guard files.fileExists(atPath: bench.path("start-\(name)")) else { continue }
            try files.copyItem(
                atPath: bench.path("start-\(name)"), toPath: bench.path(name))
        }
    }

    /// Expects that all content is there, by the catalog and without it, and that the same work
    /// now ends as it should and leaves nothing behind.
    func expectWhole(after fault: Fault) async throws {
        try await expectReadable(fault)
        let verify = try await bench.cairn.run(["verify", "--quiet"])
        #expect(verify.status == 0, "verify after \(fault): \(verify.errors)")
        if fault.range.lowerBound % 4 == 0 {
            for suffix in ["", "-wal", "-shm"] {
                let file = bench.repository.appending(path: "catalog.sqlite" + suffix)
                try? FileManager.default.removeItem(at: file)  // there need be no log
            }
            let reindex = try await bench.cairn.run(["reindex"])
            #expect(reindex.status == 0, "reindex after \(fault): \(reindex.errors)")
            try await expectReadable(fault)
        }
        let again = try await bench.cairn.run(work.arguments)
        #expect(again.status == 0, "again after \(fault): \(again.errors)")
        try await expectReadable(fault)
        let hot = try packs(bench.repository.appending(path: "packs/hot").path)
        #expect(hot.count == (work == .recall ? 2 : 1), "hot after \(fault): \(hot)")
        let cold = try packs(bench.path("cold"))
        #expect(cold.count == (work == .recall ? 0 : 1), "cold after \(fault): \(cold)")
        if work == .mirror {
            let spare = try packs(bench.path("spare"))
            #expect(spare.count == 2, "spare after \(fault): \(spare)")
        }
        #expect((hot + cold).allSatisfy { $0.hasSuffix(".car.zst") }, "after \(fault)")
    }

    private func packs(_ folder: String) throws -> [String] {
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0 != "cairn-tier" }
    }

    private func expectReadable(_ fault: Fault) async throws {
        let back = bench.path("back")
        defer { try? FileManager.default.removeItem(atPath: back) }  // not there: told below
        let get = try await bench.cairn.run(["get", "--quiet", "--offline", root, "-o", back])
        #expect(get.status == 0, "get after \(fault): \(get.errors)")
        let same = FileManager.default.contentsEqual(atPath: source, andPath: back)
        #expect(same, "\(source) is another after \(fault)")
    }
}
