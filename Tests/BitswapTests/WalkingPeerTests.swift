// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Libp2p
import Multiformats
import Synchronization
import TestSupport
import Testing

@testable import Bitswap

/// Peers that ask for one block at a time, as Kubo does when it walks a DAG.
@Suite(.timeLimit(.minutes(2)))
struct WalkingPeerTests {
    private let network = MemoryNetwork()
    private let store = CountingStore()
    private let host: MemoryHost
    private let service: BitswapService
    private let walker: Walker

    init() throws {
        host = network.makeHost(try peer(1))
        service = BitswapService(host: host, store: store)
        walker = Walker(network.makeHost(try peer(2)))
    }

    /// Runs the service, with the walker connected.
    private func meeting(_ body: () async throws -> Void) async throws {
        try await walker.host.connect(to: host.peerID, at: host.addresses)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try? await service.run() }  // ends by cancellation, which is the end
            defer { group.cancelAll() }
            try await walker.ask(host.peerID)
            try await body()
        }
        await host.close()
    }

    /// A directory of so many files, in the store.
    private func directory(of count: Int) async throws -> (root: Block, files: [Block]) {
        let files = try (0..<count).map { try rawBlock($0, byteCount: 2_000) }
        let node = PBNode(links: files.map { PBLink(hash: $0.cid, tsize: 2_000) }, data: [8, 1])
        let bytes = node.encode()
        let cid = CID(v1: .dagPB, try HashFunction.sha2_256.multihash(of: bytes.span))
        let root = Block(cid: cid, bytes: bytes)
        try await store.put(files + [root])
        return (root, files)
    }

    /// Waits until nothing is being read ahead.
    private func settle() async throws {
        // Messages of a stream are handled in turn: once this is answered, the one before is over.
        try await walker.settle()
        while service.server.state.withLock({ $0.aheadCount }) > 0 { await Task.yield() }
    }

    @Test func `a directory is read ahead of who walks it, on one stream`() async throws {
        let (root, files) = try await directory(of: 200)
        try await meeting {
            for block in [root] + files {
                #expect(try await walker.get(block.cid) == block.bytes)
                try await settle()
            }
            // The root and the first file; then some files, then 16 and more at a time.
            #expect(store.singleCount == 2)
            #expect(store.batchCount < 20)
            #expect(walker.streamCount == 1)
            #expect(service.statistics.blocksSent == 201)
        }
    }

    @Test func `nothing is read ahead for who asks for no link`() async throws {
        let (root, _) = try await directory(of: 50)
        let others = try (1_000..<1_020).map { try rawBlock($0, byteCount: 2_000) }
        try await store.put(others)
        try await meeting {
            for block in [root] + others {
                #expect(try await walker.get(block.cid) == block.bytes)
                try await settle()
            }
            #expect(store.batchCount == 0)
        }
    }

    @Test func `a link that is not here, or is damaged, does not disturb the walk`() async throws {
        let (root, files) = try await directory(of: 20)
        store.lose(files[3].cid)
        try await meeting {
            for block in [root] + files where block != files[3] {
                #expect(try await walker.get(block.cid) == block.bytes)
                try await settle()
            }
        }
    }

    @Test func `a peer that resets the stream is answered on another one`() async throws {
        let (root, files) = try await directory(of: 3)
        walker.resetsStreams.store(true, ordering: .relaxed)
        try await meeting { () async throws in
            for block in [root] + files {
                #expect(try await walker.get(block.cid) == block.bytes)
            }
            #expect(walker.streamCount == 4)
        }
    }

    @Test func `what was read ahead is forgotten with the peer`() async throws {
        let (root, files) = try await directory(of: 50)
        try await meeting {
            for block in [root, files[0]] { _ = try await walker.get(block.cid) }
            try await settle()
            #expect(service.server.state.withLock { $0.ahead.byteCount } > 0)
            await walker.host.close()
            while service.server.state.withLock({ $0.ahead.peerCount }) > 0 { await Task.yield() }
            #expect(service.server.state.withLock { $0.ahead.byteCount } == 0)
        }
    }
}

