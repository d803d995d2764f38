// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Moves between tiers, ingests and collections, each a process of its own, on one repository.
@Suite(.tags(.slow))
struct TierBesideIngestTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    private func source(_ number: Int) throws -> String {
        // Half of it is as in the one before, so that ingests count on what others are moving.
        let shared = (number / 2 * 100..<number / 2 * 100 + 3).map { UInt64($0) }
        let own = (number * 1000..<number * 1000 + 3).map { UInt64($0) }
        let entries = (shared + own).map { seed in
            ("f\(seed)", InputTree(.file(.noise(seed: seed, count: 700_000))))
        }
        return try bench.write(InputTree(.directory(entries)), as: "source\(number)")
    }

    /// Forgets the snapshot of a source.
    private func forget(_ source: String) async throws {
        let snapshots = try await bench.run("snapshots", "--json").objects()
        let snapshot = try #require(
            snapshots.first { ($0["sources"] as? [String] ?? []).contains(source) })
        try await bench.run("forget", "--quiet", try #require(snapshot["id"] as? String))
    }

    @Test func `packs move, blocks go and files come at a time, and every snapshot restores`()
        async throws
    {
        var roots: [(source: String, root: String)] = []
        let first = try source(0)
        roots.append((first, try await bench.ingest("--no-cache", first)))
        let config = bench.repository.appending(path: "config.yaml")
        let text = try String(contentsOf: config, encoding: .utf8)
        try
            (text + """
                tiers:
                  cold:
                    directory: \(bench.path("cold"))
                    rules: [{older-than: 0s}]

                """).write(to: config, atomically: true, encoding: .utf8)
        var codes: [String: [Int32]] = [:]
        for round in 1...3 {
            let next = try source(round)
            let doomed = try source(10 + round)
            _ = try await bench.ingest(doomed)
            try await forget(doomed)
            async let ingest = bench.cairn.run(["ingest", "--quiet", "--no-cache", next])
            async let move = bench.cairn.run(["tier", "move", "--quiet"])
            async let collect = bench.cairn.run(["gc", "--quiet", "--repack-cold"])
            async let second = bench.cairn.run(["tier", "recall", "--quiet", "--all"])
            let outcome = try await ingest
            #expect(outcome.status == 0, "ingest: \(outcome.errors)")
            roots.append((next, try #require(outcome.lines.first)))
            for (name, other) in [
                ("move", try await move), ("gc", try await collect), ("recall", try await second),
            ] {
                // 75: the one moves while the other would.
                #expect([0, 75].contains(other.status), "\(name): \(other.errors)")
                codes[name, default: []].append(other.status)
            }
        }
        print("tier beside ingest: exit codes \(codes)")
        #expect(codes["gc"] == [0, 0, 0])
        try await bench.run("tier", "move", "--quiet")
        try await bench.run("gc", "--quiet")
        try await bench.run("verify", "--quiet")
        #expect(try bench.packs().allSatisfy { $0.hasSuffix(".car.zst") })
        for (index, (source, root)) in roots.enumerated() {
            let back = bench.path("back\(index)")
            try await bench.run("get", "--quiet", root, "-o", back)
            try await bench.expectEqual(source, back)
        }
        let status = try await bench.run("tier", "status", "--json").objects()
        #expect(status.allSatisfy { $0["toDelete"] as? Int == 0 })
    }
}
