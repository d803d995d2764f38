// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Forgetting, pinning and tagging, killed or failed at each of their calls (promises P3 and P4).
@Suite(
    .tags(.slow),
    .enabled("faults cannot be preloaded here: no Linux, or no clang") {
        try await Fault.library.path() != nil
    })
struct ChangeFaultTests {
    /// Something that changes what is kept.
    enum Change: String, CaseIterable, Sendable {
        case forget, pin, replacePin, unpin, tag

        var arguments: [String] {
            switch self {
            case .forget: ["forget", "--quiet", "--keep-last", "1"]
            case .pin: ["pin", "add", "--quiet", "latest:d"]
            case .replacePin: ["pin", "add", "--quiet", "latest", "--name", "new"]
            case .unpin: ["pin", "rm", "old"]
            case .tag: ["tag", "add", "latest", "new"]
            }
        }
    }

    @Test(arguments: Change.allCases)
    func `killed at any call, the state is that before or that after`(
        _ change: Change
    ) async throws {
        let trial = try await ChangeTrial(change.arguments)
        for fault in try await trial.faults(Fault.all, .kill) {
            let outcome = try await trial.run(with: fault)
            #expect(outcome.status == 137, "\(fault): \(outcome.errors)")
            try await trial.expectBeforeOrAfter(fault)
        }
    }

    @Test(arguments: Change.allCases)
    func `a device that fails at any call is told, and the state is that before or that after`(
        _ change: Change
    ) async throws {
        let trial = try await ChangeTrial(change.arguments)
        let faults = try await trial.faults("pwr,sync,rename,create", .error(EIO))
        // Every third one, to fit in the time; the seed says which.
        let part = Int(SeededGenerator.runSeed % 3)
        for (index, fault) in faults.enumerated() where index % 3 == part {
            let outcome = try await trial.run(with: fault)
            // The checkpoint when the catalog is closed may fail: the log holds what it would write.
            #expect([0, 1].contains(outcome.status), "\(fault): \(outcome.errors)")
            let state = try await trial.expectBeforeOrAfter(fault)
            if outcome.status == 0 { #expect(state == trial.after, "\(fault)") }
        }
    }
}

/// A store with snapshots and a pin, and a command that is run on it again and again, each time
/// with a fault.
private struct ChangeTrial {
    private let bench: Bench
    private let start: String
    private let arguments: [String]
    /// What is kept before the command, and after it.
    private let before: State
    let after: State

    /// What is kept; ids of pins that the command makes are left out.
    struct State: Equatable {
        var snapshots: String
        var pins: [String]
    }

    init(_ arguments: [String]) async throws {
        bench = try Bench()
        self.arguments = arguments
        start = bench.path("start")
        let source = bench.path("source")
        for number in 1...3 {
            try? FileManager.default.removeItem(atPath: source)  // the first time there is none
            try bench.write(
                InputTree(
                    .directory([
                        ("a", .text("\(number)")),
                        ("d", InputTree(.directory([("b", .text("b"))]))),
                    ])))
            _ = try await bench.ingest(source)
        }
        try await bench.run("pin", "add", "-q", "latest", "--name", "old")
        before = try await Self.state(of: bench)
        try FileManager.default.copyItem(at: bench.repository, to: URL(filePath: start))
        let outcome = try await bench.cairn.run(arguments)
        #expect(outcome.status == 0, "\(outcome.errors)")
        after = try await Self.state(of: bench)
        #expect(before != after)
    }

    private static func state(of bench: Bench) async throws -> State {
        let pins = try await bench.run("pin", "ls", "--json").objects().map {
            "\($0["cid"] ?? "") \($0["type"] ?? "") \($0["name"] ?? "")"
        }
        return State(
            snapshots: try await bench.run("snapshots", "--json").text, pins: pins.sorted())
    }

    func faults(_ calls: String, _ effect: Fault.Effect) async throws -> [Fault] {
        try reset()
        let log = bench.path("calls")
        var environment = try await Fault(calls: calls, effect: .count, range: 1...1).environment()
        environment["CAIRN_FAULT_LOG"] = log
        let outcome = try await run(environment)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let count = try Data(contentsOf: URL(filePath: log)).count
        try #require(count > 5)
        print("faults: \(effect) at each of \(count) calls of \(arguments.joined(separator: " "))")
        return (1...count).map { Fault(calls: calls, effect: effect, range: $0...1_000_000) }
    }

    func run(with fault: Fault) async throws -> Command.Outcome {
        try reset()
        return try await run(try await fault.environment())
    }

    private func run(_ environment: [String: String]) async throws -> Command.Outcome {
        var cairn = bench.cairn
        cairn.environment.merge(environment) { _, fault in fault }
        return try await cairn.run(arguments)
    }

    private func reset() throws {
        try FileManager.default.removeItem(at: bench.repository)
        try FileManager.default.copyItem(at: URL(filePath: start), to: bench.repository)
    }

    /// Expects that the store opens, that verify is content, and that with the catalog and without
    /// it what is kept is what was before or what should be after; returns what the catalog says.
    @discardableResult
    func expectBeforeOrAfter(_ fault: Fault) async throws -> State {
        let state = try await Self.state(of: bench)
        #expect(state == before || state == after, "after \(fault)")
        let verify = try await bench.cairn.run(["verify", "--quiet"])
        #expect(verify.status == 0, "verify after \(fault): \(verify.errors)")
        // The same command now does what it should, unless that had been written and verify took it in.
        let isToDo = try await Self.state(of: bench) == before
        if isToDo, fault.range.lowerBound.isMultiple(of: 5) {
            let again = try await bench.cairn.run(arguments)
            #expect(again.status == 0, "again after \(fault): \(again.errors)")
            #expect(try await Self.state(of: bench) == after, "again after \(fault)")
            return state
        }
        for suffix in ["", "-wal", "-shm"] {
            let file = bench.repository.path + "/catalog.sqlite" + suffix
            try? FileManager.default.removeItem(atPath: file)  // closed, it is one file
        }
        let reindex = try await bench.cairn.run(["reindex"])
        #expect(reindex.status == 0, "reindex after \(fault): \(reindex.errors)")
        let rebuilt = try await Self.state(of: bench)
        // What was sealed and not committed may come in, but nothing that was acknowledged may go.
        #expect(rebuilt == after || (rebuilt == before && state == before), "after \(fault)")
        return state
    }
}
