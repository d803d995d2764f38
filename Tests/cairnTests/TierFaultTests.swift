// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Moves between tiers that are killed, or that the system fails, at each of their calls: at every
/// moment one complete copy is where the catalog says.
@Suite(
    .tags(.slow),
    .enabled("faults cannot be preloaded here: no Linux, or no clang") {
        try await Fault.library.path() != nil
    })
struct TierFaultTests {
    private static let parts = 0..<2

    @Test(arguments: parts, [TierTrial.Work.move, .mirror, .recall])
    func `killed at any call, a move leaves all content, and the next run completes it`(
        _ part: Int, _ work: TierTrial.Work
    ) async throws {
        let trial = try await TierTrial(work)
        for fault in try await trial.faults(Fault.all, .kill, part: part, of: Self.parts) {
            let outcome = try await trial.run(with: fault)
            #expect(outcome.status == 137, "\(fault): \(outcome.errors)")
            try await trial.expectWhole(after: fault)
        }
    }

    @Test(arguments: parts, [TierTrial.Work.move, .recall])
    func `killed in the middle of any write, a move leaves all content`(
        _ part: Int, _ work: TierTrial.Work
    ) async throws {
        let trial = try await TierTrial(work)
        for fault in try await trial.faults("write,pwr", .tear, part: part, of: Self.parts) {
            let outcome = try await trial.run(with: fault)
            #expect(outcome.status == 137, "\(fault): \(outcome.errors)")
            try await trial.expectWhole(after: fault)
        }
    }

    @Test(arguments: parts, [TierTrial.Work.move, .recall])
    func `a disk that is full from any call on is told, and nothing is lost`(
        _ part: Int, _ work: TierTrial.Work
    ) async throws {
        let trial = try await TierTrial(work)
        let calls = "write,pwr,truncate,mkdir,create"
        for fault in try await trial.faults(calls, .error(ENOSPC), part: part, of: Self.parts) {
            try await expectTold(fault, trial)
        }
    }

    @Test(arguments: parts, [true, false])
    func `a device that fails at any call is told, and nothing is lost`(
        _ part: Int, _ lasts: Bool
    ) async throws {
        let trial = try await TierTrial(.move)
        for fault in try await trial.faults(
            Fault.all, .error(EIO), lasts: lasts, part: part, of: Self.parts)
        {
            try await expectTold(fault, trial)
        }
    }

    /// Expects failure, or success that holds, where the call was one that may fail.
    private func expectTold(_ fault: Fault, _ trial: TierTrial) async throws {
        let outcome = try await trial.run(with: fault)
        if outcome.status == 1 {
            let isSilent = fault.calls.contains("write")
            #expect(isSilent || outcome.errors.contains("cairn: "), "\(fault): \(outcome.errors)")
        } else {
            #expect(outcome.status == 0, "\(fault): \(outcome.errors)")
        }
        try await trial.expectWhole(after: fault)
    }
}
