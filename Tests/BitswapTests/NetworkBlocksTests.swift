// SPDX-License-Identifier: Apache-2.0

import Bitswap
import BlockStore
import IPLD
import Libp2p
import Multiformats
import Synchronization
import TestSupport
import Testing
import UnixFS

@Suite(.timeLimit(.minutes(2)))
struct NetworkBlocksTests {
    private let network = MemoryNetwork()
    private let server: Node
    private let client: Node

    init() throws {
        server = try Node(1, in: network)
        client = try Node(2, in: network)
    }

    /// A file of some depth, in the server's store.
    private func file(byteCount: Int) async throws -> (root: CID, bytes: [UInt8]) {
        var generator = SeededGenerator(seed: 7)
        let bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255, using: &generator) }
        var level: [(cid: CID, byteCount: UInt64)] = []
        for start in stride(from: 0, to: bytes.count, by: 1_000) {
            let block = try rawBlock(Array(bytes[start..<min(start + 1_000, bytes.count)]))
            try await server.store.put([block])
            level.append((block.cid, UInt64(block.bytes.count)))
        }
        while level.count > 1 {
            var next: [(cid: CID, byteCount: UInt64)] = []
            for start in stride(from: 0, to: level.count, by: 7) {
                let children = level[start..<min(start + 7, level.count)]
                let total = children.reduce(0) { $0 + $1.byteCount }
                let data = UnixFSData(
                    kind: .file, filesize: total, blocksizes: children.map(\.byteCount))
                let node = PBNode(
                    links: children.map { PBLink(hash: $0.cid, name: [], tsize: $0.byteCount) },
                    data: data.encode())
                let encoded = node.encode()
                let cid = CID(v1: .dagPB, try HashFunction.sha2_256.multihash(of: encoded.span))
                try await server.store.put([Block(cid: cid, bytes: encoded)])
                next.append((cid, total))
            }
            level = next
        }
        return (try #require(level.first).cid, bytes)
    }

    @Test func `it keeps the contract of a store`() async throws {
        try await running([client]) {
            let blocks = NetworkBlocks(local: client.store, session: client.service.makeSession())
            try await BlockStoreContract(blocks).check()
        }
    }

    @Test(arguments: [false, true])
    func `a remote file is streamed and kept`(isPrefetching: Bool) async throws {
        let (root, bytes) = try await file(byteCount: 200_000)
        try await client.connect(to: server.host)
        try await running([server, client]) {
            let sink = StoreSink(client.store)
            let blocks = NetworkBlocks(
                local: client.store, session: client.service.makeSession(), sink: sink)
            let read = Mutex<[UInt8]>([])
            let stream = { (source: NetworkBlocks) in
                try await UnixFSReader(source: source).file(root).forEachChunk { chunk in
                    read.withLock { $0 += chunk }
                }
            }
            if isPrefetching {
                try await blocks.prefetching(width: 16, byteCount: 20_000, stream)
            } else {
                try await stream(blocks)
            }
            #expect(read.withLock { $0 } == bytes)
            #expect(client.store.count == server.store.count)
            #expect(client.service.statistics.blocksReceived == server.store.count)
            #expect(client.service.statistics.duplicatesReceived == 0)
        }
    }

    @Test func `what is here is not fetched, what is damaged is`() async throws {
        let (sound, damaged) = (try rawBlock(1), try rawBlock(2))
        try await server.store.put([sound, damaged])
        try await client.store.put([sound])
        try await client.connect(to: server.host)
        try await running([server, client]) {
            let blocks = NetworkBlocks(
                local: DamagedStore(client.store, damaged: damaged.cid),
                session: client.service.makeSession())
            let found = Mutex<[Int: Block]>([:])
            try await blocks.forEachBlock([sound.cid, damaged.cid, sound.cid]) { index, block in
                found.withLock { $0[index] = block }
            }
            #expect(found.withLock { $0 } == [0: sound, 1: damaged, 2: sound])
            #expect(client.service.statistics.blocksReceived == 1)
        }
    }

    @Test func `an error of the reader's ends the prefetch with it`() async throws {
        struct Enough: Error {}
        let (root, _) = try await file(byteCount: 50_000)
        try await client.connect(to: server.host)
        try await running([server, client]) {
            let blocks = NetworkBlocks(local: client.store, session: client.service.makeSession())
            await #expect(throws: Enough.self) {
                try await blocks.prefetching { source in
                    try await UnixFSReader(source: source).file(root).forEachChunk { _ in
                        throw Enough()
                    }
                }
            }
        }
    }
}

/// Puts each block at once.
private final class StoreSink: BlockSink {
    private let store: MemoryBlockStore
    init(_ store: MemoryBlockStore) { self.store = store }
    func put(_ block: Block) async throws { try await store.put([block]) }
    func pendingBlock(_ cid: CID) -> Block? { nil }
}

/// A store that finds one of its blocks damaged.
private struct DamagedStore: BlockStore {
    let store: MemoryBlockStore
    let damaged: CID

    init(_ store: MemoryBlockStore, damaged: CID) {
        self.store = store
        self.damaged = damaged
    }

    func block(_ cid: CID) async throws -> Block {
        if cid == damaged { throw BlockStoreError(.corrupt, cid: cid, message: "damaged") }
        return try await store.block(cid)
    }

    func contains(_ cids: [CID]) async throws -> [Bool] {
        zip(cids, try await store.contains(cids)).map { $0 == damaged || $1 }
    }

    func put(_ blocks: [Block]) async throws { try await store.put(blocks) }
}
