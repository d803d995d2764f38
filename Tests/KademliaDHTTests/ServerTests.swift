// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import Testing

struct ServerTests {
    private let key = Multihash.test(1)

    private func add(_ provider: PeerInfo, _ key: [UInt8]? = nil) -> KademliaMessage {
        KademliaMessage(.addProvider, key: key ?? self.key.bytes, providerPeers: [provider])
    }

    @Test
    func `a server names the peers nearest to any key, but neither itself nor the asker`()
        async throws
    {
        try await Swarm.run(25, minimum: 20) { swarm in
            let asker = swarm.members[1]
            let stream = try await RawStream.open(from: asker.host, to: swarm.first)
            let answer = try await stream.ask(KademliaMessage(.findNode, key: [1, 2, 3]))
            #expect(answer.kind == .findNode && answer.key.isEmpty)
            #expect(answer.closerPeers.count == 20)
            let ids = answer.closerPeers.map(\.id)
            #expect(!ids.contains(asker.id) && !ids.contains(swarm.first.id))
            let expected = swarm.first.dht.tablePeers.filter { $0.id != asker.id }
                .nearest(to: KadKey(hashing: [1, 2, 3]), count: 20)
            #expect(ids == expected.map(\.id))
            #expect(answer.closerPeers.allSatisfy { !$0.addresses.isEmpty })
        }
    }

    @Test
    func `asked for a peer that it knows, itself and the asker too, a server names it first`()
        async throws
    {
        try await Swarm.run(4) { swarm in
            let asker = swarm.members[1]
            let stream = try await RawStream.open(from: asker.host, to: swarm.first)
            for target in [swarm.first, asker, swarm.members[2]] {
                let answer = try await stream.ask(
                    KademliaMessage(.findNode, key: target.id.bytes))
                #expect(answer.closerPeers.first?.id == target.id)
                #expect(answer.closerPeers.first?.addresses == target.host.addresses)
                #expect(Set(answer.closerPeers.map(\.id)).count == answer.closerPeers.count)
            }
            let unknown = try await stream.ask(
                KademliaMessage(.findNode, key: PeerID.test(5).bytes))
            #expect(!unknown.closerPeers.map(\.id).contains(.test(5)))
            #expect(unknown.closerPeers.count == 2)
        }
    }

    @Test
    func `peers without an address are left out`() async throws {
        try await Swarm.run(4) { swarm in
            try await swarm.withStillMember { server in
                let asker = swarm.members[1]
                let stream = try await RawStream.open(from: asker.host, to: server)
                let expected = Set([0, 3].map { swarm.members[$0].id })
                // The last check for the table may note the address once more.
                try await eventually {
                    server.host.addressBook.forget(swarm.members[2].id)
                    let answer = try await stream.ask(KademliaMessage(.findNode, key: [1]))
                    return Set(answer.closerPeers.map(\.id)) == expected
                }
                #expect(server.dht.tablePeers.count == 4)
            }
        }
    }

    @Test
    func `a record is taken in silence, many on one stream, and found`() async throws {
        try await Swarm.run(2) { swarm in
            let provider = try await swarm.stranger()
            let stream = try await RawStream.open(from: provider, to: swarm.first)
            let info = PeerInfo(id: provider.peerID, addresses: provider.addresses)
            for number in UInt64(1)...3 {
                try await stream.send(add(info, Multihash.test(number).bytes))
            }
            // The answer to what follows is the first thing that comes back.
            let answer = try await stream.ask(
                KademliaMessage(.getProviders, key: Multihash.test(2).bytes))
            #expect(answer.kind == .getProviders)
            #expect(answer.providerPeers == [info])
            #expect(answer.closerPeers.map(\.id) == [swarm.members[1].id])
            try await stream.stream.closeWrite()
            #expect(try await stream.receive() == nil)
            #expect(swarm.first.store.recordCount == 3)
            #expect(swarm.first.dht.counts.recordsTaken == 3)
        }
    }

