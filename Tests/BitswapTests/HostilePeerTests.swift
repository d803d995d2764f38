// SPDX-License-Identifier: Apache-2.0

import Bitswap
import BlockStore
import IPLD
import Libp2p
import Multiformats
import Synchronization
import TestSupport
import Testing

/// Strangers who break the rules: each is cut off or bounded, and an honest peer beside is served.
@Suite(.timeLimit(.minutes(2)))
struct HostilePeerTests {
    private let network = MemoryNetwork()
    private let clock = ManualClock()
    private let victim: Node
    private let honest: Node
    private let stranger: MemoryHost

    init() throws {
        var options = BitswapOptions()
        // The clock is moved faster than peers answer.
        options.client.giveUpAfter = .seconds(1_000_000)
        victim = try Node(1, in: network, options: options, clock: clock)
        honest = try Node(2, in: network)
        stranger = network.makeHost(try peer(3))
    }

    /// Runs the victim and the honest peer, lets the stranger do its worst, then has the honest
    /// peer fetch a block of the victim's.
    private func meeting(_ attack: () async throws -> Void) async throws {
        try await stranger.connect(to: victim.host.peerID, at: victim.host.addresses)
        try await honest.connect(to: victim.host)
        let block = try rawBlock(1_000, byteCount: 10_000)
        try await victim.store.put([block])
        try await running([victim, honest]) {
            try await attack()
            #expect(try await honest.service.makeSession().block(block.cid) == block)
        }
    }

    private func stream() async throws -> any PeerStream {
        try await stranger.openStream(to: victim.host.peerID, for: ProtocolID.bitswap)
    }

    private func isReset(_ stream: any PeerStream) async -> Bool {
        do {
            while try await stream.read(atMost: 1_000) != nil {}
            return false
        } catch { return error is PeerStreamError }
    }

    @Test(arguments: [
        [0xff, 0xff, 0xff, 0x7f], [0x81, 0x80, 0x80, 0x02, 0x00], [0x80, 0x00],
        [0x06, 0x0a, 0x04, 0x0a, 0x02, 0x0a, 0x00], [0x02, 0x0f, 0x00],
        [0x08, 0x0a, 0x06, 0x0a, 0x04, 0x0a, 0x02, 0x01, 0x55],
        [0x05, 0x1a, 0x03, 0x0a, 0x01, 0x07],
        Array(repeating: 0xff, count: 20),
    ])
    func `bytes that are no message end the stream`(bytes: [Int]) async throws {
        try await meeting {
            let stream = try await stream()
            try await stream.write(bytes.map { UInt8($0) })
            #expect(await isReset(stream))
        }
    }

    @Test func `a peer that reads nothing is given up, and its wants with it`() async throws {
        let blocks = try (0..<200).map { try rawBlock($0, byteCount: 100_000) }
        try await victim.store.put(blocks)
        stranger.handle(ProtocolID.bitswap) { _ in
            try await Task.sleep(for: .seconds(1_000))  // until it is cancelled
        }
        try await meeting {
            let stream = try await stream()
            let wants = blocks.map { BitswapMessage.Want($0.cid) }
            try await stream.write(BitswapMessage(wants: wants).framed(.presences))
            await clock.advance { victim.service.statistics.sendFailures > 0 }
            #expect(victim.service.statistics.bytesSent < 2_000_000)
        }
    }

    @Test func `a peer that takes no answers, as it speaks no Bitswap itself, costs its wants`()
        async throws
    {
        let block = try rawBlock(1)
        try await victim.store.put([block])
        try await meeting {
            let stream = try await stream()
            for count in 1...3 {
                try await stream.write(
                    BitswapMessage(wants: [BitswapMessage.Want(block.cid)]).framed(.presences))
                while victim.service.statistics.sendFailures < count { await Task.yield() }
            }
            #expect(victim.service.statistics.blocksSent == 0)
        }
    }

    @Test func `huge wantlists are cut to what is remembered`() async throws {
        stranger.handle(ProtocolID.bitswap) { stream in
            while try await stream.read(atMost: 100_000) != nil {}
        }
        try await meeting {
            let stream = try await stream()
            for round in 0..<5 {
                let wants = try (0..<1_000).map {
                    BitswapMessage.Want(try cid(10_000 + round * 1_000 + $0))
                }
                try await stream.write(BitswapMessage(wants: wants).framed(.presences))
            }
            let have = try rawBlock(1_000, byteCount: 10_000)
            try await stream.write(
                BitswapMessage(wants: [BitswapMessage.Want(have.cid)]).framed(.presences))
            while victim.service.statistics.blocksSent == 0 { await Task.yield() }
            #expect(victim.service.statistics.rememberedWants <= 1_024)
        }
    }

