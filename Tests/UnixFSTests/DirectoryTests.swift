// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// When directories are sharded, and what shards are made of.
struct DirectoryTests {
    static let fanouts = [8, 16, 32, 64, 128, 256, 512, 1024]

    /// From the tests of boxo's directory estimate.
    @Test(arguments: [
        (11, 36, 1, 55), (21, 36, 1, 65), (22, 36, 1, 66), (255, 34, 0, 299),
        (255, 36, 0, 301), (10, 36, 0, 54), (255, 36, 34_359_738_367, 305),
    ])
    func `a link counts in the block estimate as it is encoded`(
        _ nameByteCount: Int, _ cidByteCount: Int, _ tsize: UInt64, _ expected: Int
    ) throws {
        let name = [UInt8](repeating: 0x61, count: nameByteCount)
        let cid = try CIDBuilder(version: cidByteCount == 34 ? .v0 : .v1)
            .cid(codec: .dagPB, hashing: name.span)
        var estimate = DirectoryEstimate(rules: .v1_2025)
        #expect(estimate.byteCount == 4, "an empty directory's block")
        estimate.add(name: name, cid: cid, tsize: tsize)
        #expect(estimate.byteCount == 4 + expected)
        var links = DirectoryEstimate(rules: .v0_2015)
        links.add(name: name, cid: cid, tsize: tsize)
        #expect(links.byteCount == nameByteCount + cidByteCount)
    }

    @Test(arguments: [
        UnixFSMetadata.none, UnixFSMetadata(mode: 0),
        UnixFSMetadata(mode: 0o7777, mtime: UnixFSTimestamp(seconds: -1, nanoseconds: 1)),
    ])
    func `the block estimate is the length of the basic directory's block`(
        _ metadata: UnixFSMetadata
    ) throws {
        var estimate = DirectoryEstimate(rules: .v1_2025, metadata: metadata)
        var entries: [DirectoryEntry] = []
        for number in 0..<300 {
            let entry = try Self.entry(
                "entry \(number * number)", tsize: UInt64(1) << (number % 60))
            entries.append(entry)
            estimate.add(name: entry.name, cid: entry.cid, tsize: entry.tsize)
        }
        let directory = try BasicDirectory.block(
            entries: entries, metadata: metadata, cidBuilder: CIDBuilder())
        #expect(estimate.byteCount == directory.block.bytes.count)
        #expect(estimate.entryCount == 300)
    }

    @Test func `the number of entries shards a directory that is one over`() throws {
        let rules = try DirectoryRules(hamtThreshold: nil, maxDirectoryLinks: 2)
        var estimate = DirectoryEstimate(rules: rules)
        for (number, isSharded) in [(1, false), (2, false), (3, true)] {
            let entry = try Self.entry("\(number)")
            estimate.add(name: entry.name, cid: entry.cid, tsize: entry.tsize)
            #expect(estimate.isSharded == isSharded)
        }
    }

