// SPDX-License-Identifier: Apache-2.0

import Bitswap
import BlockStore
import IPLD
import Libp2p
import Multiformats
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ServiceTests {
    private let network = MemoryNetwork()

    @Test func `blocks come from a connected peer, whatever their sizes`() async throws {
        let (server, client) = (try Node(1, in: network), try Node(2, in: network))
        let blocks = try [1, 100, 1_024, 1_025, 262_144, 1 << 20, 2 << 20].enumerated().map {
            try rawBlock($0, byteCount: $1)
        }
        try await server.store.put(blocks)
        try await client.connect(to: server.host)
        try await running([server, client]) { () async throws in
            let session = client.service.makeSession()
            for block in blocks { #expect(try await session.block(block.cid) == block) }
            #expect(client.service.statistics.blocksReceived == blocks.count)
            #expect(client.service.statistics.duplicatesReceived == 0)
        }
    }

    @Test func `thousands of blocks come, asked for together`() async throws {
        let (server, client) = (try Node(1, in: network), try Node(2, in: network))
        let blocks = try (0..<3_000).map { try rawBlock($0, byteCount: 50 + $0) }
        try await server.store.put(blocks)
        try await client.connect(to: server.host)
        try await running([server, client]) {
            let session = client.service.makeSession()
            let found = MemoryBlockStore()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for block in blocks {
                    group.addTask { try await found.put([session.block(block.cid)]) }
                }
                try await group.waitForAll()
            }
            #expect(found.count == blocks.count)
            // Many to a message: the point of asking together.
            #expect(server.service.statistics.messagesSent < 1_500)
        }
    }

    @Test func `several peers that have a DAG share the work`() async throws {
        let nodes = try (1...4).map { try Node($0, in: network) }
        let blocks = try (0..<400).map { try rawBlock($0, byteCount: 20_000) }
        for node in nodes.dropFirst() {
            try await node.store.put(blocks)
            try await nodes[0].connect(to: node.host)
        }
        try await running(nodes) {
            let session = nodes[0].service.makeSession()
            try await session.forEachBlock(blocks.map(\.cid)) { index, block in
                #expect(block == blocks[index])
            }
            for node in nodes.dropFirst() { #expect(node.service.statistics.blocksSent > 0) }
            #expect(nodes[0].service.statistics.blocksReceived == 400)
        }
    }

    @Test func `a provider that records name is dialled and asked`() async throws {
        let server = try Node(1, in: network)
        let block = try rawBlock(1)
        try await server.store.put([block])
        let routing = KnownProviders([
            block.cid.multihash: [
                PeerInfo(id: try peer(99), addresses: []),
                PeerInfo(id: server.host.peerID, addresses: server.host.addresses),
            ]
        ])
        let client = try Node(2, in: network, routing: routing)
        try await running([server, client]) { () async throws in
            #expect(try await client.service.makeSession().block(block.cid) == block)
            #expect(routing.queryCount == 1)
        }
    }

    @Test func `a block that nobody has is not found`() async throws {
        let client = try Node(1, in: network)
        try await running([client]) {
            let error = await #expect(throws: BlockStoreError.self) {
                try await client.service.makeSession().block(try cid(1))
            }
            #expect(error?.code == .notFound)
        }
    }

    @Test func `a block that comes later is sent to who has waited`() async throws {
        let (server, client) = (try Node(1, in: network), try Node(2, in: network))
        let block = try rawBlock(1)
        try await client.connect(to: server.host)
        try await running([server, client]) {
            async let fetched = client.service.makeSession().block(block.cid)
            while server.service.statistics.presencesSent == 0 { await Task.yield() }
            try await server.store.put([block])
            try await server.service.blocksArrived([block.cid])
            #expect(try await fetched == block)
        }
    }

    @Test func `what another process has stored is noticed`() async throws {
        let clock = ManualClock()
        let server = try Node(1, in: network, clock: clock)
        let client = try Node(2, in: network)
        let block = try rawBlock(1)
        try await client.connect(to: server.host)
        try await running([server, client]) {
            async let fetched = client.service.makeSession().block(block.cid)
            while server.service.statistics.presencesSent == 0 { await Task.yield() }
            try await server.store.put([block])
            await clock.advance { server.service.statistics.blocksSent > 0 }
            #expect(try await fetched == block)
        }
    }

    @Test func `a cancelled reader leaves, others get their block`() async throws {
        let (server, client) = (try Node(1, in: network), try Node(2, in: network))
        let block = try rawBlock(1)
        try await client.connect(to: server.host)
        try await running([server, client]) {
            let session = client.service.makeSession()
            async let kept = session.block(block.cid)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await session.block(block.cid) }
                while server.service.statistics.presencesSent == 0 { await Task.yield() }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            try await server.store.put([block])
            try await server.service.blocksArrived([block.cid])
            #expect(try await kept == block)
        }
    }

    @Test func `whoever waits when the service ends is told so`() async throws {
        let client = try Node(1, in: network)
        let other = network.makeHost(try peer(2))
        other.handle(ProtocolID.bitswap) { stream in
            while try await stream.read(atMost: 1_000) != nil {}
        }
        try await client.connect(to: other)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: BlockStoreError.self) {
                    try await client.service.makeSession().block(try cid(1))
                }
            }
            group.addTask {
                await withThrowingTaskGroup(of: Void.self) { inner in
                    inner.addTask { try await client.service.run() }
                    while other.streamCount(with: client.host.peerID) == 0 { await Task.yield() }
                    inner.cancelAll()
                }
            }
        }
    }

    @Test func `empty blocks and identity CIDs need no peer`() async throws {
        let client = try Node(1, in: network)
        let session = client.service.makeSession()
        let empty = try rawBlock([UInt8]())
        #expect(try await session.block(empty.cid) == empty)
        let inline = CID(v1: .raw, try HashFunction.identity.multihash(of: [1, 2].span))
        #expect(try await session.block(inline).bytes == [1, 2])
    }

    @Test(arguments: [ProtocolID.bitswap11, .bitswap10, .bitswapUnversioned])
    func `older versions are spoken with peers that know no other`(version: ProtocolID)
        async throws
    {
        let node = try Node(1, in: network)
        let old = OldPeer(try peer(2), network, version: version)
        let bytes = Array("block of an old peer".utf8)
        let multihash = try HashFunction.sha2_256.multihash(of: bytes.span)
        let block = Block(cid: try #require(CID(v0: multihash)), bytes: bytes)
        await old.serve([block])
        try await old.host.connect(to: node.host.peerID, at: node.host.addresses)
        try await running([node]) {
            #expect(try await node.service.makeSession().block(block.cid) == block)
            try await node.store.put([block])
            #expect(try await old.ask(node.host.peerID, for: block.cid) == block.bytes)
        }
    }

    @Test(
        arguments: [ProtocolID.bitswap10, .bitswapUnversioned], [Multicodec.raw, .dagPB])
    func `blocks of CIDv1 are exchanged without a prefix, told by their hash`(
        version: ProtocolID, codec: Multicodec
    ) async throws {
        let (theirs, ours) = try (
            block(codec, Array("theirs".utf8)), block(codec, Array("ours".utf8))
        )
        let node = try Node(1, in: network)
        let old = OldPeer(try peer(2), network, version: version)
        await old.serve([theirs])
        try await old.host.connect(to: node.host.peerID, at: node.host.addresses)
        try await node.store.put([ours])
        try await running([node]) { () async throws in
            #expect(try await node.service.makeSession().block(theirs.cid) == theirs)
            #expect(try await old.ask(node.host.peerID, for: ours.cid) == ours.bytes)
        }
    }

    private func block(_ codec: Multicodec, _ bytes: [UInt8]) throws -> Block {
        let multihash = try HashFunction.sha2_256.multihash(of: bytes.span)
        return Block(cid: CID(v1: codec, multihash), bytes: bytes)
    }

    @Test func `answers on the stream that carried the wants are read`() async throws {
        let client = try Node(1, in: network)
        let block = try rawBlock(1, byteCount: 5_000)
        let other = network.makeHost(try peer(2))
        other.handle(ProtocolID.bitswap) { stream in
            var reader = MessageReader(stream, maximumByteCount: BitswapMessage.byteLimit)
            while let bytes = try await reader.next() {
                let message = try BitswapMessage(decoding: bytes[...])
                guard message.wants.contains(where: { $0.cid == block.cid && !$0.isCancel }) else {
                    continue
                }
                let payload = BitswapMessage.Payload(prefix: block.cid.prefix, bytes: block.bytes)
                try await stream.write(BitswapMessage(payloads: [payload]).framed(.presences))
            }
        }
        try await client.connect(to: other)
        try await running([client]) { () async throws in
            #expect(try await client.service.makeSession().block(block.cid) == block)
        }
    }

    @Test func `the block protocol is served and spoken`() async throws {
        let server = try Node(1, in: network)
        let block = try rawBlock(1, byteCount: 300_000)
        try await server.store.put([block])
        // Speaks nothing but the block protocol.
        let seed = network.makeHost(try peer(3))
        seed.handle([.blockRead]) { stream in
            let asked = try await stream.read(atMost: 100)
            guard asked == block.cid.bytes else { throw PeerStreamError.reset }
            try await stream.write(block.bytes)
        }
        let routing = KnownProviders([
            block.cid.multihash: [PeerInfo(id: seed.peerID, addresses: seed.addresses)]
        ])
        let client = try Node(2, in: network, routing: routing)
        try await running([server, client]) {
            #expect(try await client.service.makeSession().block(block.cid) == block)

            try await seed.connect(to: server.host.peerID, at: server.host.addresses)
            let stream = try await seed.openStream(to: server.host.peerID, for: [.blockRead])
            try await stream.write(block.cid.bytes)
            var bytes: [UInt8] = []
            while let more = try await stream.read(atMost: 1 << 20) { bytes += more }
            #expect(bytes == block.bytes)

            let other = try await seed.openStream(to: server.host.peerID, for: [.blockRead])
            try await other.write(try cid(2).bytes)
            await #expect(throws: PeerStreamError.self) { try await other.read(atMost: 10) }
        }
    }
}

