// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Repository

/// What is known of the packs when DAGs are walked: which hold leaves, and what in them is bad.
struct PackHealth: Sendable {
    private let leaves: Set<PackID>
    /// Packs that are not there, or that cannot be read at all.
    private let unreadable: Set<PackID>
    private let quarantine: Quarantine

    init(_ repository: Repository, unreadable: Set<PackID>) async throws {
        let packs = try await repository.catalog.packs()
        leaves = Set(packs.filter { $0.kind == .leaves }.map(\.id))
        quarantine = try await repository.quarantine()
        self.unreadable = unreadable
    }

    /// Whether the blocks of a pack link to nothing; false for one that is not known.
    func holdsLeaves(_ pack: PackID) -> Bool { leaves.contains(pack) }

    /// Whether the block at `place` was found bad: a look-up names such a place only if there is
    /// no better one.
    func isBad(_ place: BlockPlace) -> Bool {
        unreadable.contains(place.packID) || quarantine.contains(place)
    }
}
