// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Collections that are killed, or that the system fails, at each of their calls (promise P3).
@Suite(
    .tags(.slow),
    .enabled("faults cannot be preloaded here: no Linux, or no clang") {
        try await Fault.library.path() != nil
    })
struct CollectionFaultTests {
    /// Each test is cut in parts, which run beside each other.
    private static let parts = 0..<2

    @Test(arguments: parts)
    func `killed at any call, a collection has lost nothing, and the next one frees the rest`(
        _ part: Int
    ) async throws {
        let trial = try await CollectionTrial()
        for fault in try await trial.faults(Fault.all, .kill, part: part, of: Self.parts) {
            let outcome = try await trial.collect(with: fault)
            #expect(outcome.status == 137, "\(fault): \(outcome.errors)")
            try await trial.expectWhole(after: fault)
        }
    }

    @Test(arguments: parts)
    func `on a disk that is full from any call on, a collection fails and loses nothing`(
        _ part: Int
    ) async throws {
        let trial = try await CollectionTrial()
        let calls = "write,pwr,truncate,mkdir,create"
        let faults = try await trial.faults(calls, .error(ENOSPC), part: part, of: Self.parts)
        for fault in faults { try await expectTold(fault, trial) }
    }

    @Test(arguments: parts, [true, false])
    func `on a device that fails at any call, a collection loses nothing`(
        _ part: Int, _ lasts: Bool
    ) async throws {
        let trial = try await CollectionTrial()
        let faults = try await trial.faults(
            Fault.all, .error(EIO), lasts: lasts, part: part, of: Self.parts)
        // Every other one, so that both kinds of failure fit in the time; the seed says which.
        let parity = Int(SeededGenerator.runSeed % 2)
        for (index, fault) in faults.enumerated() where index % 2 == parity {
            try await expectTold(fault, trial)
        }
    }

    /// Expects failure that is told, or success, where the call was one that may fail.
    private func expectTold(_ fault: Fault, _ trial: CollectionTrial) async throws {
        let outcome = try await trial.collect(with: fault)
        if outcome.status == 1 {
            // Standard error is a file here, and fails like any other.
            let isSilent = fault.calls.contains("write")
            #expect(isSilent || outcome.errors.contains("cairn: "), "\(fault): \(outcome.errors)")
        } else {
            #expect(outcome.status == 0, "\(fault): \(outcome.errors)")
        }
        try await trial.expectWhole(after: fault)
    }
}
