// SPDX-License-Identifier: Apache-2.0

import Catalog
import Lifecycle
import PackStore
import Repository

/// What is done, when a command has read blocks, about the packs that it read.
enum ReadPacks {
    /// Writes down when packs were read; with `promotes`, brings back those that are cold.
    static func settle(_ repository: Repository, promotes: Bool) async throws {
        let read = repository.packs.accesses.take()
        // A repository that cannot be written to can be read all the same.
        try? await repository.catalog.noteAccesses(read)
        guard promotes else { return }
        let move = TierMove(repository)
        let report: TierReport
        do {
            report = try await move.run {
                try await Tiering(repository).planPromoting(Set(read.keys))
            }
        } catch let error as TierError where error.code == .busy {
            return Console.error("not promoted: \(error)")
        }
        for failure in report.failures { Console.error("not promoted: \(failure)") }
        if report.doneCount > 0 {
            Console.error(
                "promoted \(Figures.count(report.doneCount, "pack")), \(Figures.bytes(report.movedByteCount))"
            )
        }
    }
}
