// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Catalog
import Testing

/// Sessions hold what they count as present, and nothing once they have ended.
@Suite struct SessionTests {
    @Test func `sessions are listed until they end or are abandoned`() async throws {
        try await withCatalog { catalog in
            for id in ["b", "a", "c"] { try await catalog.begin(session(id)) }
            #expect(try await catalog.sessions() == ["a", "b", "c"].map(session))
            #expect(try await catalog.condemn([], liveCaches: []) == ["a", "b", "c"].map(session))
            try await catalog.end("a")
            try await catalog.abandon(["b", "x"])
            try await catalog.end("b")
            #expect(try await catalog.sessions() == [session("c")])
            #expect(try await catalog.condemn([], liveCaches: []) == [session("c")])
            await #expect(throws: CatalogError.self) { try await catalog.begin(session("c")) }
        }
    }

    @Test func `packs are a session's until its snapshot is recorded`() async throws {
        try await withCatalog { catalog in
            try await catalog.begin(session("a"))
            try await catalog.begin(session("b"))
            try await catalog.commit(1, 0..<5, session: "a")
            try await catalog.commit(2, 5..<9, session: "b")
            try await catalog.commit(3, 9..<10)
            #expect(try await catalog.packs().map(\.sessionID) == ["a", "b", nil])
            #expect(try await catalog.pack(pack(2).id)?.sessionID == "b")
            #expect(try await catalog.add(snapshot("a"), reusing: [], caching: [], in: "a"))
            #expect(try await catalog.packs().map(\.sessionID) == [nil, "b", nil])
            try await catalog.end("b")
            #expect(try await catalog.packs().map(\.sessionID) == [nil, "b", nil])
        }
    }

    @Test(arguments: [false, true])
    func `a session that was ended commits nothing any more`(_ isAbandoned: Bool) async throws {
        try await withCatalog { catalog in
            try await catalog.begin(session("a"))
            try await catalog.commit(1, 0..<5, session: "a")
            if isAbandoned { try await catalog.abandon(["a"]) } else { try await catalog.end("a") }
            let error = await #expect(throws: CatalogError.self) {
                try await catalog.commit(2, 5..<9, session: "a")
            }
            #expect(error?.code == .sessionEnded)
            let late = await #expect(throws: CatalogError.self) {
                _ = try await catalog.add(snapshot("a"), reusing: [], caching: [], in: "a")
            }
            #expect(late?.code == .sessionEnded)
            #expect(late?.message.contains("run again") == true)
            #expect(try await catalog.packs().count == 1)
            #expect(try await catalog.snapshots(limit: nil).isEmpty)
            // What a crash kept from being recorded is taken in, but not of who was given up.
            #expect(try await catalog.adopt(snapshot("a")) == !isAbandoned)
            #expect(try await catalog.snapshots(limit: nil).count == (isAbandoned ? 0 : 1))
            #expect(
                try await catalog.packs().map(\.sessionID) == [isAbandoned ? "a" : nil])
        }
    }

    @Test func `a session may reuse a pack that was rewritten, but not one that was lost`()
        async throws
    {
        try await withCatalog { catalog in
            try await catalog.commit(1, 0..<5)
            try await catalog.commit(2, 5..<9)
            for id in ["a", "b"] { try await catalog.begin(session(id)) }
            _ = try await catalog.condemn([some(1, of: 5, [0])], liveCaches: [])
            let generation = try await catalog.rootGeneration()
            #expect(
                try await catalog.commitRewrite(
                    pack(3, blockCount: 4), blocks: blocks(1..<5), replacing: [pack(1).id],
                    ifRootGeneration: generation))
            let reused = [pack(1).id, pack(2).id]
            #expect(try await catalog.add(snapshot("a"), reusing: reused, caching: [], in: "a"))
            #expect(try await catalog.pack(pack(2).id)?.version == 1)
            try await catalog.forget(packs: [pack(2).id])
            let error = await #expect(throws: CatalogError.self) {
                _ = try await catalog.add(snapshot("b"), reusing: reused, caching: [], in: "b")
            }
            #expect(error?.code == .packMissing)
        }
    }
}
