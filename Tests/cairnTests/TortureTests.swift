// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Every command that writes, killed at random moments while another process ingests (promises P2
/// to P4, P7).
///
/// `CAIRN_KILLS` says how many kills shall strike a command in its midst; `CAIRN_SEED` repeats a run
/// as far as the machine lets it.
@Suite(
    .tags(.slow),
    .enabled("what a command has done cannot be counted here: no Linux, or no clang") {
        try await Fault.library.path() != nil
    })
struct TortureTests {
    private static let kills =
        ProcessInfo.processInfo.environment["CAIRN_KILLS"].flatMap(Int.init) ?? 14

    @Test func `whatever is killed, what was acknowledged is there, and what is dead goes`()
        async throws
    {
        let seed = SeededGenerator.runSeed
        print("torture: seed \(seed) (CAIRN_SEED), \(Self.kills) kills (CAIRN_KILLS)")
        var trial = try await TortureTrial(seed: seed)
        var generator = SeededGenerator(seed: seed &+ 1)
        while trial.tallies.values.reduce(0, { $0 + $1.midst }) < Self.kills {
            for work in TortureWork.allCases.shuffled(using: &generator) {
                try await trial.round(work)
            }
            try await trial.expectCollected()
            print("torture: \(trial.tallies.values.reduce(0) { $0 + $1.midst }) kills")
        }
        try await trial.expectWhole()
        var all = (midst: 0, ended: 0)
        for work in TortureWork.allCases {
            let tally = trial.tallies[work, default: KillTally()]
            all = (all.midst + tally.midst, all.ended + tally.ended)
            print("torture: \(work): \(tally.midst) killed in the midst, \(tally.ended) had ended")
        }
        print("torture: all: \(all.midst) killed in the midst, \(all.ended) had ended")
    }
}
