// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import TestSupport
import Testing

/// A collection that is run again and again from the same beginning, each time with a fault.
///
/// At the beginning two sources share content, and the snapshot of one is gone: one pack of leaves
/// and one of nodes are partly dead, one of each is wholly dead.
struct CollectionTrial: FaultTrial {
    private static let collect = [
        "gc", "--quiet", "--repack-below", "100%", "--keep-unfinished", "0",
    ]

    let subject: FaultSubject
    private let bench: Bench
    private let kept: (source: String, root: String)
    private let gone: (source: String, root: String)

    init() async throws {
        bench = try Bench()
        let shared = InputTree(.file(.noise(seed: 1, count: 200_000)))
        let goneSource = try bench.write(
            InputTree(
                .directory([
                    ("shared", shared), ("own", InputTree(.file(.noise(seed: 2, count: 400_000)))),
                ])), as: "gone")
        let lastSource = try bench.write(
            InputTree(.file(.noise(seed: 3, count: 300_000))), as: "last")
        let keptSource = try bench.write(
            InputTree(.directory([("shared", shared), ("b", .text("b"))])), as: "kept")
        let options = ["--chunker", "size-32768"]
        gone = (goneSource, try await bench.ingest(options[0], options[1], goneSource))
        kept = (keptSource, try await bench.ingest(options[0], options[1], keptSource))
        _ = try await bench.ingest(options[0], options[1], lastSource)
        try await Self.forget([goneSource, lastSource], on: bench)
        subject = try FaultSubject(Self.collect, on: bench)
    }

    /// Removes the snapshots of sources.
    private static func forget(_ sources: [String], on bench: Bench) async throws {
        let path = bench.repository.appending(path: "catalog.sqlite").path
        let catalog = try await SQLiteCatalog.open(at: path)
        for snapshot in try await catalog.snapshots(limit: nil)
        where sources.contains(where: { snapshot.sources == [$0] }) {
            #expect(try await catalog.removeSnapshot(snapshot.id))
        }
        try await catalog.close()
    }

    func expectDone(_ outcome: Command.Outcome) async throws {
        try await expectCollected("no fault")
        let dry = try await bench.run("gc", "--dry-run", "--json")
        let summary = try #require(try dry.objects().last)
        #expect(summary["freedBlocks"] as? Int == 0, "\(dry.text)")
        #expect((summary["left"] as? [Any])?.isEmpty == true, "\(dry.text)")
    }

    /// Expects that verify is content, that what is kept is there, that the next collection frees
    /// the rest, and that what was freed can be stored again.
    func expectWhole(after fault: Fault, _ outcome: Command.Outcome) async throws {
        try await subject.expectVerified(after: fault)
        try await subject.expectReadable(kept.root, kept.source, after: fault)
        try await subject.again(after: fault)
        try await expectCollected("\(fault)")
        try await subject.expectReadable(kept.root, kept.source, after: fault)
        let stored = try await subject.run(
            ["ingest", "--quiet", "--chunker", "size-32768", gone.source], after: fault)
        #expect(stored.lines == [gone.root], "again after \(fault)")
        try await subject.expectReadable(gone.root, gone.source, after: fault)
    }

    /// Expects that nothing dead is left, in the catalog or on disk.
    private func expectCollected(_ fault: String) async throws {
        let status = try #require(try await bench.run("status", "--json").objects().first)
        #expect(try bench.packs().count == status["packs"] as? Int, "after \(fault)")
        // Seven chunks, a file over them, a directory, a small file; the record.
        #expect(status["blocks"] as? Int == 11, "after \(fault)")
    }
}
