// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Everything at once on one repository (promise P7).
///
/// `CAIRN_STRESS` says for how many seconds.
@Suite(.tags(.slow))
struct StressTests {
    private static let seconds =
        ProcessInfo.processInfo.environment["CAIRN_STRESS"].flatMap(Double.init) ?? 8

    @Test func `four ingests, two that forget, a collection and a verify do not harm each other`()
        async throws
    {
        let seed = SeededGenerator.runSeed
        print("stress: seed \(seed) (CAIRN_SEED), \(Self.seconds) s (CAIRN_STRESS)")
        let trial = try StressTrial(seed: seed, lasting: .seconds(Self.seconds))
        try await withThrowingTaskGroup { group in
            for number in 1...4 { group.addTask { try await trial.ingest(number) } }
            for _ in 1...2 { group.addTask { try await trial.forget() } }
            group.addTask { try await trial.collect() }
            group.addTask { try await trial.verify() }
            try await group.waitForAll()
        }
        try await trial.expectWhole()
        let counts = trial.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        print("stress: \(counts.joined(separator: ", "))")
    }
}
