// SPDX-License-Identifier: Apache-2.0

import Foundation
import KademliaDHT
import Libp2p
import Multiformats
import TestSupport
import Testing

/// One operator cannot fill a provider store by making up identities.
struct ProviderGroupTests {
    private let start = Duration.seconds(1_700_000_000)
    private let near = IPGroup(.tcp(5, 6, 1, 1))
    private let far = IPGroup(.tcp(8, 8, 1, 1))
    /// From 20 records, or providers, on, a group may have four.
    private let few = ProviderStoreLimits(recordCount: 40)
    private let fewProviders = ProviderStoreLimits(providerCount: 40)

    /// Adds record `block` of provider `peer`, who comes from `group`.
    private func add(
        _ block: UInt64, of peer: UInt64, from group: IPGroup?, to store: any ProviderStore,
        after delay: Duration = .zero
    ) async throws {
        let provider = PeerInfo(id: .test(peer), addresses: [.tcp(5, 6, 1, 1)])
        try await store.add(.test(block), provider: provider, from: group, now: start + delay)
    }

    private func expectRefusal(
        of block: UInt64, of peer: UInt64, from group: IPGroup?, by store: any ProviderStore,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let error = await #expect(
            throws: ProviderStoreError.self, sourceLocation: sourceLocation
        ) { try await add(block, of: peer, from: group, to: store) }
        #expect(error?.code == .groupFull, sourceLocation: sourceLocation)
    }

    @Test(arguments: ProviderStoreTests.Kind.allCases)
    func `past half, a store keeps a tenth of its records for an IP group, however many peers`(
        _ kind: ProviderStoreTests.Kind
    ) async throws {
        let scene = try await ProviderStoreTests.Scene(kind, few)
        for number in UInt64(0)..<20 {
            try await add(number, of: number, from: near, to: scene.store)
        }
        for _ in 0..<2 {
            await expectRefusal(of: 100, of: 100, from: near, by: scene.store)
            await expectRefusal(of: 100, of: 0, from: near, by: scene.store)
            try await scene.store.flush()
        }
        // What is there is renewed all the same.
        try await add(3, of: 3, from: near, to: scene.store)
        try await scene.store.flush()
        let later = Duration.seconds(3600)
        for number in UInt64(30)..<34 {
            try await add(number, of: number, from: far, to: scene.store, after: later)
        }
        await expectRefusal(of: 34, of: 34, from: far, by: scene.store)
        for number in UInt64(40)..<56 {
            try await add(number, of: number, from: nil, to: scene.store, after: later)
        }
        // What has expired counts no more.
        let expiry = start + .seconds(48 * 3600)
        #expect(try await scene.store.removeExpired(now: expiry) == 20)
        for number in UInt64(100)..<104 {
            try await add(number, of: number, from: near, to: scene.store, after: later)
        }
        await expectRefusal(of: 104, of: 104, from: near, by: scene.store)
        try await scene.store.close()
    }

    @Test(arguments: ProviderStoreTests.Kind.allCases)
    func `past half, a store keeps a tenth of its providers for an IP group`(
        _ kind: ProviderStoreTests.Kind
    ) async throws {
        let scene = try await ProviderStoreTests.Scene(kind, fewProviders)
        for number in UInt64(0)..<20 {
            try await add(number, of: number, from: near, to: scene.store)
        }
        for number in UInt64(30)..<34 {
            try await add(number, of: number, from: far, to: scene.store)
        }
        for _ in 0..<2 {
            await expectRefusal(of: 100, of: 100, from: near, by: scene.store)
            await expectRefusal(of: 100, of: 100, from: far, by: scene.store)
            try await scene.store.flush()
        }
        try await add(101, of: 0, from: near, to: scene.store)
        try await add(101, of: 30, from: far, to: scene.store)
        try await add(101, of: 101, from: nil, to: scene.store)
        try await scene.store.close()
    }

    @Test(arguments: ProviderStoreTests.Kind.allCases)
    func `a provider counts to the IP group that it came from first`(
        _ kind: ProviderStoreTests.Kind
    ) async throws {
        let scene = try await ProviderStoreTests.Scene(kind, few)
        // The first is in no group at first.
        for source in [nil, near] {
            try await add(0, of: 0, from: source, to: scene.store)
            try await scene.store.flush()
        }
        for number in UInt64(1)..<20 {
            try await add(number, of: number, from: near, to: scene.store)
        }
        try await scene.store.flush()
        for source in [near, far, nil] {
            await expectRefusal(of: 100, of: 0, from: source, by: scene.store)
            await expectRefusal(of: 100, of: 1, from: source, by: scene.store)
        }
        try await add(100, of: 100, from: far, to: scene.store)
        try await scene.store.close()
    }

    @Test(arguments: [
        Multiaddr.tcp(255, 255, 1, 1),
        Multiaddr(components: [.ip6([0x20, 1, 0xff, 0xff] + [UInt8](repeating: 0, count: 12))]),
    ])
    func `what an IP group has is known after a restart`(address: Multiaddr) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.url.appending(path: "providers.sqlite").path
        let group = try #require(IPGroup(address))
        let first = try await SQLiteProviderStore.open(at: path, limits: few)
        for number in UInt64(0)..<20 {
            try await add(number, of: number, from: group, to: first)
        }
        try await first.close()
        let second = try await SQLiteProviderStore.open(at: path, limits: few)
        await expectRefusal(of: 100, of: 100, from: group, by: second)
        try await add(100, of: 100, from: near, to: second)
        try await second.close()
    }

    @Test
    func `a file of the first release keeps its records, and loses providers without any`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.url.appending(path: "providers.sqlite").path
        func sql(_ statement: String) async throws -> [String] {
            let outcome = try await Command.named("sqlite3").run([path, statement])
            try #require(outcome.status == 0, "\(outcome.errors)")
            return outcome.lines
        }
        let first = try await SQLiteProviderStore.open(at: path, limits: few)
        for number in UInt64(0)..<20 {
            try await add(number, of: number, from: near, to: first)
        }
        try await first.close()
        let strays = (UInt64(50)..<90).map { number in
            let digits = PeerID.test(number).bytes.map { String(format: "%02x", $0) }.joined()
            return "(x'\(digits)', x'', 0, 0)"
        }
        _ = try await sql(
            """
            ALTER TABLE providers DROP COLUMN ip_group;
            DELETE FROM grdb_migrations WHERE identifier = 'v2';
            INSERT INTO providers (peer, addresses, addresses_expire_at, record_count)
            VALUES \(strays.joined(separator: ", "))
            """)
        // With those that have no record there would be too many providers.
        var limits = few
        limits.providerCount = 40
        let second = try await SQLiteProviderStore.open(at: path, limits: limits)
        #expect(second.recordCount == 20)
        #expect(try await second.providers(of: .test(7), limit: 9, now: start).count == 1)
        // That file knows no groups; the next record tells, though it is renewed only.
        for number in UInt64(0)..<20 {
            try await add(number, of: number, from: near, to: second)
        }
        try await second.flush()
        await expectRefusal(of: 100, of: 100, from: near, by: second)
        try await add(100, of: 100, from: far, to: second)
        try await second.close()
        #expect(try await sql("SELECT count(*) FROM providers") == ["21"])
    }

    /// Whether a server that may keep ten records takes one from each of these addresses, in this
    /// order.
    private func takes(
        _ addresses: [Multiaddr], limitsGroups: Bool = true
    ) async throws -> [Bool] {
        let network = MemoryNetwork()
        let host = network.makeHost(.test(1))
        let store = MemoryProviderStore(limits: ProviderStoreLimits(recordCount: 10))
        var options = DHTOptions.isolated
        if limitsGroups { options.table.diversity = DiversityLimits() }
        let dht = DHT(host: host, options: options, store: store)
        let member = Swarm.Member(host: host, store: store, dht: dht)
        let taken = try await withThrowingTaskGroup(of: Void.self, returning: [Bool].self) {
            group in
            var taken: [Bool] = []
            group.addTask { try await dht.run() }
            await eventually { dht.isServing }
            for (number, address) in addresses.enumerated() {
                let asker = network.makeHost(.test(UInt64(number) + 2), addresses: [address])
                try await asker.connect(to: host.peerID, at: host.addresses)
                let stream = try await RawStream.open(from: asker, to: member)
                let own = PeerInfo(id: asker.peerID, addresses: [address])
                try await stream.send(
                    KademliaMessage(
                        .addProvider, key: Multihash.test(UInt64(number)).bytes,
                        providerPeers: [own]))
                // Nothing answers a record that was taken.
                let isReset = try await stream.isReset(by: KademliaMessage(.ping))
                taken.append(!isReset)
            }
            group.cancelAll()
            try await group.waitForAll()
            return taken
        }
        #expect(store.recordCount == taken.count { $0 })
        for host in network.hosts { await host.close() }
        return taken
    }

    @Test
    func `a server counts records to the IP group of the connection, but not those of the LAN`()
        async throws
    {
        let crowd = (1...5).map { Multiaddr.tcp(5, 6, 0, $0) }
        let more: [Multiaddr] = [
            .tcp(5, 6, 9, 9), .tcp(8, 8, 0, 1), .tcp(8, 8, 0, 2), .tcp(10, 0, 0, 1),
            .tcp(10, 0, 0, 2),
        ]
        let isTaken = try await takes(crowd + more)
        #expect(isTaken.dropFirst(5) == [false, true, false, true, true])
        #expect(isTaken.prefix(5).allSatisfy { $0 })
        let isTakenByLAN = try await takes(crowd + more, limitsGroups: false)
        #expect(isTakenByLAN.allSatisfy { $0 })
    }
}