/// Asks for a block, waits for it, takes the want back, and so on.
private final class Walker: Sendable {
    private struct State {
        var blocks: [Multihash: [UInt8]] = [:]
        var refusalCount = 0
        var streamCount = 0
        var stream: (any PeerStream)?
    }

    let host: MemoryHost
    /// Whether it ends the stream of each answer.
    let resetsStreams = Atomic(false)
    private let state = Mutex(State())

    /// Streams on which it got answers.
    var streamCount: Int { state.withLock { $0.streamCount } }

    init(_ host: MemoryHost) {
        self.host = host
        host.handle(ProtocolID.bitswap) { [unowned self] stream in
            state.withLock { $0.streamCount += 1 }
            var reader = MessageReader(stream, maximumByteCount: BitswapMessage.byteLimit)
            while let bytes = try await reader.next() {
                let message = try BitswapMessage(decoding: bytes[...])
                if resetsStreams.load(ordering: .relaxed) { stream.reset() }
                let blocks = try message.payloads.map { (try $0.cid().multihash, $0.bytes) }
                state.withLock { state in
                    state.blocks.merge(blocks) { $1 }
                    state.refusalCount += message.presences.filter { !$0.isHave }.count
                }
            }
        }
    }

    /// Opens the stream of wants, once the peer answers.
    func ask(_ peer: PeerID) async throws {
        while true {
            do {
                let stream = try await host.openStream(to: peer, for: ProtocolID.bitswap)
                return state.withLock { $0.stream = stream }
            } catch { await Task.yield() }
        }
    }

    func get(_ cid: CID) async throws -> [UInt8] {
        try await send(BitswapMessage.Want(cid))
        while true {
            if let bytes = state.withLock({ $0.blocks[cid.multihash] }) {
                try await send(BitswapMessage.Want(cid, isCancel: true))
                return bytes
            }
            await Task.yield()
        }
    }

    /// Waits for the refusal of a block that nobody has.
    func settle() async throws {
        let count = state.withLock { $0.refusalCount }
        try await send(
            BitswapMessage.Want(try cid(1_000_000 + count), kind: .have, sendDontHave: true))
        while state.withLock({ $0.refusalCount }) == count { await Task.yield() }
    }

    private func send(_ want: BitswapMessage.Want) async throws {
        let stream = state.withLock { $0.stream }
        try await stream?.write(BitswapMessage(wants: [want]).framed(.presences))
    }
}

/// Counts how it is read, and may lose blocks.
private final class CountingStore: BlockStore {
    private struct State {
        var singleCount = 0
        var batchCount = 0
        var lost: Set<CID> = []
    }

    private let blocks = MemoryBlockStore()
    private let state = Mutex(State())

    /// Blocks that were read alone.
    var singleCount: Int { state.withLock { $0.singleCount } }
    /// How often several were read together.
    var batchCount: Int { state.withLock { $0.batchCount } }

    func lose(_ cid: CID) { state.withLock { _ = $0.lost.insert(cid) } }

    func block(_ cid: CID) async throws -> Block {
        state.withLock { $0.singleCount += 1 }
        return try await find(cid)
    }

    func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        if !cids.isEmpty { state.withLock { $0.batchCount += 1 } }
        for (index, cid) in cids.enumerated() { try body(index, try await find(cid)) }
    }

    func contains(_ cids: [CID]) async throws -> [Bool] { try await blocks.contains(cids) }

    func byteCounts(of cids: [CID]) async throws -> [Int?] {
        try await blocks.byteCounts(of: cids)
    }

    func put(_ new: [Block]) async throws { try await blocks.put(new) }

    private func find(_ cid: CID) async throws -> Block {
        if state.withLock({ $0.lost.contains(cid) }) { throw BlockStoreError.notFound(cid) }
        return try await blocks.block(cid)
    }
}
