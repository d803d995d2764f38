// SPDX-License-Identifier: Apache-2.0

import Catalog
import IPLD
import Multiformats
import Repository

/// The snapshots that a catalog knows and can prove, kept while it is made anew: the packs may have
/// lost a record that the catalog still has.
struct KnownSnapshots: Sendable {
    private let snapshots: [SnapshotRecord]

    /// Reads them from a catalog; rows that do not hash to their own CIDs are left out.
    ///
    /// - Throws: `CatalogError`.
    init(_ catalog: any Catalog) async throws {
        snapshots = try await catalog.snapshots(limit: nil).filter { row in
            // What cannot be written as a record is none.
            (try? SnapshotBlock.encode(row))?.cid.bytes == row.recordCID
        }
    }

    /// Reads them from the damaged catalog of the repository at `path`, as far as that is possible.
    static func read(fromDamaged path: String) async -> KnownSnapshots? {
        do {
            let catalog = try await SQLiteCatalog.open(at: path + "/catalog.sqlite")
            let known = try await KnownSnapshots(catalog)
            // Closed before anything takes its place: the last connection removes the log by name.
            try await catalog.close()
            return known
        } catch {
            return nil  // too damaged for that: what the packs record is all there is
        }
    }

    /// Records those that the packs did not tell of, and their records in a pack.
    ///
    /// - Throws: `CatalogError`, `BlockStoreError`.
    func restore(to repository: Repository) async throws {
        let found = Set(try await repository.catalog.snapshots(limit: nil).map(\.id))
        for snapshot in snapshots where !found.contains(snapshot.id) {
            try await repository.blocks.put([try SnapshotBlock.encode(snapshot)])
            try await repository.catalog.add(snapshot)
        }
    }
}