    @Test func `a peer that sends blocks nobody asked for is dropped`() async throws {
        let wanted = try rawBlock(1)
        let wrong = try rawBlock(2)
        stranger.handle(ProtocolID.bitswap) { inbound in
            // Whatever is wanted, it sends another.
            _ = try await inbound.read(atMost: 1_000)
            let back = try await stranger.openStream(to: victim.host.peerID, for: [.bitswap12])
            let payload = BitswapMessage.Payload(prefix: wanted.cid.prefix, bytes: wrong.bytes)
            try await back.write(BitswapMessage(payloads: [payload]).framed(.presences))
            while try await inbound.read(atMost: 1_000) != nil {}
        }
        try await meeting {
            try await honest.store.put([wanted])
            #expect(try await victim.service.makeSession().block(wanted.cid) == wanted)
            while stranger.isConnected(to: victim.host.peerID) { await Task.yield() }
            #expect(victim.service.statistics.peersDropped == 1)
        }
    }

    @Test func `a block that comes late, by the next connection, is no offence`() async throws {
        let (late, wanted) = (try rawBlock(1), try rawBlock(2))
        let isAsked = Atomic(false)
        stranger.handle(ProtocolID.bitswap) { inbound in
            var reader = MessageReader(inbound, maximumByteCount: BitswapMessage.byteLimit)
            while let bytes = try await reader.next() {
                let message = try BitswapMessage(decoding: bytes[...])
                let wants = message.wants.filter { !$0.isCancel }
                if wants.contains(where: { $0.cid == late.cid }) {
                    isAsked.store(true, ordering: .relaxed)
                }
                guard wants.contains(where: { $0.cid == wanted.cid }) else { continue }
                let payloads = [late, wanted].map {
                    BitswapMessage.Payload(prefix: $0.cid.prefix, bytes: $0.bytes)
                }
                try await inbound.write(BitswapMessage(payloads: payloads).framed(.presences))
            }
        }
        try await meeting {
            let session = victim.service.makeSession()
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await session.block(late.cid) }
                while !isAsked.load(ordering: .relaxed) { await Task.yield() }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.waitForAll() }
            }
            network.cut(stranger.peerID, victim.host.peerID)
            try await stranger.connect(to: victim.host.peerID, at: victim.host.addresses)
            #expect(try await session.block(wanted.cid) == wanted)
            #expect(stranger.isConnected(to: victim.host.peerID))
            #expect(victim.service.statistics.peersDropped == 0)
        }
    }

    @Test func `blocks of a peer that was asked nothing are not looked at`() async throws {
        try await meeting {
            let stream = try await stream()
            let block = try rawBlock(5, byteCount: 1 << 20)
            let payload = BitswapMessage.Payload(prefix: block.cid.prefix, bytes: block.bytes)
            for _ in 0..<20 {
                try await stream.write(BitswapMessage(payloads: [payload]).framed(.presences))
            }
            #expect(victim.service.statistics.duplicatesReceived == 0)
            #expect(try await !victim.store.contains(block.cid))
        }
    }

    @Test func `endless presences change nothing`() async throws {
        try await meeting {
            let stream = try await stream()
            let presences = try (0..<1_000).map {
                BitswapMessage.Presence(try cid($0), isHave: $0.isMultiple(of: 2))
            }
            let bytes = BitswapMessage(presences: presences).framed(.presences)
            for _ in 0..<50 { try await stream.write(bytes) }
            let block = try rawBlock(77)
            try await honest.store.put([block])
            #expect(try await victim.service.makeSession().block(block.cid) == block)
        }
    }

    @Test func `a peer that claims to have everything and sends nothing is passed over`()
        async throws
    {
        stranger.handle(ProtocolID.bitswap) { inbound in
            var reader = MessageReader(inbound, maximumByteCount: BitswapMessage.byteLimit)
            while let bytes = try await reader.next() {
                let message = try BitswapMessage(decoding: bytes[...])
                let presences = message.wants.map { BitswapMessage.Presence($0.cid, isHave: true) }
                try await inbound.write(BitswapMessage(presences: presences).framed(.presences))
            }
        }
        let blocks = try (0..<50).map { try rawBlock($0, byteCount: 1_000) }
        try await meeting {
            try await honest.store.put(blocks)
            let session = victim.service.makeSession()
            let found = MemoryBlockStore()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for block in blocks { try await found.put([session.block(block.cid)]) }
                }
                await clock.advance { found.count == blocks.count }
                try await group.waitForAll()
            }
            #expect(found.count == blocks.count)
        }
    }

    @Test func `a message that comes too slowly is given up`() async throws {
        try await meeting {
            let stream = try await stream()
            // Announces a mebibyte and sends a byte of it.
            try await stream.write([0x80, 0x80, 0x40, 0x0a])
            for _ in 0..<1_000 { await Task.yield() }
            await clock.advance {
                do {
                    try await stream.write([0x00])
                    return false
                } catch { return true }
            }
        }
    }

    @Test func `strangers who hold all the room for long messages keep nobody waiting`()
        async throws
    {
        var slow: [any PeerStream] = []
        try await meeting {
            // 40 messages of 4 MiB from 20 peers, where there is room for 8.
            for number in UInt8(10)..<30 {
                let other = network.makeHost(try peer(number))
                try await other.connect(to: victim.host.peerID, at: victim.host.addresses)
                for _ in 0..<2 {
                    let stream = try await other.openStream(
                        to: victim.host.peerID, for: ProtocolID.bitswap)
                    try await stream.write([0x80, 0x80, 0x80, 0x02, 0x0a])
                    slow.append(stream)
                }
            }
            // A wantlist that is too long to be read for nothing.
            let block = try rawBlock(2_000)
            try await victim.store.put([block])
            var wants = try (0..<1_000).map { BitswapMessage.Want(try cid(20_000 + $0)) }
            wants.append(BitswapMessage.Want(block.cid))
            let message = BitswapMessage(wants: wants).framed(.presences)
            #expect(message.count > 32 << 10)
            let stream = try await stream()
            try await stream.write(message)
            while victim.service.statistics.wantsReceived < 1_001 { await Task.yield() }
            // The oldest have given way.
            for stream in slow.prefix(30) { #expect(await isReset(stream)) }
        }
    }

    @Test func `idle streams give way to new ones when there are too many`() async throws {
        let hosts = try (UInt8(10)..<20).map { network.makeHost(try peer($0)) }
        try await meeting {
            var streams: [any PeerStream] = []
            for host in hosts {
                try await host.connect(to: victim.host.peerID, at: victim.host.addresses)
                for _ in 0..<BitswapOptions().streams.perPeer {
                    streams.append(
                        try await host.openStream(
                            to: victim.host.peerID, for: ProtocolID.bitswap))
                    for _ in 0..<10 { await Task.yield() }
                }
            }
            #expect(streams.count > BitswapOptions().openStreams)
            #expect(await isReset(streams[0]))
        }
    }

    @Test func `wants of a peer that has left are not remembered`() async throws {
        try await meeting {
            for round in 0..<20 {
                let other = network.makeHost(try peer(UInt8(10 + round)))
                try await other.connect(to: victim.host.peerID, at: victim.host.addresses)
                let stream = try await other.openStream(
                    to: victim.host.peerID, for: ProtocolID.bitswap)
                let wants = try (0..<500).map {
                    BitswapMessage.Want(try cid(30_000 + round * 500 + $0))
                }
                try await stream.write(BitswapMessage(wants: wants).framed(.presences))
                await other.disconnect(from: victim.host.peerID)
            }
            while victim.service.statistics.rememberedWants > 0 { await Task.yield() }
        }
    }

    @Test func `blocks too large to be exchanged are not read for a single reader`()
        async throws
    {
        let block = try rawBlock(3_000, byteCount: 3 << 20)
        try await victim.store.put([block])
        try await meeting {
            let stream = try await stranger.openStream(
                to: victim.host.peerID, for: [.blockRead])
            try await stream.write(block.cid.bytes)
            #expect(await isReset(stream))
        }
    }

    @Test func `a peer may open a stream for each message, as Kubo does`() async throws {
        try await meeting {
            var streams: [any PeerStream] = []
            // None is read before the last is open.
            for _ in 0..<150 { streams.append(try await stream()) }
            for (number, stream) in streams.enumerated() {
                let want = BitswapMessage.Want(try cid(40_000 + number))
                try await stream.write(BitswapMessage(wants: [want]).framed(.presences))
            }
            while victim.service.statistics.wantsReceived < streams.count { await Task.yield() }
        }
    }

    @Test func `streams beyond the limit are refused`() async throws {
        try await meeting {
            var streams: [any PeerStream] = []
            await #expect(throws: HostError.self) {
                for _ in 0..<250 { streams.append(try await stream()) }
            }
            #expect(streams.count == BitswapOptions().streams.perPeer)
        }
    }
}