    @Test
    func `an answer holds few providers if they have long addresses, not always the same`()
        async throws
    {
        try await Swarm.run(2) { swarm in
            let addresses = (0..<32).map { number in
                let name = "a\(number)." + String(repeating: "a", count: 200)
                return Multiaddr(components: [.dns(name), .tcp(4001)])
            }
            for number in UInt64(0)..<200 {
                let provider = PeerInfo(id: .test(number + 10_000), addresses: addresses)
                try await swarm.first.store.add(
                    key, provider: provider, now: DHT.timeSince1970())
            }
            let asker = try await swarm.stranger()
            let stream = try await RawStream.open(from: asker, to: swarm.first)
            var named: [Set<PeerID>] = []
            for _ in 0..<2 {
                let answer = try await stream.ask(
                    KademliaMessage(.getProviders, key: key.bytes))
                #expect(answer.bytes.count <= KademliaLimits.sentAnswerByteCount)
                let providers = KademliaMessage(
                    .getProviders, providerPeers: answer.providerPeers)
                #expect(providers.bytes.count <= KademliaLimits.sentProviderByteCount + 16)
                #expect(providers.bytes.count > KademliaLimits.sentProviderByteCount * 3 / 4)
                #expect(answer.closerPeers.map(\.id) == [swarm.members[1].id])
                named.append(Set(answer.providerPeers.map(\.id)))
            }
            // Alike by chance once in more than 10^20 runs.
            #expect(named[0] != named[1])
        }
    }

    @Test
    func `a record of another peer, without an address, or for no multihash, resets the stream`()
        async throws
    {
        try await Swarm.run(2) { swarm in
            let asker = try await swarm.stranger()
            let own = PeerInfo(id: asker.peerID, addresses: asker.addresses)
            let other = PeerInfo(id: .test(3), addresses: asker.addresses)
            let long = Multihash(code: .sha2_512, digest: [UInt8](repeating: 1, count: 79))
            let wrong: [KademliaMessage] = [
                add(other), add(PeerInfo(id: asker.peerID, addresses: [])),
                KademliaMessage(.addProvider, key: key.bytes),
                add(own, []), add(own, [1, 2, 3]), add(own, long.bytes),
                add(own, key.bytes + [0]),
            ]
            for message in wrong {
                let stream = try await RawStream.open(from: asker, to: swarm.first)
                #expect(try await stream.isReset(by: message), "\(message)")
            }
            #expect(swarm.first.store.recordCount == 0)
            #expect(swarm.first.dht.counts.refused == wrong.count)
        }
    }

    @Test
    func `a full store resets the stream`() async throws {
        let network = MemoryNetwork()
        let host = network.makeHost(.test(1))
        let store = MemoryProviderStore(limits: ProviderStoreLimits(recordCount: 1))
        let dht = DHT(host: host, options: .isolated, store: store)
        let member = Swarm.Member(host: host, store: store, dht: dht)
        let asker = network.makeHost(.test(2))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await dht.run() }
            await eventually { dht.isServing }
            try await asker.connect(to: host.peerID, at: host.addresses)
            let stream = try await RawStream.open(from: asker, to: member)
            let own = PeerInfo(id: asker.peerID, addresses: asker.addresses)
            try await stream.send(add(own))
            #expect(try await stream.isReset(by: add(own, Multihash.test(2).bytes)))
            #expect(store.recordCount == 1)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test
    func `each DHT keeps addresses of its network only, and a record without any`() throws {
        let own = PeerID.test(1)
        let addresses: [Multiaddr] = [.tcp(10, 0, 0, 1), .tcp(127, 0, 0, 1), .tcp(8, 8, 8, 8)]
        func kept(_ addresses: [Multiaddr], _ filter: ScopeFilter) throws -> [Multiaddr] {
            let message = add(PeerInfo(id: own, addresses: addresses))
            guard
                case .addProvider(let multihash, let provider) = try ServerRequest(
                    message, from: own, filter: filter)
            else { return [] }
            #expect(multihash == key && provider.id == own)
            return provider.addresses
        }
        #expect(try kept(addresses, ScopeFilter(.wan)) == [.tcp(8, 8, 8, 8)])
        #expect(try kept([.tcp(10, 0, 0, 1)], ScopeFilter(.wan)).isEmpty)
        let near = Array(addresses.prefix(2))
        #expect(try kept(addresses, ScopeFilter(.lan)) == near)
        #expect(try kept([.tcp(8, 8, 8, 8)], ScopeFilter(.lan)).isEmpty)
        let local: [Multiaddr] = [
            .tcp(172, 16, 0, 1), .tcp(192, 168, 1, 1), .tcp(169, 254, 1, 1),
            try Multiaddr(text: "/ip6/fd00::1/tcp/1"),
        ]
        #expect(try kept(local + [.tcp(0, 0, 0, 0)], ScopeFilter(.lan)) == local)
        // Whoever is elsewhere has no business with our loopback.
        let elsewhere = ScopeFilter(.lan, namedFrom: .tcp(10, 0, 0, 9))
        #expect(try kept(addresses, elsewhere) == [.tcp(10, 0, 0, 1)])
        let here = ScopeFilter(.lan, namedFrom: .tcp(127, 0, 0, 1))
        #expect(try kept(addresses, here) == near)
    }

