// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

/// A repository on which processes of all kinds work at once, for a time.
final class StressTrial: Sendable {
    private let bench: Bench
    private let seed: UInt64
    private let end: ContinuousClock.Instant
    private let notes = Mutex(Notes())

    private struct Notes {
        /// What was ingested: what each root must restore to.
        var states: [String: ChangingSource.State] = [:]
        /// Commands that ended, by name, and by how they ended.
        var counts: [String: Int] = [:]
    }

    /// Makes a trial that lasts for `duration` from now.
    init(seed: UInt64, lasting duration: Duration) throws {
        bench = try Bench()
        self.seed = seed
        end = .now + duration
    }

    /// What ended, and how often.
    var counts: [String: Int] { notes.withLock { $0.counts } }

    /// Changes a source and ingests it, again and again; what was stored last comes back.
    func ingest(_ number: Int) async throws {
        var generator = SeededGenerator(seed: seed &+ UInt64(number))
        var source = try ChangingSource(bench.path("source\(number)"), using: &generator)
        repeat {
            try source.change(using: &generator)
            let outcome = try await run(
                "ingest", "--quiet", "--chunker", "size-8192", source.path)
            guard let root = outcome.lines.first else { continue }
            notes.withLock { $0.states[root] = source.state }
            if Int.random(in: 0..<3, using: &generator) == 0 {
                // Kept by the rule of those who forget: it is among the newest three of its source.
                try await expectRestored(root, as: "restored-\(number)")
            }
        } while .now < end
    }

    /// Forgets all but the newest three snapshots of each source, again and again.
    func forget() async throws {
        try await repeatedly("forget", "--quiet", "--keep-last", "3")
    }

    /// Collects and rewrites, again and again.
    func collect() async throws {
        try await repeatedly("gc", "--quiet", "--keep-unfinished", "0", "--repack-below", "100%")
    }

    /// Verifies everything, again and again.
    func verify() async throws { try await repeatedly("verify", "--quiet") }

    private func repeatedly(_ arguments: String...) async throws {
        while .now < end {
            // The first ingest makes the repository.
            if FileManager.default.fileExists(atPath: bench.repository.path + "/config.yaml") {
                try await run(arguments)
            } else {
                await Task.yield()
            }
        }
    }

    /// Expects that verify is content, that all that is kept comes back, and that a collection
    /// leaves nothing dead.
    func expectWhole() async throws {
        try await run("verify", "--quiet")
        var kept: [String: Int] = [:]
        for snapshot in try await run("snapshots", "--json").objects() {
            let sources = try #require(snapshot["sources"] as? [String]).joined()
            let roots = try #require(snapshot["roots"] as? [[String: Any]])
            kept[sources, default: 0] += 1
            try await expectRestored(try #require(roots.first?["cid"] as? String), as: "end")
        }
        #expect(kept.count == 4 && kept.values.allSatisfy { $0 >= 1 })
        try await run("gc", "--quiet", "--keep-unfinished", "0", "--repack-below", "100%")
        try await bench.expectCollected("at the end")
        try await run("verify", "--quiet")
    }

    private func expectRestored(_ root: String, as name: String) async throws {
        let state = try #require(notes.withLock { $0.states[root] }, "\(root) is of no ingest")
        let back = bench.path(name)
        defer { try? FileManager.default.removeItem(atPath: back) }  // not there: told below
        try await run("get", "--quiet", root, "-o", back)
        #expect(try state.isSame(as: back), "\(root) is another")
    }

    /// Runs a command, which must succeed: nothing here is forbidden beside the rest.
    @discardableResult
    private func run(_ arguments: String...) async throws -> Command.Outcome {
        try await run(arguments)
    }

    @discardableResult
    private func run(_ arguments: [String]) async throws -> Command.Outcome {
        let outcome = try await bench.cairn.run(arguments)
        #expect(
            outcome.status == 0,
            "\(arguments): \(outcome.status) \(outcome.text) \(outcome.errors)")
        let name = "\(arguments[0])\(outcome.status == 0 ? "" : " (\(outcome.status))")"
        notes.withLock { $0.counts[name, default: 0] += 1 }
        return outcome
    }
}
