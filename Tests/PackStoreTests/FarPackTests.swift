// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import ObjectStore
import Synchronization
import TestSupport
import Testing

@testable import PackStore

/// Packs behind a network: how many requests reading them takes, and of what size.
struct FarPackTests {
    private let directory: TemporaryDirectory
    private static let granularity = 256 << 10

    private let far: MeteredObjectStore
    /// What was read, and by how much at once, as if each read were a request.
    private let requests = Requests()
    private let packs: PackStore
    private let pack: SealedPack
    private let blocks: [Block]

    /// A pack of 2,000 blocks of some kilobytes, in frames of some hundred blocks.
    init() async throws {
        directory = try TemporaryDirectory()
        let requests = self.requests
        far = MeteredObjectStore(
            try DirectoryObjectStore(path: directory.path + "/far"),
            readGranularity: Self.granularity
        ) { byteCount in requests.reads.withLock { $0.append(byteCount) } }
        packs = PackStore(tiers: [.cold: far])
        var generator = SeededGenerator(seed: 3)
        blocks = try (0..<2000).map { _ in
            let bytes = (0..<3000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            return Block(
                cid: try CIDBuilder().cid(codec: .raw, hashing: bytes.span), bytes: bytes)
        }
        var writer = try PackWriter(into: far, kind: .leaves, tier: .cold)
        let frame = FrameBuilder(compression: .none, targetByteCount: 300_000)
        for block in blocks {
            try frame.append(block)
            if frame.isFull { try writer.append(try frame.finish()) }
        }
        if frame.blockCount > 0 { try writer.append(try frame.finish()) }
        pack = try writer.finish().seal()
        requests.reads.withLock { $0 = [] }
    }

    @Test func `one block takes one request for the index and one for its frame`() async throws {
        let block = try await packs.block(
            in: pack.id, tier: .cold, ordinal: 700, expecting: blocks[700].cid)
        #expect(block == blocks[700])
        let reads = requests.reads.withLock { $0 }
        #expect(reads.count == 2)
        #expect(reads[0] == Self.granularity)
        #expect(reads[1] < 400_000)
        _ = try await packs.block(
            in: pack.id, tier: .cold, ordinal: 5, expecting: blocks[5].cid)
        // The index is known by now.
        #expect(requests.reads.withLock { $0.count } == 3)
    }

    @Test func `neighbouring frames are read together, and no others`() async throws {
        let wanted = (100..<1100).map { WantedBlock(ordinal: $0, cid: blocks[$0].cid, index: $0) }
        let found = Mutex(0)
        try await packs.read(wanted, of: pack.id, tier: .cold) { wanted, result in
            let block = try result.get()
            #expect(block == blocks[wanted.index])
            found.withLock { $0 += 1 }
        }
        #expect(found.withLock { $0 } == 1000)
        let reads = requests.reads.withLock { $0 }
        // 3 MB of blocks, and the frames at both ends: one request of at most 4 MiB.
        #expect(reads.count == 2)
        #expect(reads[1] >= 3_000_000)
        #expect(reads[1] <= 4 << 20)
    }

    @Test func `frames far apart are read by themselves`() async throws {
        // The last frames come with the index.
        let wanted = [0, 700, 1400].map {
            WantedBlock(ordinal: $0, cid: blocks[$0].cid, index: $0)
        }
        try await packs.read(wanted, of: pack.id, tier: .cold) { wanted, result in
            let block = try result.get()
            #expect(block == blocks[wanted.index])
        }
        let reads = requests.reads.withLock { $0 }
        #expect(reads.count == 4)
        #expect(reads.dropFirst().allSatisfy { $0 < 400_000 })
    }

    @Test func `a whole pack is checked in large pieces`() async throws {
        #expect(try await packs.verify(pack.id, tier: .cold).damage.isEmpty)
        #expect(requests.reads.withLock { $0.count } < 10)
    }

    @Test func `a read past the end is refused as ever`() throws {
        let object = PagedObjectReader(
            try far.open(PackFormat.key(pack.id)), pack: pack.id, tier: .cold,
            pageByteCount: 4096, pages: PageCache(byteLimit: 1 << 20))
        #expect(throws: ObjectStoreError.self) {
            try object.read(100, at: object.byteCount - 50)
        }
        // Across pages, at every place near their borders.
        let whole = try object.read(Int(object.byteCount), at: 0)
        for page in 1...3 {
            let border = Int(object.byteCount) - page * 4096
            for start in [border - 100, border - 1, border, border + 1] {
                #expect(
                    try object.read(200, at: Int64(start)) == Array(whole[start..<start + 200]))
            }
        }
        #expect(try object.read(10, at: 0) == Array(whole[..<10]))
    }
}

private final class Requests: Sendable {
    let reads = Mutex<[Int]>([])
}
