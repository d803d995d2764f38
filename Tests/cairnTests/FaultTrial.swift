// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A small ingest that is run again and again from the same beginning, each time with a fault.
struct FaultTrial {
    private let bench: Bench
    private let start: String
    private let source: String
    private let root: String
    /// What was acknowledged before the fault; the source is nil if it has changed since.
    private let earlier: (root: String, source: String?)?

    /// What the repository holds when the fault strikes.
    enum Start: Sendable {
        case empty
        /// Another source that shares content.
        case otherSource
        /// An earlier state of the same source, so that the stat cache comes into play.
        case earlierState
    }

    init(_ beginning: Start) async throws {
        bench = try Bench()
        start = bench.path("start")
        source = try bench.write(
            InputTree(
                .directory([
                    ("a", InputTree(.file(.noise(seed: 1, count: 300_000)))), ("b", .text("b")),
                    ("c", InputTree(.directory([("d", .text("d")), ("e", .text("shared"))]))),
                ])))
        switch beginning {
        case .empty: earlier = nil
        case .otherSource:
            let other = try bench.write(
                InputTree(.directory([("x", .text("x")), ("e", .text("shared"))])), as: "earlier")
            earlier = (try await bench.ingest(other), other)
        case .earlierState:
            try InputTree(.directory([("old", .text("old")), ("f", .text("f"))]))
                .write(to: URL(filePath: source + "/g"))
            _ = try await bench.ingest(source)
            earlier = (try await bench.ingest(source), nil)
            try FileManager.default.removeItem(atPath: source + "/g/old")
            try FileManager.default.removeItem(atPath: source + "/b")
            try Data("new".utf8).write(to: URL(filePath: source + "/c/new"))
        }
        root = try await bench.ingest("--only-hash", source)
        if beginning == .empty { return }
        try FileManager.default.moveItem(at: bench.repository, to: URL(filePath: start))
    }

    /// A fault for each of the calls that the ingest makes; every `parts.count`-th of them.
    func faults(
        _ calls: String, _ effect: Fault.Effect, lasts: Bool = true, part: Int, of parts: Range<Int>
    ) async throws -> [Fault] {
        try reset()
        let log = bench.path("calls")
        var environment = try await Fault(calls: calls, effect: .count, range: 1...1).environment()
        environment["CAIRN_FAULT_LOG"] = log
        let outcome = try await run(environment)
        #expect(outcome.lines == [root], "\(outcome.errors)")
        let count = try Data(contentsOf: URL(filePath: log)).count
        try #require(count > 5)
        print("faults: \(effect) at each of \(count) calls of \(calls), part \(part)")
        return (1...count).filter { $0 % parts.count == part }.map {
            Fault(calls: calls, effect: effect, range: $0...(lasts ? 1_000_000 : $0))
        }
    }

    /// Runs the ingest from the beginning, with the fault.
    func ingest(with fault: Fault) async throws -> Command.Outcome {
        try reset()
        return try await run(try await fault.environment())
    }

    private func run(_ environment: [String: String]) async throws -> Command.Outcome {
        var cairn = bench.cairn
        cairn.environment.merge(environment) { _, fault in fault }
        return try await cairn.run(["ingest", "--quiet", source])
    }

    private func reset() throws {
        try? FileManager.default.removeItem(at: bench.repository)  // the first time there is none
        guard earlier != nil else { return }
        try FileManager.default.copyItem(at: URL(filePath: start), to: bench.repository)
    }

    /// Expects that verify is content, that what was acknowledged is there, and that the same
    /// ingest now ends as it should.
    func expectWhole(after fault: Fault, acknowledged: [String]) async throws {
        let config = bench.repository.appending(path: "config.yaml").path
        if FileManager.default.fileExists(atPath: config) {
            let verify = try await bench.cairn.run(["verify", "--quiet"])
            #expect(verify.status == 0, "verify after \(fault): \(verify.errors)")
        } else {
            #expect(earlier == nil && acknowledged.isEmpty, "\(fault)")
        }
        if let earlier { try await expectReadable(earlier.root, earlier.source, fault) }
        if acknowledged.contains(root) { try await expectReadable(root, source, fault) }
        let again = try await bench.cairn.run(["ingest", "--quiet", source])
        #expect(again.status == 0, "again after \(fault): \(again.errors)")
        #expect(again.lines == [root], "again after \(fault)")
        try await expectReadable(root, source, fault)
        let unsealed = try bench.packs().filter { !$0.hasSuffix(".car.zst") }
        #expect(unsealed.isEmpty, "after \(fault)")
    }

    private func expectReadable(_ root: String, _ source: String?, _ fault: Fault) async throws {
        let back = bench.path("back")
        defer { try? FileManager.default.removeItem(atPath: back) }  // not there: told below
        let get = try await bench.cairn.run(["get", "--quiet", root, "-o", back])
        #expect(get.status == 0, "get after \(fault): \(get.errors)")
        guard let source else { return }
        let same = FileManager.default.contentsEqual(atPath: source, andPath: back)
        #expect(same, "\(source) is another after \(fault)")
    }
}
