// SPDX-License-Identifier: Apache-2.0

import Catalog
import Testing

struct AnnounceStoreTests {
    private static let everywhere = AnnounceKey.lowest...AnnounceKey.highest

    /// All announcements, read in small pages.
    private static func all(
        _ catalog: SQLiteCatalog, before time: Int64 = .max, page: Int = 100
    ) async throws -> [Announcement] {
        var found: [Announcement] = []
        var cursor = AnnounceKey.lowest
        while true {
            let next = try await catalog.announcements(
                in: cursor...AnnounceKey.highest, before: time, limit: page)
            guard let last = next.last else { return found }
            found += next
            cursor = last.key.successor
        }
    }

    private static func add(_ numbers: Range<Int>, to catalog: SQLiteCatalog) async throws -> Int {
        var added = 0
        for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 500) {
            added += try await catalog.addAnnouncements(
                (start..<min(start + 500, numbers.upperBound)).map { multihash($0) })
        }
        return added
    }

    @Test(arguments: [1, 27, 28, 500, 5_000])
    func `announcements come back once each in the order of their keys`(
        count: Int
    ) async throws {
        try await withCatalog { catalog in
            #expect(try await Self.add(0..<count, to: catalog) == count)
            #expect(try await Self.add(0..<count, to: catalog) == 0)
            let expected = (0..<count).map { Announcement(multihash($0)) }
                .sorted { $0.key < $1.key }
            #expect(try await Self.all(catalog) == expected)
            #expect(try await Self.all(catalog, before: 1) == expected)
            #expect(try await catalog.announcementCount(in: Self.everywhere) == count)
            let summary = try await catalog.announceSummary()
            #expect(summary.count == count)
            #expect(summary.freshCount == count)
        }
    }

    @Test(arguments: ["0", "1", "0110", "11111111", "*"])
    func `a region is the range of its prefix`(text: String) async throws {
        let prefix = try #require(KeyPrefix(text: text))
        try await withCatalog { catalog in
            _ = try await Self.add(0..<3_000, to: catalog)
            let range = prefix.lowest...prefix.highest
            let expected = (0..<3_000).map { Announcement(multihash($0)) }
                .filter { prefix.contains($0.key) }.sorted { $0.key < $1.key }
            #expect(
                try await catalog.announcements(in: range, before: .max, limit: 9_999) == expected)
            #expect(try await catalog.announcementCount(in: range) == expected.count)
        }
    }

    @Test func `what was announced keeps its time, and what is gone leaves`() async throws {
        try await withCatalog { catalog in
            _ = try await Self.add(0..<2_000, to: catalog)
            let all = try await Self.all(catalog)
            let provided = all.indices.filter { $0 % 3 == 0 }.map { all[$0] }
            let absent = all.indices.filter { $0 % 3 == 1 }.map { all[$0] }
            try await catalog.settleAnnouncements(provided: provided, absent: absent, at: 77)
            let summary = try await catalog.announceSummary()
            #expect(summary.count == all.count - absent.count)
            #expect(summary.freshCount == all.count - absent.count - provided.count)
            let left = try await Self.all(catalog)
            #expect(left.filter { $0.providedAt == 77 }.map(\.key) == provided.map(\.key))
            #expect(left.count == summary.count)
            #expect(try await Self.all(catalog, before: 77).count == summary.freshCount)
            #expect(try await Self.all(catalog, before: 1).count == summary.freshCount)
            #expect(try await catalog.announcement(of: absent[0].multihash) == nil)
            #expect(try await catalog.announcement(of: provided[0].multihash)?.providedAt == 77)
            try await catalog.settleAnnouncements(
                provided: [], absent: left, at: 78)
            #expect(try await catalog.announceSummary().count == 0)
            #expect(try await Self.add(0..<50, to: catalog) == 50)
        }
    }

    @Test func `multihashes of all lengths are kept`() async throws {
        try await withCatalog { catalog async throws -> Void in
            let odd: [[UInt8]] = [
                [0x12, 0x20], Array(repeating: 7, count: 255),
                [0x1e, 0x20] + Array(repeating: 1, count: 32),
            ]
            #expect(try await catalog.addAnnouncements(odd) == 3)
            #expect(Set(try await Self.all(catalog).map(\.multihash)) == Set(odd))
            await #expect(throws: CatalogError.self) {
                try await catalog.addAnnouncements([[]])
            }
        }
    }

    @Test func `an announced CID costs less than 56 bytes`() async throws {
        try await withCatalog { catalog in
            let before = try await catalog.totals().catalogByteCount
            // As a fill does it: many at a time, sorted.
            let count = 60_000
            for part in 0..<3 {
                let sorted = (part * count / 3..<(part + 1) * count / 3)
                    .map { Announcement(multihash($0)) }.sorted { $0.key < $1.key }
                for start in stride(from: 0, to: sorted.count, by: AnnounceLimits.batch) {
                    let end = min(start + AnnounceLimits.batch, sorted.count)
                    _ = try await catalog.addAnnouncements(
                        sorted[start..<end].map(\.multihash))
                }
            }
            let after = try await catalog.totals().catalogByteCount
            #expect(Double(after - before) / Double(count) < 56)
        }
    }

    @Test func `a commit of another connection changes the mark, and nothing else does`()
        async throws
    {
        try await withCatalogPath { path in
            let catalog = try await SQLiteCatalog.open(at: path)
            let other = try await SQLiteCatalog.open(at: path)
            let first = try await catalog.changeMark()
            #expect(try await catalog.changeMark() == first)
            try await other.add(snapshot("a"))
            let second = try await catalog.changeMark()
            #expect(second != first)
            #expect(try await catalog.changeMark() == second)
            try await catalog.add(snapshot("b"))
            #expect(try await catalog.changeMark() != second)
            try await other.close()
            try await catalog.close()
        }
    }

    @Test func `snapshots wait to be looked through in the order of their commits`() async throws {
        try await withCatalog { catalog in
            try await catalog.add(snapshot("b", startedAt: 2))
            try await catalog.add(snapshot("a", startedAt: 1))
            let waiting = try await catalog.snapshotsToAnnounce(after: 0, limit: 10)
            #expect(waiting.map { $0.snapshot?.id } == ["b", "a"])
            #expect(waiting[0].snapshot?.roots == snapshot("b").roots)
            let second = try await catalog.snapshotsToAnnounce(
                after: waiting[0].sequence, limit: 10)
            #expect(second == [waiting[1]])
            try await catalog.finishSnapshots([waiting[0].sequence])
            _ = try await catalog.removeSnapshot("a")
            let rest = try await catalog.snapshotsToAnnounce(after: 0, limit: 10)
            #expect(rest.map(\.sequence) == [waiting[1].sequence])
            #expect(rest[0].snapshot == nil)
        }
    }

    @Test func `packs come in the order of their commits`() async throws {
        try await withCatalog { catalog in
            for number in [5, 3, 9] {
                try await catalog.commit(pack(number, blockCount: 1), blocks: blocks([number]))
            }
            let all = try await catalog.packs(after: 0, limit: 10)
            #expect(all.map(\.pack.id) == [5, 3, 9].map { pack($0).id })
            let rest = try await catalog.packs(after: all[0].mark, limit: 1)
            #expect(rest.map(\.pack.id) == [pack(3).id])
            #expect(try await catalog.announceSummary().lastPack == all[2].mark)
        }
    }

    @Test func `the schedule is kept, and begins anew with another strategy`() async throws {
        try await withCatalog { catalog in
            var region = AnnounceRegion(prefix: try #require(KeyPrefix(text: "01")), dueAt: 50)
            region.retryAt = 60
            region.error = "nobody answered"
            region.attempts = 2
            let other = AnnounceRegion(prefix: try #require(KeyPrefix(text: "1")), dueAt: 70)
            try await catalog.updateRegions([other, region], removing: [])
            #expect(try await catalog.announceRegions() == [region, other])
            try await catalog.updateRegions([], removing: [other.prefix])
            #expect(try await catalog.announceRegions() == [region])

            _ = try await catalog.addAnnouncements([multihash(1)])
            try await catalog.add(snapshot("a"))
            try await catalog.finishSnapshots(
                try await catalog.snapshotsToAnnounce(after: 0, limit: 1).map(\.sequence))
            try await catalog.resetAnnouncements(strategy: 2, cycleStart: 1_000)
            let summary = try await catalog.announceSummary()
            #expect(summary.strategy == 2)
            #expect(summary.cycleStart == 1_000)
            #expect(summary.count == 0)
            #expect(summary.snapshotCount == 1)
            #expect(try await catalog.announceRegions().isEmpty)
        }
    }

    @Test func `a rebuild keeps what was announced and looks through all packs again`()
        async throws
    {
        try await withCatalog { catalog in
            try await catalog.commit(pack(1, blockCount: 1), blocks: blocks([1]))
            _ = try await catalog.addAnnouncements([multihash(1)])
            let mark = try await catalog.announceSummary().lastPack
            try await catalog.setAnnouncedPack(mark)
            try await catalog.beginRebuild()
            try await catalog.commit(pack(1, blockCount: 1), blocks: blocks([1]))
            try await catalog.finishRebuild()
            #expect(try await catalog.announceSummary().count == 1)
            #expect(try await catalog.packs(after: mark, limit: 10).count == 1)
        }
    }
}

struct KeyPrefixTests {
    @Test func `bits are counted from the highest`() throws {
        let key = AnnounceKey(digest: [0b1010_0000] + Array(repeating: 0, count: 30) + [1])
        #expect((0..<4).map { key.bit($0) } == [true, false, true, false])
        #expect(key.bit(255))
        #expect(
            key.flipping(0).flipping(255).bytes == [0b0010_0000] + Array(repeating: 0, count: 31))
        #expect(KeyPrefix(of: key, bitCount: 3).description == "101")
        #expect(AnnounceKey(digest: key.bytes) == key)
    }

    @Test(arguments: [0, 1, 63, 64, 65, 128, 255, 256])
    func `a prefix ends where its bits change`(bitCount: Int) throws {
        let key = AnnounceKey(hashing: multihash(9))
        let prefix = KeyPrefix(of: key, bitCount: bitCount)
        #expect(prefix.lowest <= key && key <= prefix.highest)
        #expect(prefix.lowest.commonPrefixBitCount(with: prefix.highest) == bitCount)
        #expect(KeyPrefix(text: prefix.description) == prefix)
        if bitCount > 0 { #expect(!prefix.contains(key.flipping(bitCount - 1))) }
    }

    @Test(arguments: ["", "2", "0 1", "**"])
    func `what is no prefix is none`(text: String) { #expect(KeyPrefix(text: text) == nil) }
}
