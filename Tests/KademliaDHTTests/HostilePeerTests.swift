// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import Synchronization
import TestSupport
import Testing

/// Peers that do what they must not: they are cut off or bounded, and nobody else is disturbed.
struct HostilePeerTests {
    private let key = Multihash.test(1)

    /// A host that claims to be a server and answers by `handler`, connected to the first member.
    private func liar(
        in swarm: Swarm,
        _ handler: @escaping @Sendable (any PeerStream) async throws -> Void
    ) async throws -> MemoryHost {
        let host = swarm.network.makeHost(.test(500_001))
        host.handle([.kademlia], handler)
        try await host.connect(to: swarm.first.id, at: swarm.first.host.addresses)
        return host
    }

    /// Answers each request by what `answer` makes of it.
    private static func answering(
        _ answer: @escaping @Sendable (KademliaMessage) -> [UInt8]
    ) -> @Sendable (any PeerStream) async throws -> Void {
        { stream in
            var reader = MessageReader(stream, maximumByteCount: 1 << 20)
            while let bytes = try await reader.next() {
                try await stream.writeMessage(answer(try KademliaMessage(bytes)))
            }
        }
    }

    /// What no honest server answers to FIND_NODE.
    enum Rubbish: CaseIterable, Sendable {
        case nothing, otherKind, noMessage, endless

        var bytes: [UInt8] {
            switch self {
            case .nothing: []
            case .otherKind: KademliaMessage(.getValue).bytes
            case .noMessage: [0xff, 0xff, 0xff]
            case .endless: [UInt8](repeating: 0, count: KademliaLimits.answerByteCount + 1)
            }
        }
    }