    @Test
    func `a ping is answered, and the stream serves on`() async throws {
        try await Swarm.run(2) { swarm in
            let asker = try await swarm.stranger()
            let stream = try await RawStream.open(from: asker, to: swarm.first)
            for _ in 0..<3 {
                #expect(try await stream.ask(KademliaMessage(.ping)) == KademliaMessage(.ping))
            }
        }
    }

    @Test
    func `a public key is kept if it is the peer's, other values are refused`() async throws {
        let key = PrivateKey.makeEd25519().publicKey
        let recordKey = RecordKey.publicKey(key.peerID).bytes
        let record = KademliaRecord(key: recordKey, value: key.protobuf)
        try await Swarm.run(2) { swarm in
            let asker = try await swarm.stranger()
            let stream = try await RawStream.open(from: asker, to: swarm.first)
            let get = KademliaMessage(.getValue, key: recordKey)
            #expect(try await stream.ask(get).record == nil)
            let put = KademliaMessage(.putValue, key: recordKey, record: record)
            #expect(try await stream.ask(put) == put)
            let answer = try await stream.ask(get)
            #expect(answer.record == record)
            #expect(answer.closerPeers.map(\.id) == [swarm.members[1].id])
            let ipns = RecordKey.ipns(key.peerID).bytes
            let name = try await stream.ask(KademliaMessage(.getValue, key: ipns))
            #expect(name.record == nil && !name.closerPeers.isEmpty)
            let otherKey = RecordKey.publicKey(.test(4)).bytes
            let wrong: [KademliaMessage] = [
                KademliaMessage(.putValue, key: recordKey),
                KademliaMessage(.putValue, key: otherKey, record: record),
                KademliaMessage(
                    .putValue, key: otherKey,
                    record: KademliaRecord(key: otherKey, value: key.protobuf)),
                KademliaMessage(
                    .putValue, key: ipns, record: KademliaRecord(key: ipns, value: [1])),
                KademliaMessage(.getValue, key: Array("/other/key".utf8)),
                KademliaMessage(.getValue), KademliaMessage(.findNode),
                KademliaMessage(.getProviders), KademliaMessage(.getProviders, key: [1]),
            ]
            for message in wrong {
                let stream = try await RawStream.open(from: asker, to: swarm.first)
                #expect(try await stream.isReset(by: message), "\(message)")
            }
        }
    }

    @Test
    func `an unknown kind, what is no message, and what is too long reset the stream`()
        async throws
    {
        try await Swarm.run(2) { swarm in
            let asker = try await swarm.stranger()
            let long = [UInt8](repeating: 0, count: KademliaLimits.requestByteCount + 1)
            for bytes: [UInt8] in [[0x08, 0x09], [0xff, 0xff], long] {
                let stream = try await RawStream.open(from: asker, to: swarm.first)
                await #expect(throws: PeerStreamError.reset) {
                    try await stream.stream.writeMessage(bytes)
                    _ = try await stream.receive()
                }
            }
        }
    }

    @Test
    func `a client answers nobody, and is in no table`() async throws {
        try await Swarm.run(3) { swarm in
            var options = DHTOptions.isolated
            options.mode = .client
            let client = Swarm.member(77, in: swarm.network, options)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.dht.run() }
                try await client.host.connect(
                    to: swarm.first.id, at: swarm.first.host.addresses)
                await eventually { client.dht.tablePeers.count == 3 }
                await #expect(throws: HostError.self) {
                    try await RawStream.open(from: swarm.first.host, to: client)
                }
                #expect(!swarm.first.dht.tablePeers.contains(KadPeer(client.id)))
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test
    func `in auto mode it serves while strangers can reach it`() async throws {
        var options = DHTOptions.isolated
        options.mode = .auto
        let network = MemoryNetwork()
        let member = Swarm.member(1, in: network, options)
        let other = network.makeHost(.test(2))
        try await other.connect(to: member.id, at: member.host.addresses)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await member.dht.run() }
            func isTold() -> Bool {
                other.addressBook.protocols(of: member.id)?.contains(.kademlia) == true
            }
            member.dht.setReachability(.reachable)
            await eventually { isTold() }
            member.dht.setReachability(.unreachable)
            #expect(!isTold() && !member.dht.isServing)
            member.dht.setReachability(.reachable)
            #expect(isTold() && member.dht.isServing)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(!member.dht.isServing)
    }

    @Test
    func `a stream on which nothing comes is reset`() async throws {
        var options = DHTOptions.isolated
        options.timeouts.idle = .milliseconds(20)
        try await Swarm.run(2, options) { swarm in
            let asker = try await swarm.stranger()
            let stream = try await RawStream.open(from: asker, to: swarm.first)
            await #expect(throws: PeerStreamError.reset) { _ = try await stream.receive() }
        }
    }
}
