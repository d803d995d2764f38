// SPDX-License-Identifier: Apache-2.0

import Catalog
import Testing

@Suite struct SQLiteCatalogSnapshotTests {
    @Test func `every property of a snapshot comes back, odd text and bytes included`()
        async throws
    {
        var made = snapshot("01890a5d-ac96-774b-bcce-b302099a8057", startedAt: -5)
        made.sources = ["", "/a b/\u{0}nul", "/e\u{301}", "/\u{e9}", "'; DROP TABLE packs; --"]
        made.roots = [
            .init(name: "", cid: []), .init(name: "\u{fffd}\n", cid: [0, 255, 0]),
            .init(name: "same", cid: Array(0...255)), .init(name: "same", cid: [1]),
        ]
        made.parentID = "\u{1F5FF}"
        made.options = [
            .init(key: "z", value: ""), .init(key: "a", value: "1\u{0}2"),
            .init(key: "a", value: "again"),
        ]
        made.tags = ["nightly", "nightly", "\u{0}"]
        made.host = "h\u{0}st"
        made.recordCID = [0, 0x27, 0xff]
        made.counts.files = 1
        made.counts.directories = 2
        made.counts.symlinks = 3
        made.counts.bytes = .max
        made.counts.blocks = 5
        made.counts.newBlocks = 6
        made.counts.newBytes = 7
        made.counts.storedBytes = 8
        made.counts.skipped = .min
        let record = made
        try await withCatalog { catalog in
            try await catalog.add(record)
            #expect(try await catalog.snapshots(limit: nil) == [record])
            let found = try await catalog.snapshot(matching: "0189")
            #expect(found == record)
            // Unicode equality would hide a change of form.
            #expect(found?.sources.map { Array($0.utf8) } == record.sources.map { Array($0.utf8) })
        }
    }

    @Test func `snapshots come newest first, as many as asked`() async throws {
        try await withCatalog { catalog in
            for (id, time) in [("b", 20), ("a", 10), ("d", 30), ("c", 30)] {
                try await catalog.add(snapshot(id, startedAt: Int64(time)))
            }
            #expect(try await catalog.snapshots(limit: nil).map(\.id) == ["d", "c", "b", "a"])
            #expect(try await catalog.snapshots(limit: 2).map(\.id) == ["d", "c"])
            #expect(try await catalog.snapshots(limit: 0).isEmpty)
            #expect(try await catalog.isEmpty() == false)
        }
    }

    @Test func `a prefix finds its one snapshot, and a whole id even if others go on`()
        async throws
    {
        try await withCatalog { catalog in
            for id in ["0189-aa", "0189-ab", "0190", "0190-x"] {
                try await catalog.add(snapshot(id))
            }
            #expect(try await catalog.snapshot(matching: "0189-ab")?.id == "0189-ab")
            #expect(try await catalog.snapshot(matching: "0190-")?.id == "0190-x")
            #expect(try await catalog.snapshot(matching: "0190")?.id == "0190")
            #expect(try await catalog.snapshot(matching: "0191") == nil)
            #expect(try await catalog.snapshot(matching: "%") == nil)
        }
    }

    @Test(arguments: ["0189", "01", ""])
    func `a prefix of several snapshots is refused`(_ prefix: String) async throws {
        try await withCatalog { catalog in
            for id in ["0189-aa", "0189-ab", "0190"] { try await catalog.add(snapshot(id)) }
            let error = await #expect(throws: CatalogError.self) {
                try await catalog.snapshot(matching: prefix)
            }
            #expect(error?.code == .ambiguous)
        }
    }

    @Test func `a snapshot added again is replaced, and removed it is gone`() async throws {
        try await withCatalog { catalog in
            try await catalog.add(snapshot("a", startedAt: 1))
            var made = snapshot("a", startedAt: 2)
            made.sources = []
            made.tags = ["new"]
            try await catalog.add(made)
            #expect(try await catalog.snapshots(limit: nil) == [made])
            #expect(try await catalog.removeSnapshot("a"))
            #expect(try await catalog.removeSnapshot("a") == false)
            #expect(try await catalog.isEmpty())
        }
    }
}