    @Test(arguments: Rubbish.allCases)
    func `who answers rubbish does not enter the table`(_ rubbish: Rubbish) async throws {
        try await Swarm.run(3) { swarm in
            let liar = try await liar(
                in: swarm, Self.answering { [bytes = rubbish.bytes] _ in bytes })
            let failed = swarm.first.dht.counts
            await #expect(throws: (any Error).self) {
                try await swarm.first.dht.ping(liar.peerID)
            }
            let report = try await swarm.first.dht.query(key.bytes)
            #expect(!report.peers.map(\.id).contains(liar.peerID))
            #expect(!swarm.first.dht.tablePeers.map(\.id).contains(liar.peerID))
            #expect(swarm.first.dht.counts.answered > failed.answered)
        }
    }

    @Test
    func `who names nobody does not enter a table that is large enough`() async throws {
        try await Swarm.run(24, minimum: 21) { swarm in
            let asked = Mutex(0)
            let liar = try await liar(
                in: swarm,
                Self.answering { _ in
                    asked.withLock { $0 += 1 }
                    return KademliaMessage(.findNode).bytes
                })
            await eventually { asked.withLock { $0 } > 0 }
            let honest = Swarm.member(90, in: swarm.network, .isolated)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await honest.dht.run() }
                await eventually { honest.dht.isServing }
                try await honest.host.connect(to: swarm.first.id, at: swarm.first.host.addresses)
                // Considered after the liar.
                await eventually { honest.dht.tablePeers.count > 20 }
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(!swarm.first.dht.tablePeers.map(\.id).contains(liar.peerID))
        }
    }

    @Test
    func `ever nearer peers that do not exist end a look-up at its bound`() async throws {
        var options = DHTOptions.isolated
        options.lookup.maximumRequestCount = 60
        try await Swarm.run(4, options) { swarm in
            let number = Mutex<UInt64>(0)
            let liar = try await liar(
                in: swarm,
                Self.answering { request in
                    let peers = (0..<100).map { _ in
                        let next = number.withLock { number in
                            number += 1
                            return number
                        }
                        return PeerInfo(
                            id: .test(next + 7_000_000), addresses: [.tcp(1, 1, 1, 1)])
                    }
                    return KademliaMessage(request.kind, closerPeers: peers).bytes
                })
            await eventually {
                swarm.first.dht.tablePeers.map(\.id).contains(liar.peerID)
            }
            let report = try await swarm.first.dht.query(key.bytes)
            #expect(report.requestCount <= 60)
            let honest = Set(swarm.members.dropFirst().map(\.id))
            #expect(honest.isSubset(of: Set(report.peers.map(\.id))))
        }
    }

    @Test
    func `thousands of made-up providers are bounded`() async throws {
        try await Swarm.run(3) { swarm in
            let liar = try await liar(
                in: swarm,
                Self.answering { request in
                    let peers = (0..<3_000).map {
                        PeerInfo(id: .test($0 + 9_000_000), addresses: [.tcp(1, 1, 1, 1)])
                    }
                    return KademliaMessage(request.kind, providerPeers: peers).bytes
                })
            await eventually {
                swarm.first.dht.tablePeers.map(\.id).contains(liar.peerID)
            }
            let count = Mutex(0)
            try await swarm.first.dht.findProviders(of: key, limit: 10_000) { _ in
                count.withLock { $0 += 1 }
                return true
            }
            #expect(count.withLock { $0 } == KademliaLimits.providerPeerCount)
        }
    }

    @Test
    func `a peer that opens streams and asks for more is bounded, others are served`()
        async throws
    {
        var options = DHTOptions.isolated
        options.streams = StreamLimits(perPeer: 8, total: 100)
        try await Swarm.run(3, options) { swarm in
            let flooder = try await swarm.stranger()
            var streams: [RawStream] = []
            var refusedCount = 0
            for _ in 0..<1_000 {
                do {
                    streams.append(try await RawStream.open(from: flooder, to: swarm.first))
                } catch is HostError { refusedCount += 1 }
            }
            #expect(streams.count == 8 && refusedCount == 992)
            let other = try await swarm.stranger(2)
            let stream = try await RawStream.open(from: other, to: swarm.first)
            #expect(try await stream.ask(KademliaMessage(.ping)).kind == .ping)
        }
    }

    @Test
    func `a flood of requests whose answers nobody reads stands still, others are served`()
        async throws
    {
        try await Swarm.run(3) { swarm in
            let flooder = try await swarm.stranger()
            let stream = try await RawStream.open(from: flooder, to: swarm.first)
            let sent = Tally()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while true {
                        try await stream.send(KademliaMessage(.findNode, key: [1]))
                        sent.add()
                    }
                }
                let other = try await swarm.stranger(2)
                let honest = try await RawStream.open(from: other, to: swarm.first)
                // Both windows fill up; then the flooder waits, and the server reads no more.
                var last = -1
                await eventually {
                    // Time for the flood to go on, if it does.
                    try? await Task.sleep(for: .milliseconds(100))
                    let count = sent.count
                    defer { last = count }
                    return count == last && count > 1_000
                }
                #expect(try await honest.ask(KademliaMessage(.ping)).kind == .ping)
                group.cancelAll()
                stream.stream.reset()
            }
        }
    }

    @Test
    func `peers of one IP group are dropped from an answer that has too many`() {
        let many = (1...5).map {
            PeerInfo(id: .test($0), addresses: [.tcp(5, 6, 7, UInt8($0))])
        }
        let few = (11...13).map { PeerInfo(id: .test($0), addresses: [.tcp(8, 8, 1, 1)]) }
        let hidden = [
            PeerInfo(id: .test(21), addresses: [.tcp(10, 0, 0, 1)]),
            PeerInfo(id: .test(22), addresses: [.tcp(127, 0, 0, 1)]),
            PeerInfo(id: .test(23), addresses: []),
            PeerInfo(
                id: .test(24),
                addresses: [
                    Multiaddr.tcp(7, 7, 7, 7).appending(.p2p(.test(9))).appending(.p2pCircuit)
                ]),
        ]
        let wan = AnswerFilter(addresses: ScopeFilter(.wan), peersPerGroup: 3)
        #expect(wan.kept(many + few + hidden).map(\.id) == few.map(\.id))
        let aimed = AnswerFilter(
            addresses: ScopeFilter(.wan), peersPerGroup: 3, target: .test(23))
        #expect(aimed.kept(hidden).map(\.id) == [.test(23)])
        let lan = AnswerFilter(addresses: ScopeFilter(.lan), peersPerGroup: nil)
        let near = (31...35).map {
            PeerInfo(id: .test($0), addresses: [.tcp(10, 0, 0, UInt8($0)), .tcp(5, 6, 7, 8)])
        }
        // Of the local network are those with an address of it, which is all that is kept of them.
        let kept = lan.kept(many + near + hidden)
        #expect(kept.map(\.id) == near.map(\.id) + [.test(21), .test(22)])
        #expect(kept.first?.addresses == [.tcp(10, 0, 0, 31)])
        #expect(lan.kept(Array(repeating: near, count: 20).flatMap { $0 }).count == 40)
    }

    @Test
    func `random bytes on streams never stop a server`() async throws {
        let seed = SeededGenerator.runSeed
        print("seed \(seed)")
        try await Swarm.run(2) { swarm in
            var generator = SeededGenerator(seed: seed)
            let asker = try await swarm.stranger()
            for _ in 0..<300 {
                let stream = try await RawStream.open(from: asker, to: swarm.first)
                let count = Int.random(in: 1...200, using: &generator)
                let bytes = (0..<count).map { _ in
                    UInt8.random(in: .min ... .max, using: &generator)
                }
                do {
                    try await stream.stream.write(bytes)
                    try await stream.stream.closeWrite()
                    _ = try await stream.stream.read(atMost: 1 << 16)
                } catch is PeerStreamError {}
                await stream.stream.close()
            }
            let stream = try await RawStream.open(from: asker, to: swarm.first)
            #expect(try await stream.ask(KademliaMessage(.ping)).kind == .ping)
        }
    }
}
