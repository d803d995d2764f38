// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import Synchronization
import Testing

struct SwarmTests {
    private let key = Multihash.test(1)

    /// Collects what a search finds.
    private final class Found: Sendable {
        private let list = Mutex<[PeerInfo]>([])
        var ids: [PeerID] { list.withLock { $0.map(\.id) } }
        var all: [PeerInfo] { list.withLock { $0 } }
        func add(_ info: PeerInfo) { list.withLock { $0.append(info) } }
    }

    private func providers(
        of key: Multihash, _ dht: some ContentRouting, limit: Int = 10
    ) async throws -> Found {
        let found = Found()
        try await dht.findProviders(of: key, limit: limit) {
            found.add($0)
            return true
        }
        return found
    }

    @Test
    func `what one peer provides, any other finds`() async throws {
        try await Swarm.run(40, minimum: 20) { swarm in
            let provider = swarm.members[7]
            let report = try await provider.dht.provide(key)
            #expect(report.stored.count == 20)
            #expect(report.lookup.ending == .converged)
            let truth = swarm.members.filter { $0.id != provider.id }
                .map { KadPeer($0.id) }.nearest(to: KadKey(key), count: 20)
            #expect(Set(report.stored) == Set(truth.map(\.id)))
            for member in [swarm.members[0], swarm.members[23], swarm.members[39]] {
                let found = try await providers(of: key, member.dht)
                #expect(
                    found.all == [PeerInfo(id: provider.id, addresses: provider.host.addresses)])
            }
            #expect(try await providers(of: .test(2), swarm.first.dht).all.isEmpty)
        }
    }

    @Test
    func `in a swarm of three every peer gets every record`() async throws {
        try await Swarm.run(3) { swarm in
            let report = try await swarm.first.dht.provide(key)
            #expect(Set(report.stored) == Set(swarm.members.dropFirst().map(\.id)))
            #expect(swarm.members.dropFirst().allSatisfy { $0.store.recordCount == 1 })
        }
    }

    @Test
    func `a search ends at its limit, or when its caller has enough`() async throws {
        try await Swarm.run(8) { swarm in
            for member in swarm.members.dropFirst() { try await member.dht.provide(key) }
            let found = try await providers(of: key, swarm.first.dht, limit: 3)
            #expect(found.ids.count == 3 && Set(found.ids).count == 3)
            let one = Found()
            try await swarm.first.dht.findProviders(of: key, limit: 10) {
                one.add($0)
                return false
            }
            #expect(one.ids.count == 1)
            let all = try await providers(of: key, swarm.first.dht, limit: 100)
            #expect(Set(all.ids) == Set(swarm.members.dropFirst().map(\.id)))
        }
    }

    @Test
    func `a provider without addresses is located`() async throws {
        try await Swarm.run(6) { swarm in
            let provider = swarm.members[4]
            for member in swarm.members where member.id != provider.id {
                try await member.store.add(
                    key, provider: PeerInfo(id: provider.id, addresses: []),
                    now: DHT.timeSince1970())
            }
            let lone = PeerInfo(id: .test(5), addresses: [])
            try await swarm.members[1].store.add(key, provider: lone, now: DHT.timeSince1970())
            let client = Swarm.member(50, in: swarm.network, .isolated)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.dht.run() }
                try await client.host.connect(to: swarm.first.id, at: swarm.first.host.addresses)
                await eventually { client.dht.tablePeers.count >= 6 }
                let found = try await providers(of: key, client.dht)
                #expect(Set(found.ids) == [provider.id, .test(5)])
                #expect(
                    found.all.first { $0.id == provider.id }?.addresses
                        == provider.host.addresses)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test
    func `a peer is found by those who are not connected to it`() async throws {
        try await Swarm.run(12) { swarm in
            let (near, far) = (swarm.members[3], swarm.members[9])
            await near.host.disconnect(from: far.id)
            near.host.addressBook.forget(far.id)
            let found = try await near.dht.findPeer(far.id)
            #expect(found == PeerInfo(id: far.id, addresses: far.host.addresses))
            #expect(try await near.dht.findPeer(.test(1)) == nil)
            #expect(try await near.dht.findPeer(near.id)?.addresses == near.host.addresses)
        }
    }

    @Test
    func `a query tells each of its steps`() async throws {
        try await Swarm.run(6) { swarm in
            let events = Mutex<[LookupEvent]>([])
            let report = try await swarm.first.dht.query(key.bytes) { event in
                events.withLock { $0.append(event) }
            }
            #expect(Set(report.peers.map(\.id)) == Set(swarm.members.dropFirst().map(\.id)))
            let (asked, answered) = events.withLock { events in
                (
                    events.count { if case .asking = $0 { true } else { false } },
                    events.count { if case .answered = $0 { true } else { false } }
                )
            }
            #expect(asked == 5 && answered == 5)
            guard case .started(let seeds)? = events.withLock({ $0.first }),
                case .finished(let last)? = events.withLock({ $0.last })
            else {
                Issue.record("no start, or no end")
                return
            }
            #expect(seeds.count == 5 && last.requestCount == report.requestCount)
        }
    }

    @Test
    func `peers that are gone leave the table, and look-ups go on without them`() async throws {
        try await Swarm.run(10) { swarm in
            try await swarm.withStillMember { asker in
                for member in swarm.members[7...] { await member.host.close() }
                let report = try await asker.dht.query(key.bytes)
                #expect(Set(report.peers.map(\.id)) == Set(swarm.members[..<7].map(\.id)))
                #expect(report.failureCount == 3)
                #expect(asker.dht.tablePeers.count == 7)
            }
        }
    }

    @Test
    func `requests to a peer share one stream`() async throws {
        let opened = Tally()
        try await Swarm.run(2) { swarm in
            // A DHT that does not run asks nothing by itself.
            let asker = Swarm.member(70, in: swarm.network, .isolated)
            try await asker.host.connect(to: swarm.first.id, at: swarm.first.host.addresses)
            swarm.network.setFault { attempt in
                if case .stream(asker.id, _, _) = attempt { opened.add() }
                return nil
            }
            for _ in 0..<20 { try await asker.dht.ping(swarm.first.id) }
            #expect(opened.count == 1)
            // A connection that broke is made anew.
            swarm.network.cut(swarm.first.id, asker.id)
            try await asker.dht.ping(swarm.first.id)
            #expect(opened.count == 2)
        }
    }

    @Test
    func `with an empty table there is an error that says so`() async throws {
        let member = Swarm.member(1, in: MemoryNetwork(), .isolated)
        let error = await #expect(throws: DHTError.self) { try await member.dht.provide(key) }
        #expect(error?.code == .noPeers)
        #expect(try await member.dht.findPeer(.test(9)) == nil)
    }

    @Test
    func `an empty table is filled from the bootstrap peers`() async throws {
        try await Swarm.run(6) { swarm in
            var options = DHTOptions.isolated
            options.bootstrapPeers = [
                PeerInfo(id: .test(31), addresses: [.tcp(9, 9, 9, 9)]),
                PeerInfo(id: swarm.first.id, addresses: swarm.first.host.addresses),
                PeerInfo(id: .test(32), addresses: [.tcp(9, 9, 9, 8)]),
            ]
            let member = Swarm.member(60, in: swarm.network, options)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await member.dht.run() }
                await eventually { member.dht.tablePeers.count == 6 }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test
    func `a peer that strangers reach becomes a server, enters the tables and takes records`()
        async throws
    {
        try await Swarm.run(3) { swarm in
            var options = DHTOptions.isolated
            options.mode = .auto
            let member = Swarm.member(60, in: swarm.network, options)
            func knowing() -> Int {
                swarm.members.count { $0.dht.tablePeers.contains(KadPeer(member.id)) }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await member.dht.run() }
                for other in swarm.members {
                    try await member.host.connect(to: other.id, at: other.host.addresses)
                }
                await eventually { member.dht.tablePeers.count == 3 }
                // It asks as a client does: nobody takes it for a server.
                #expect(knowing() == 0)
                member.dht.setReachability(.reachable)
                let book = swarm.first.host.addressBook
                #expect(book.protocols(of: member.id)?.contains(.kademlia) == true)
                await eventually { knowing() == 3 }
                let report = try await swarm.first.dht.provide(key)
                #expect(report.stored.contains(member.id))
                #expect(member.store.recordCount == 1)
                group.cancelAll()
                try await group.waitForAll()
            }
            await member.host.close()
        }
    }

    @Test
    func `the two DHTs of a host are apart, and used as one`() async throws {
        let network = MemoryNetwork()
        let members = (0..<6).map { number -> (MemoryHost, DualDHT) in
            let host = network.makeHost(.test(UInt64(number) + 1))
            func dht(_ options: DHTOptions) -> DHT {
                DHT(host: host, options: options, store: MemoryProviderStore())
            }
            // The internet's has servers among the first three only.
            var wan = DHTOptions.isolated
            wan.mode = number < 3 ? .server : .client
            wan.lowCheckInterval = .milliseconds(100)
            var lan = DHTOptions.lan
            lan.lowCheckInterval = .milliseconds(100)
            return (host, DualDHT(wan: dht(wan), lan: dht(lan)))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (_, dual) in members { group.addTask { try await dual.run() } }
            let first = members[0].0
            await eventually { members.allSatisfy { $0.1.lan.isServing } }
            for (host, _) in members.dropFirst() {
                try await host.connect(to: first.peerID, at: first.addresses)
            }
            await eventually {
                members.allSatisfy { $0.1.lan.tablePeers.count == 5 }
                    && members[5].1.wan.tablePeers.count == 3
            }
            let (host, dual) = members[5]
            #expect(dual.active === dual.wan)
            let report = try await dual.provide(key)
            #expect(Set(report.stored) == Set(members[..<3].map(\.0.peerID)))
            try await members[4].1.lan.provide(key)
            let found = try await providers(of: key, members[1].1)
            #expect(Set(found.ids) == [host.peerID, members[4].0.peerID])
            await members[1].0.disconnect(from: host.peerID)
            #expect(try await members[1].1.findPeer(host.peerID)?.id == host.peerID)
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
