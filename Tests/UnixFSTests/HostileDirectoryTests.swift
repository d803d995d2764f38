// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import Testing
import UnixFS

/// Directories that lie about themselves.
final class HostileDirectoryTests {
    private var blocks = MemoryBlocks()

    private func shard(
        _ links: [(String, CID)], bitfield: [UInt8], fanout: UInt64? = 256,
        hashType: UInt64? = 0x22
    ) throws -> CID {
        let message = UnixFSData(
            kind: .hamtShard, data: bitfield, hashType: hashType, fanout: fanout)
        let pbLinks = links.map { PBLink(hash: $0.1, name: Array($0.0.utf8), tsize: 1) }
        return try blocks.insert(PBNode(links: pbLinks, data: message.encode()))
    }

    private func list(_ cid: CID) async throws -> [[UInt8]] {
        var names: [[UInt8]] = []
        try await UnixFSReader(source: blocks).list(cid) { names.append($0.name) }
        return names
    }

    /// What `read` throws, if it is an error of the reader's own.
    private func refusal(
        of read: (UnixFSReader<MemoryBlocks>) async throws -> Void
    ) async -> UnixFSReadError? {
        do {
            try await read(UnixFSReader(source: blocks))
            return nil
        } catch { return error as? UnixFSReadError }
    }

    /// What listing `cid` throws.
    private func refusal(listing cid: CID) async -> UnixFSReadError? {
        await refusal { try await $0.list(cid) { _ in } }
    }

    private func expectMalformed(_ cid: CID, _ error: UnixFSError) async {
        #expect(await refusal(listing: cid) == .malformed(cid, error))
        let lookUp = await refusal { _ = try await $0.entry([0x61], in: cid) }
        #expect(lookUp == .malformed(cid, error))
    }

    /// The bit field with one bucket set.
    private func bitfield(_ bucket: Int) throws -> [UInt8] {
        try #require(HAMTShape(fanout: 256)).bitfield(of: [bucket])
    }

    @Test(arguments: ["", ".", "..", "../x", "/", "a\u{0}"])
    func `a name that leads out of its directory is refused`(_ name: String) async throws {
        let leaf = try blocks.insert(raw: [1])
        let root = try blocks.insert(
            PBNode(
                links: [
                    PBLink(hash: leaf, name: [0x61]), PBLink(hash: leaf, name: Array(name.utf8)),
                ],
                data: [0x08, 1]))
        await expectMalformed(root, .invalidName(index: 1))
        if !name.isEmpty {
            let sharded = try shard([("00" + name, leaf)], bitfield: [1])
            await expectMalformed(sharded, .invalidName(index: 0))
        }
    }

    @Test func `a name that is there twice is refused`() async throws {
        let leaf = try blocks.insert(raw: [1])
        let links = ["a", "b", "a"].map { PBLink(hash: leaf, name: Array($0.utf8)) }
        let root = try blocks.insert(PBNode(links: links, data: [0x08, 1]))
        await expectMalformed(root, .duplicateName(index: 2))
    }

    @Test(arguments: [nil, 0, 4, 7, 12, 2048, 1 << 30, UInt64.max])
    func `a shard of a wrong width is refused`(_ fanout: UInt64?) async throws {
        let root = try shard([], bitfield: [], fanout: fanout)
        await expectMalformed(root, .invalidFanout(fanout ?? 0))
    }

    @Test(arguments: [nil, 0x12, UInt64.max])
    func `a shard with another hash is refused`(_ hashType: UInt64?) async throws {
        let root = try shard([], bitfield: [], hashType: hashType)
        await expectMalformed(root, .unsupportedHashType(hashType ?? 0))
    }

    @Test func `a bit field that does not fit is refused`() async throws {
        let leaf = try blocks.insert(raw: [1])
        let long = [UInt8](repeating: 0, count: 32) + [1]
        await expectMalformed(
            try shard([("00a", leaf)], bitfield: long), .bitfieldTooLong(byteCount: 33))
        await expectMalformed(
            try shard([("00a", leaf)], bitfield: [3]), .bitfieldMismatch(bits: 2, links: 1))
        await expectMalformed(
            try shard([("00a", leaf)], bitfield: []), .bitfieldMismatch(bits: 0, links: 1))
    }

