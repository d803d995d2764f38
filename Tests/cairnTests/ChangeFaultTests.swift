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
        try await ChangeTrial(change.arguments).strike(Fault.all, .kill)
    }

    @Test(arguments: Change.allCases)
    func `a device that fails at any call is told, and the state is that before or that after`(
        _ change: Change
    ) async throws {
        // Every third one, to fit in the time.
        try await ChangeTrial(change.arguments)
            .strike("pwr,sync,rename,create", .error(EIO), spacing: 3)
    }
}

/// A store with snapshots and a pin, and a command that is run on it again and again, each time
/// with a fault.
private struct ChangeTrial: FaultTrial {
    let subject: FaultSubject
    private let bench: Bench
    /// What is kept before the command, and after it.
    private let before, after: State

    /// What is kept; ids of pins that the command makes are left out.
    struct State: Equatable {
        var snapshots: String
        var pins: [String]
    }

    init(_ arguments: [String]) async throws {
        bench = try Bench()
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
        subject = try FaultSubject(arguments, on: bench)
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

    /// Expects that the store opens, that verify is content, and that with the catalog and without
    /// it what is kept is what was before or what should be after.
    func expectWhole(after fault: Fault, _ outcome: Command.Outcome) async throws {
        let state = try await Self.state(of: bench)
        #expect(state == before || state == after, "after \(fault)")
        // The checkpoint when the catalog is closed may fail: the log holds what it would write.
        if outcome.status == 0 { #expect(state == after, "\(fault)") }
        try await subject.expectVerified(after: fault)
        // The same command now does what it should, unless that had been written and verify took it in.
        let isToDo = try await Self.state(of: bench) == before
        if isToDo, fault.range.lowerBound.isMultiple(of: 5) {
            try await subject.again(after: fault)
            #expect(try await Self.state(of: bench) == after, "again after \(fault)")
            return
        }
        try await subject.rebuild(after: fault)
        let rebuilt = try await Self.state(of: bench)
        // What was sealed and not committed may come in, but nothing that was acknowledged may go.
        #expect(rebuilt == after || (rebuilt == before && state == before), "after \(fault)")
    }
}
