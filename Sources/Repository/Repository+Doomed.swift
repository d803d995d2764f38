// SPDX-License-Identifier: Apache-2.0

import Catalog
import PackStore

extension Repository {
    /// Deletes the files of packs that have left the catalog, or a tier.
    ///
    /// What cannot be deleted stays on the list for the next who tries.
    ///
    /// - Throws: `CatalogError`; `PackError` of a tier that fails.
    public func removeDoomed() async throws {
        for doomed in try await catalog.doomedPacks() {
            do { try await packs.delete(doomed.id, tier: doomed.tier) } catch let error
                as PackError
            {
                // Whoever was killed here had deleted it and not come to say so.
                guard error.code == .notFound else { throw error }
            }
            try await catalog.undoom([doomed])
        }
    }
}
