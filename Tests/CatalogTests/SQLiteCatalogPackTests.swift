// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Testing

@Suite struct SQLiteCatalogPackTests {
    @Test func `packs come back as committed, oldest first`() async throws {
        try await withCatalog { catalog in
            var verified = pack(2, blockCount: 7, kind: .nodes, tier: .cold)
            verified.verifiedAtMilliseconds = 1_800_000_000_777
            try await catalog.commit(pack(3), blocks: [])
            try await catalog.commit(verified, blocks: blocks(0..<7))
            try await catalog.commit(pack(1), blocks: [])
            #expect(try await catalog.packs() == [pack(1), verified, pack(3)])
            #expect(try await catalog.pack(verified.id) == verified)
            #expect(try await catalog.pack(pack(9).id) == nil)
        }
    }

    @Test func `verification and tier are recorded, for known packs only`() async throws {
        try await withCatalog { catalog in
            try await catalog.commit(pack(1), blocks: [])
            try await catalog.setVerified(pack(1).id, atMilliseconds: 5)
            try await catalog.setTier(pack(1).id, to: .cold)
            let record = try await catalog.pack(pack(1).id)
            #expect(record?.verifiedAtMilliseconds == 5)
            #expect(record?.tier == .cold)
            let verifyError = await #expect(throws: CatalogError.self) {
                try await catalog.setVerified(pack(2).id, atMilliseconds: 5)
            }
            #expect(verifyError?.code == .packMissing)
            let tierError = await #expect(throws: CatalogError.self) {
                try await catalog.setTier(pack(2).id, to: .hot)
            }
            #expect(tierError?.code == .packMissing)
        }
    }

    @Test func `a pack that was reused since is not removed`() async throws {
        try await withCatalog { catalog in
            let old = pack(1).id
            try await catalog.commit(pack(1), blocks: blocks(0..<5))
            try await catalog.commit(pack(2), blocks: blocks(5..<6), replacing: [], reusing: [old])
            #expect(try await catalog.removePack(old, ifVersion: 0) == false)
            #expect(try await catalog.contains([multihash(0)]) == [true])
            #expect(try await catalog.removePack(old, ifVersion: 1))
            #expect(try await catalog.contains([multihash(0), multihash(5)]) == [false, true])
            #expect(try await catalog.removePack(old, ifVersion: 1))
        }
    }

    @Test func `a commit that reuses a removed pack leaves no trace`() async throws {
        try await withCatalog { catalog in
            try await catalog.commit(pack(1), blocks: [])
            let error = await #expect(throws: CatalogError.self) {
                try await catalog.commit(
                    pack(2), blocks: blocks(0..<5), replacing: [],
                    reusing: [pack(1).id, pack(7).id])
            }
            #expect(error?.code == .packMissing)
            #expect(try await catalog.packs() == [pack(1)])
            let snapshotError = await #expect(throws: CatalogError.self) {
                try await catalog.add(snapshot("a"), reusing: [pack(7).id])
            }
            #expect(snapshotError?.code == .packMissing)
            #expect(try await catalog.snapshots(limit: nil).isEmpty)
        }
    }

    @Test func `totals are sums over packs by kind and tier`() async throws {
        try await withCatalog { catalog in
            try await catalog.commit(pack(1, blockCount: 3), blocks: blocks(0..<3))
            try await catalog.commit(pack(2, blockCount: 4), blocks: blocks(3..<7))
            try await catalog.commit(pack(3, blockCount: 5, kind: .nodes), blocks: blocks(7..<12))
            try await catalog.commit(pack(4, blockCount: 6, tier: .cold), blocks: blocks(12..<18))
            try await catalog.add(snapshot("a"))
            let totals = try await catalog.totals()
            #expect(totals.groups.map(\.tier) == [.cold, .hot, .hot])
            #expect(totals.groups.map(\.kind) == [.leaves, .leaves, .nodes])
            #expect(totals.groups.map(\.packCount) == [1, 2, 1])
            #expect(totals.groups.map(\.blockCount) == [6, 7, 5])
            #expect(totals.packCount == 4)
            #expect(totals.blockCount == 18)
            #expect(totals.byteCount == 1_800)
            #expect(totals.storedByteCount == 1_080)
            #expect(totals.snapshotCount == 1)
            #expect(totals.catalogByteCount > 0)
        }
    }
}