    @Test(arguments: ["01a", "0", "", "0a", "ffx"])
    func `a link that is not named after its bucket is refused`(
        _ name: String
    ) async throws {
        let leaf = try blocks.insert(raw: [1])
        await expectMalformed(
            try shard([(name, leaf)], bitfield: [1]), .wrongPrefix(index: 0))
    }

    @Test func `an entry that its hash puts elsewhere is named`() async throws {
        let leaf = try blocks.insert(raw: [1])
        let bucket = Int(HAMTBuilder.sortKey(of: [0x61]) >> 56)
        let right = try shard(
            [(Self.prefix(bucket) + "a", leaf)], bitfield: bitfield(bucket))
        #expect(try await list(right) == [[0x61]])
        let other = (bucket + 1) % 256
        let wrong = try shard([(Self.prefix(other) + "a", leaf)], bitfield: bitfield(other))
        #expect(await refusal(listing: wrong) == .misplacedEntry(name: [0x61], in: wrong))
    }

    @Test func `one shard in every bucket ends at its first misplaced entry`()
        async throws
    {
        let leaf = try blocks.insert(raw: [1])
        var cid = try shard([("00a", leaf)], bitfield: [1])
        for _ in 0..<7 {
            cid = try shard(
                (0..<256).map { (Self.prefix($0), cid) },
                bitfield: [UInt8](repeating: 0xff, count: 32))
        }
        let root = cid
        guard case .misplacedEntry(name: [0x61], in: _) = await refusal(listing: root) else {
            Issue.record("the entry went unnoticed")
            return
        }
    }

    @Test func `a sub-shard that is empty, narrower or no shard is refused`()
        async throws
    {
        let leaf = try blocks.insert(raw: [1])
        let empty = try shard([], bitfield: [])
        let narrow = try shard([("0a", leaf)], bitfield: [1], fanout: 16)
        let root = try shard([("00", empty)], bitfield: [1])
        #expect(await refusal(listing: root) == .emptyShard(empty))
        for child in [narrow, leaf] {
            let root = try shard([("00", child)], bitfield: [1])
            #expect(await refusal(listing: root) == .notAShard(child))
        }
        #expect(try await list(empty) == [], "an empty root is an empty directory")
    }

    @Test func `shards deeper than the hash has bits are refused`() async throws {
        let leaf = try blocks.insert(raw: [1])
        let name: [UInt8] = [0x61]
        let shape = try #require(HAMTShape(fanout: 256))
        let hash = HAMTBuilder.sortKey(of: name)
        var cid = try shard([("00a", leaf)], bitfield: [1])
        let deepest = cid
        for level in (0..<8).reversed() {
            let bucket = shape.bucket(of: hash, level: level)
            cid = try shard([(Self.prefix(bucket), cid)], bitfield: bitfield(bucket))
        }
        let root = cid
        #expect(await refusal(listing: root) == .tooDeep(deepest))
        let lookUp = await refusal { _ = try await $0.entry(name, in: root) }
        #expect(lookUp == .tooDeep(deepest))
    }

    @Test func `a flipped bit in any shard is an error or another directory`()
        async throws
    {
        let rules = try DirectoryRules(hamtThreshold: 1, fanout: 8)
        let entries = try (0..<12).map { try DirectoryTests.entry("\($0)") }
        let root = try DirectoryBuilder(rules: rules, cidBuilder: CIDBuilder())
            .build(entries) { blocks.insert($0) }
        let intact = blocks
        for (cid, block) in intact.blocks {
            for bit in 0..<8 * block.count {
                var flipped = block
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                blocks = intact
                blocks.insert(Block(cid: cid, bytes: flipped))
                if let names = try? await list(root.cid) {  // an error is as good
                    #expect(Set(names).count == names.count, "bit \(bit) of \(cid)")
                }
            }
        }
    }

    private static func prefix(_ bucket: Int) -> String {
        (bucket < 16 ? "0" : "") + String(bucket, radix: 16, uppercase: true)
    }
}
