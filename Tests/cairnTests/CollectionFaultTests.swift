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
        try await CollectionTrial().strike(Fault.all, .kill, part: part, of: Self.parts)
    }

    @Test(arguments: parts)
    func `on a disk that is full from any call on, a collection fails and loses nothing`(
        _ part: Int
    ) async throws {
        try await CollectionTrial()
            .strike(
                "write,pwr,truncate,mkdir,create", .error(ENOSPC), part: part, of: Self.parts)
    }

    @Test(arguments: parts, [true, false])
    func `on a device that fails at any call, a collection loses nothing`(
        _ part: Int, _ lasts: Bool
    ) async throws {
        // Every other one, so that both kinds of failure fit in the time.
        try await CollectionTrial()
            .strike(Fault.all, .error(EIO), lasts: lasts, part: part, of: Self.parts, spacing: 2)
    }
}
