// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import PackStore
import Repository
import TestSupport
import Testing

@testable import Lifecycle

/// What a collection removes while it is checked is no fault.
struct VerifyBesideCollectionTests {
    @Test func `blocks of a pack that leaves the catalog meanwhile are not told as lost`()
        async throws
    {
        let scene = try await CollectionScene()
        let blocks = [try CollectionScene.leaf("one"), try CollectionScene.leaf("other")]
        let id = try await scene.store(blocks, kind: .leaves)
        let pack = try #require(try await scene.repository.catalog.pack(id))
        let verify = Verify(scene.repository)
        let result = try await scene.repository.packs.verify(id, tier: .hot)
        // As a sweep leaves it for a moment: the file is still there.
        try await scene.repository.catalog.forget(packs: [id])
        try await verify.checkCatalog(of: pack, result)
        #expect(verify.progress.findings.isEmpty, "\(verify.progress.findings)")
    }
}