/// A peer that speaks one old version of Bitswap and nothing else.
private struct OldPeer {
    let host: MemoryHost
    let version: ProtocolID
    private let inbox = MemoryBlockStore()

    init(_ id: PeerID, _ network: MemoryNetwork, version: ProtocolID) {
        host = network.makeHost(id)
        self.version = version
    }

    private var messages: BitswapVersion { BitswapVersion(version) ?? .bareBlocks }

    /// Sends blocks to whoever wants them, on new streams, and keeps what it is sent.
    func serve(_ blocks: [Block]) async {
        host.handle([version]) { stream in
            var reader = MessageReader(stream, maximumByteCount: BitswapMessage.byteLimit)
            while let bytes = try await reader.next() {
                let message = try BitswapMessage(decoding: bytes[...])
                for payload in message.payloads {
                    try await inbox.put([Block(cid: try payload.cid(), bytes: payload.bytes)])
                }
                for want in message.wants where want.kind == .block && !want.isCancel {
                    guard let block = blocks.first(where: { $0.cid == want.cid }) else { continue }
                    let payload = BitswapMessage.Payload(
                        prefix: block.cid.prefix, bytes: block.bytes)
                    let back = try await host.openStream(to: stream.remotePeer, for: [version])
                    try await back.write(BitswapMessage(payloads: [payload]).framed(messages))
                    await back.close()
                }
            }
        }
    }

    func ask(_ peer: PeerID, for cid: CID) async throws -> [UInt8] {
        let stream = try await host.openStream(to: peer, for: [version])
        try await stream.write(
            BitswapMessage(wants: [BitswapMessage.Want(cid)]).framed(messages))
        while try await !inbox.contains(cid) { await Task.yield() }
        return try await inbox.block(cid).bytes
    }
}
