// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Ingests that are killed, or that the system fails, at each of their calls (promise P3).
///
/// The program under test is the one that ships; `Fixtures/faults` is preloaded into it.
@Suite(
    .tags(.slow),
    .enabled("faults cannot be preloaded here: no Linux, or no clang") {
        try await Fault.library.path() != nil
    })
struct FaultTests {
    /// Each test is cut in parts, which run beside each other.
    private static let parts = 0..<2

    @Test(arguments: parts, [FaultTrial.Start.empty, .otherSource, .earlierState])
    func `killed at any call, a store opens, lacks nothing, and takes the same ingest again`(
        _ part: Int, _ start: FaultTrial.Start
    ) async throws {
        let trial = try await FaultTrial(start)
        for fault in try await trial.faults(Fault.all, .kill, part: part, of: Self.parts) {
            let outcome = try await trial.ingest(with: fault)
            #expect(outcome.status == 137, "\(fault): \(outcome.errors)")
            try await trial.expectWhole(after: fault, acknowledged: outcome.lines)
        }
    }

    @Test(arguments: parts)
    func `killed in the middle of any write, a store is as whole as before`(
        _ part: Int
    ) async throws {
        let trial = try await FaultTrial(.otherSource)
        for fault in try await trial.faults("write,pwr", .tear, part: part, of: Self.parts) {
            let outcome = try await trial.ingest(with: fault)
            #expect(outcome.status == 137, "\(fault): \(outcome.errors)")
            try await trial.expectWhole(after: fault, acknowledged: [])
        }
    }

    @Test(arguments: parts)
    func `a disk that is full from any call on is told, and leaves no damage`(
        _ part: Int
    ) async throws {
        let trial = try await FaultTrial(.otherSource)
        let calls = "write,pwr,truncate,mkdir,create"
        let faults = try await trial.faults(calls, .error(ENOSPC), part: part, of: Self.parts)
        for fault in faults { try await expectTold(fault, trial) }
    }

    @Test(arguments: parts, [true, false])
    func `a device that fails at any call is told, and leaves no damage`(
        _ part: Int, _ lasts: Bool
    ) async throws {
        let trial = try await FaultTrial(.otherSource)
        let faults = try await trial.faults(
            Fault.all, .error(EIO), lasts: lasts, part: part, of: Self.parts)
        // Every other one, so that both kinds of failure fit in the time; the seed says which.
        let parity = Int(SeededGenerator.runSeed % 2)
        for (index, fault) in faults.enumerated() where index % 2 == parity {
            try await expectTold(fault, trial)
        }
    }

    /// Expects failure, or success that holds, where the call was one that may fail: the removal
    /// of a log, say, or the checkpoint when the catalog is closed.
    private func expectTold(_ fault: Fault, _ trial: FaultTrial) async throws {
        let outcome = try await trial.ingest(with: fault)
        if outcome.status == 1 {
            // Standard output and standard error are files here, and fail like any other.
            let isSilent = fault.calls.contains("write")
            #expect(isSilent || outcome.errors.contains("cairn: "), "\(fault): \(outcome.errors)")
        } else {
            #expect(outcome.status == 0, "\(fault): \(outcome.errors)")
        }
        try await trial.expectWhole(after: fault, acknowledged: outcome.lines)
    }
}

extension Tag {
    /// Tests that take more than some seconds.
    @Tag static var slow: Self
}
