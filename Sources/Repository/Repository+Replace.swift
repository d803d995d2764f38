// SPDX-License-Identifier: Apache-2.0

public import BlockStore
import Catalog
public import IPLD
public import PackStore

extension Repository {
    /// Records a sealed pack that took over the sound blocks of others, which leave the catalog in
    /// the same transaction.
    ///
    /// - Throws: `CatalogError`.
    public func commit(_ pack: SealedPack, replacing replaced: [PackID]) async throws {
        try await catalog.commit(
            PackRecord(pack, in: nil), blocks: Self.places(of: pack.blocks), replacing: replaced,
            reusing: [])
    }

    /// Whether a block records a snapshot or a change to what is kept.
    public static func isRecord(_ block: Block) -> Bool {
        SnapshotBlock.decode(block) != nil || RootChangeBlock.decode(block) != nil
    }
}
