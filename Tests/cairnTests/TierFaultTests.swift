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
        try await TierTrial(work).strike(Fault.all, .kill, part: part, of: Self.parts)
    }

    @Test(arguments: parts, [TierTrial.Work.move, .recall])
    func `killed in the middle of any write, a move leaves all content`(
        _ part: Int, _ work: TierTrial.Work
    ) async throws {
        try await TierTrial(work).strike("write,pwr", .tear, part: part, of: Self.parts)
    }

    @Test(arguments: parts, [TierTrial.Work.move, .recall])
    func `a disk that is full from any call on is told, and nothing is lost`(
        _ part: Int, _ work: TierTrial.Work
    ) async throws {
        try await TierTrial(work)
            .strike(
                "write,pwr,truncate,mkdir,create", .error(ENOSPC), part: part, of: Self.parts)
    }

    @Test(arguments: parts, [true, false])
    func `a device that fails at any call is told, and nothing is lost`(
        _ part: Int, _ lasts: Bool
    ) async throws {
        try await TierTrial(.move)
            .strike(Fault.all, .error(EIO), lasts: lasts, part: part, of: Self.parts)
    }
}
