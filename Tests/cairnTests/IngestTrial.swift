// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A small ingest that is run again and again from the same beginning, each time with a fault.
struct IngestTrial: FaultTrial {
    let subject: FaultSubject
    private let bench: Bench
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
        subject = try FaultSubject(["ingest", "--quiet", source], on: bench)
    }

    func expectDone(_ outcome: Command.Outcome) { #expect(outcome.lines == [root]) }

    /// Expects that verify is content, that what was acknowledged is there, and that the same
    /// ingest now ends as it should.
    func expectWhole(after fault: Fault, _ outcome: Command.Outcome) async throws {
        let config = bench.repository.appending(path: "config.yaml").path
        if FileManager.default.fileExists(atPath: config) {
            try await subject.expectVerified(after: fault)
        } else {
            #expect(earlier == nil && outcome.lines.isEmpty, "\(fault)")
        }
        if let earlier {
            try await subject.expectReadable(earlier.root, earlier.source, after: fault)
        }
        if outcome.lines.contains(root) {
            try await subject.expectReadable(root, source, after: fault)
        }
        let again = try await subject.again(after: fault)
        #expect(again.lines == [root], "again after \(fault)")
        try await subject.expectReadable(root, source, after: fault)
        let unsealed = try bench.packs().filter { !$0.hasSuffix(".car.zst") }
        #expect(unsealed.isEmpty, "after \(fault)")
    }
}
