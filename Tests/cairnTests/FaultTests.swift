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

    @Test(arguments: parts, [IngestTrial.Start.empty, .otherSource, .earlierState])
    func `killed at any call, a store opens, lacks nothing, and takes the same ingest again`(
        _ part: Int, _ start: IngestTrial.Start
    ) async throws {
        try await IngestTrial(start).strike(Fault.all, .kill, part: part, of: Self.parts)
    }

    @Test(arguments: parts)
    func `killed in the middle of any write, a store is as whole as before`(
        _ part: Int
    ) async throws {
        try await IngestTrial(.otherSource).strike("write,pwr", .tear, part: part, of: Self.parts)
    }

    @Test(arguments: parts)
    func `a disk that is full from any call on is told, and leaves no damage`(
        _ part: Int
    ) async throws {
        try await IngestTrial(.otherSource)
            .strike(
                "write,pwr,truncate,mkdir,create", .error(ENOSPC), part: part, of: Self.parts)
    }

    @Test(arguments: parts, [true, false])
    func `a device that fails at any call is told, and leaves no damage`(
        _ part: Int, _ lasts: Bool
    ) async throws {
        // Every other one, so that both kinds of failure fit in the time.
        try await IngestTrial(.otherSource)
            .strike(Fault.all, .error(EIO), lasts: lasts, part: part, of: Self.parts, spacing: 2)
    }
}

extension Tag {
    /// Tests that take more than some seconds.
    @Tag static var slow: Self
}
