// SPDX-License-Identifier: Apache-2.0

import Catalog
import Foundation
import TestSupport
import Testing

/// A collection that is run again and again from the same beginning, each time with a fault.
///
/// At the beginning two sources share content, and the snapshot of one is gone: one pack of leaves
/// and one of nodes are partly dead, one of each is wholly dead.
struct CollectionTrial {
    private static let collect = [
        "gc", "--quiet", "--repack-below", "100%", "--keep-unfinished", "0",
    ]

    private let bench: Bench
    private let start: String
    private let kept: (source: String, root: String)
    private let gone: (source: String, root: String)

    init() async throws {
        bench = try Bench()
        start = bench.path("start")
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
        try await forget([goneSource, lastSource])
        try FileManager.default.moveItem(at: bench.repository, to: URL(filePath: start))
    }

    /// Removes the snapshots of sources.
    private func forget(_ sources: [String]) async throws {
        let path = bench.repository.appending(path: "catalog.sqlite").path
        let catalog = try await SQLiteCatalog.open(at: path)
        for snapshot in try await catalog.snapshots(limit: nil)
        where sources.contains(where: { snapshot.sources == [$0] }) {
            #expect(try await catalog.removeSnapshot(snapshot.id))
        }
        try await catalog.close()
    }

    /// A fault for each of the calls that the collection makes.
    func faults(
        _ calls: String, _ effect: Fault.Effect, lasts: Bool = true, part: Int, of parts: Range<Int>
    ) async throws -> [Fault] {
        try reset()
        let log = bench.path("calls")
        var environment = try await Fault(calls: calls, effect: .count, range: 1...1).environment()
        environment["CAIRN_FAULT_LOG"] = log
        let outcome = try await run(environment)
        #expect(outcome.status == 0, "\(outcome.errors)")
        try await expectCollected("no fault")
        let count = try Data(contentsOf: URL(filePath: log)).count
        try #require(count > 20)
        print("gc faults: \(effect) at each of \(count) calls of \(calls), part \(part)")
        return (1...count).filter { $0 % parts.count == part }.map {
            Fault(calls: calls, effect: effect, range: $0...(lasts ? 1_000_000 : $0))
        }
    }

    /// Runs the collection from the beginning, with the fault.
    func collect(with fault: Fault) async throws -> Command.Outcome {
        try reset()
        return try await run(try await fault.environment())
    }

    private func run(_ environment: [String: String]) async throws -> Command.Outcome {
        var cairn = bench.cairn
        cairn.environment.merge(environment) { _, fault in fault }
        return try await cairn.run(Self.collect)
    }

    private func reset() throws {
        try? FileManager.default.removeItem(at: bench.repository)  // the first time there is none
        try FileManager.default.copyItem(at: URL(filePath: start), to: bench.repository)
    }

    /// Expects that verify is content, that what is kept is there, that the next collection frees
    /// the rest, and that what was freed can be stored again.
    func expectWhole(after fault: Fault) async throws {
        let verify = try await bench.cairn.run(["verify", "--quiet"])
        #expect(verify.status == 0, "verify after \(fault): \(verify.errors)")
        try await expectReadable(kept, "\(fault)")
        let again = try await bench.cairn.run(Self.collect)
        #expect(again.status == 0, "gc after \(fault): \(again.errors)")
        try await expectCollected("\(fault)")
        try await expectReadable(kept, "\(fault)")
        let stored = try await bench.cairn.run(
            ["ingest", "--quiet", "--chunker", "size-32768", gone.source])
        #expect(stored.lines == [gone.root], "again after \(fault): \(stored.errors)")
        try await expectReadable(gone, "\(fault)")
    }

    /// Expects that nothing dead is left, in the catalog or on disk.
    private func expectCollected(_ fault: String) async throws {
        let dry = try await bench.cairn.run(["gc", "--dry-run", "--json"])
        let summary = try #require(try dry.objects().last)
        #expect(summary["freedBlocks"] as? Int == 0, "after \(fault): \(dry.text)")
        #expect((summary["left"] as? [Any])?.isEmpty == true, "after \(fault): \(dry.text)")
        let status = try await bench.cairn.run(["status", "--json"])
        let packs = try #require(try status.objects().first?["packs"] as? Int)
        #expect(try bench.packs().count == packs, "after \(fault)")
        // Seven chunks, a file over them, a directory, a small file; the record.
        let blocks = try #require(try status.objects().first?["blocks"] as? Int)
        #expect(blocks == 11, "after \(fault)")
    }

    private func expectReadable(
        _ item: (source: String, root: String), _ fault: String
    ) async throws {
        let back = bench.path("back")
        defer { try? FileManager.default.removeItem(atPath: back) }  // not there: told below
        let get = try await bench.cairn.run(["get", "--quiet", item.root, "-o", back])
        #expect(get.status == 0, "get after \(fault): \(get.errors)")
        let isSame = FileManager.default.contentsEqual(atPath: item.source, andPath: back)
        #expect(isSame, "\(item.source) is another after \(fault)")
    }
}
