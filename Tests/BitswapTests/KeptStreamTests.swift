// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Synchronization
import Testing

@testable import Bitswap
@testable import Libp2p

/// Streams that are kept from one message to the next, between peers with two connections of which
/// the one with the stream ends.
@Suite(.timeLimit(.minutes(2)))
struct KeptStreamTests {
    private let network = MemoryNetwork()
    private let server: Node
    private let client: Node
    private let blocks: [Block]

    init() throws {
        server = try Node(1, in: network)
        client = try Node(2, in: network)
        blocks = try (0..<2).map { try rawBlock($0, byteCount: 5_000) }
    }

    /// Ends a stream as the end of its connection does; the peers stay connected.
    private func end(_ stream: any PeerStream) throws {
        try #require(stream as? MemoryStream).fail(.connectionClosed)
    }

    private func wait(for stream: () -> (any PeerStream)?) async -> any PeerStream {
        while true {
            if let stream = stream() { return stream }
            await Task.yield()
        }
    }

    /// Fetches a block, ends the stream that was kept, and fetches another block.
    private func fetch(ending kept: () -> (any PeerStream)?) async throws {
        try await server.store.put(blocks)
        try await client.connect(to: server.host)
        try await running([server, client]) {
            let session = client.service.makeSession()
            #expect(try await session.block(blocks[0].cid) == blocks[0])
            let old = await wait(for: kept)
            try end(old)
            #expect(try await session.block(blocks[1].cid) == blocks[1])
            let isReplaced = await wait(for: kept) !== old
            #expect(isReplaced)
        }
        #expect(server.service.statistics.sendFailures == 0)
    }

    @Test func `a stream for blocks is replaced`() async throws {
        let (service, peer) = (server.service, client.host.peerID)
        try await fetch {
            service.server.state.withLock { $0.outlets[peer]?.idleStreams.first?.stream }
        }
    }

    @Test func `a stream for wants is replaced`() async throws {
        let (service, peer) = (client.service, server.host.peerID)
        try await fetch { service.client.state.withLock { $0.outlets[peer]?.stream } }
    }
}