    @Test(arguments: [-8, 0, 1, 4, 12, 100, 2048, 1 << 30])
    func `a fanout that is no power of two from 8 to 1024 is refused`(_ fanout: Int) {
        #expect(throws: UnixFSBuildError.invalidFanout(fanout)) {
            try DirectoryRules(fanout: fanout)
        }
        #expect(throws: UnixFSBuildError.invalidFanout(fanout)) {
            try HAMTBuilder(fanout: fanout, cidBuilder: CIDBuilder())
        }
    }

    @Test(arguments: ["", ".", "..", "a/b", "/", "a\u{0}"])
    func `a name that means something to a file system is refused`(_ name: String) throws {
        let entry = try Self.entry(name)
        let error = UnixFSBuildError.invalidName(Array(name.utf8))
        #expect(throws: error) {
            try BasicDirectory.block(entries: [entry], cidBuilder: CIDBuilder())
        }
        var builder = try HAMTBuilder(cidBuilder: CIDBuilder())
        #expect(throws: error) { try builder.append(entry) { _ in } }
    }

    @Test func `a name that is there twice is refused`() throws {
        let entries = [try Self.entry("b"), try Self.entry("a"), try Self.entry("b")]
        let error = UnixFSBuildError.duplicateName(Array("b".utf8))
        for threshold in [1, nil] {
            let builder = DirectoryBuilder(
                rules: try DirectoryRules(hamtThreshold: threshold), cidBuilder: try CIDBuilder())
            #expect(throws: error) { try builder.build(entries) { _ in } }
        }
    }

    @Test func `an entry out of hash order is refused`() throws {
        let sorted = try Self.sortedEntries(2)
        var builder = try HAMTBuilder(cidBuilder: CIDBuilder())
        try builder.append(sorted[1]) { _ in }
        #expect(throws: UnixFSBuildError.outOfOrder(sorted[0].name)) {
            try builder.append(sorted[0]) { _ in }
        }
    }

    @Test(arguments: fanouts)
    func `names with one hash are refused by name`(_ fanout: Int) throws {
        let (first, second) = MurmurCollision.names()
        try #require(first != second)
        try #require(HAMTBuilder.sortKey(of: first) == HAMTBuilder.sortKey(of: second))
        let leaf = try Self.entry("x").cid
        var builder = try HAMTBuilder(fanout: fanout, cidBuilder: CIDBuilder())
        try builder.append(DirectoryEntry(name: first, cid: leaf, tsize: 1)) { _ in }
        #expect(throws: UnixFSBuildError.hashCollision(second)) {
            try builder.append(DirectoryEntry(name: second, cid: leaf, tsize: 1)) { _ in }
        }
    }

    @Test(arguments: fanouts)
    func `shards go out children first, the root last`(_ fanout: Int) throws {
        var builder = try HAMTBuilder(fanout: fanout, cidBuilder: CIDBuilder())
        var seen: Set<CID> = []
        var last: CID?
        func check(_ block: Block) throws {
            guard case .hamtShard(let shard) = try UnixFSNode(block) else {
                Issue.record("\(block.cid) is no shard")
                return
            }
            #expect(shard.fanout == fanout)
            for case .shard(let cid) in shard.children { #expect(seen.contains(cid)) }
            seen.insert(block.cid)
            last = block.cid
        }
        for entry in try Self.sortedEntries(700) { try builder.append(entry, emit: check) }
        #expect(try builder.finish(emit: check).cid == last)
        #expect(seen.count > 1 || fanout == 1024)
    }

    @Test func `hash bits are read most significant first`() throws {
        let hash: UInt64 = 0xff7f_4f2d_7463_2311
        let wide = try #require(HAMTShape(fanout: 256))
        #expect(
            (0..<wide.levelCount).map { wide.bucket(of: hash, level: $0) }
                == [255, 127, 79, 45, 116, 99, 35, 17])
        let narrow = try #require(HAMTShape(fanout: 16))
        #expect((0..<4).map { narrow.bucket(of: hash, level: $0) } == [15, 15, 7, 15])
        let odd = try #require(HAMTShape(fanout: 8))
        #expect(odd.levelCount == 21)
        #expect((0..<4).map { odd.bucket(of: hash, level: $0) } == [7, 7, 6, 7])
        #expect(wide.commonLevels(hash, hash ^ 1) == 7)
        #expect(odd.commonLevels(hash, hash ^ 1) == 21, "the last bit is beyond the levels")
    }

    @Test(arguments: fanouts)
    func `bit fields are big-endian, without leading zeros`(_ fanout: Int) throws {
        let shape = try #require(HAMTShape(fanout: fanout))
        #expect(shape.bitfield(of: []) == [])
        #expect(shape.bitfield(of: [0]) == [1])
        #expect(shape.bitfield(of: [7]) == [0x80])
        #expect(shape.bitfield(of: [fanout - 1]).count == fanout / 8)
        for bucket in 0..<fanout {
            let buckets = [bucket / 2, bucket].filter { bucket != 0 || $0 == 0 }
            let set = bucket == 0 ? [0] : buckets
            #expect(shape.buckets(in: shape.bitfield(of: set)) == set)
        }
        #expect(shape.prefix(of: fanout - 1).count == shape.prefixByteCount)
        #expect(shape.prefix(of: fanout - 1).allSatisfy { Array("1357F".utf8).contains($0) })
    }

    static func entry(_ name: String, tsize: UInt64 = 1) throws -> DirectoryEntry {
        let bytes = Array(name.utf8)
        return DirectoryEntry(
            name: bytes, cid: try CIDBuilder().cid(codec: .raw, hashing: bytes.span),
            tsize: tsize)
    }

    static func sortedEntries(_ count: Int) throws -> [DirectoryEntry] {
        try (0..<count).map { try entry("file \($0)") }
            .sorted { HAMTBuilder.sortKey(of: $0.name) < HAMTBuilder.sortKey(of: $1.name) }
    }
}
