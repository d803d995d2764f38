// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import IPLD
import Lifecycle
import Repository
import Testing

/// When a collection is due.
struct WatermarkTests {
    @Test func `what is stored is compared with the mark, and the target says how much goes`()
        async throws
    {
        let scene = try await CollectionScene()
        let leaf = try CollectionScene.leaf(String(repeating: "leaf", count: 500))
        try await scene.store([leaf], kind: .leaves)
        let stored = try await scene.repository.catalog.totals().storedByteCount
        let above = try await Watermark(
            .storedAbove(.bytes(stored - 1)), until: .bytes(stored - 100)
        ).read(scene.repository)
        #expect(above.isDue)
        #expect(above.byteCount == stored)
        #expect(above.freeTarget == 100)
        let within = try await Watermark(.storedAbove(.bytes(stored))).read(scene.repository)
        #expect(!within.isDue)
        #expect(within.freeTarget == nil)
    }

    @Test func `free space is compared as a share of the file system`() async throws {
        let scene = try await CollectionScene()
        let all = try await Watermark(.freeBelow(.share(1)), until: .share(1)).read(
            scene.repository)
        // Something is in use on any file system.
        #expect(all.isDue)
        #expect(all.limit >= all.byteCount)
        #expect(try #require(all.freeTarget) > 0)
        let none = try await Watermark(.freeBelow(.bytes(1))).read(scene.repository)
        #expect(!none.isDue)
    }
}
