// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A small move between tiers that is run again and again from the same beginning, each time with
/// a fault.
struct TierTrial: FaultTrial {
    let subject: FaultSubject

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
        subject = try FaultSubject(
            work.arguments, on: bench, folders: ["repository", "cold", "spare"])
    }

    /// Expects that all content is there, by the catalog and without it, and that the same work
    /// now ends as it should and leaves nothing behind.
    func expectWhole(after fault: Fault, _ outcome: Command.Outcome) async throws {
        try await subject.expectReadable(root, source, after: fault)
        try await subject.expectVerified(after: fault)
        if fault.range.lowerBound % 4 == 0 {
            try await subject.rebuild(after: fault)
            try await subject.expectReadable(root, source, after: fault)
        }
        try await subject.again(after: fault)
        try await subject.expectReadable(root, source, after: fault)
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
}
