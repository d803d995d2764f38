// SPDX-License-Identifier: Apache-2.0

import Catalog
import KademliaDHT
import Libp2p
import Logging
import Multiformats
import Provide
import Testing

struct DHTAnnouncerTests {
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func peer(_ number: Int) throws -> PeerID {
        try PeerID(
            Multihash(
                code: .sha2_256, digest: AnnounceKey(hashing: Array("dht \(number)".utf8)).bytes))
    }

    /// DHT servers that know each other, and a client that knows them.
    private static func withServers(
        _ count: Int, _ body: ([DHT], DHT) async throws -> Void
    ) async throws {
        let network = MemoryNetwork()
        let servers = try (1...count).map { number in
            DHT(
                host: network.makeHost(try peer(number)), options: .isolated,
                store: MemoryProviderStore(), logger: silent)
        }
        var options = DHTOptions.isolated
        options.mode = .client
        let client = DHT(
            host: network.makeHost(try peer(0)), options: options, store: MemoryProviderStore(),
            logger: silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for dht in servers + [client] { group.addTask { try await dht.run() } }
            for (index, dht) in servers.enumerated() {
                for other in servers[..<index].map(\.host) + [client.host] {
                    try await dht.host.connect(to: other.peerID, at: other.addresses)
                }
            }
            while client.tablePeers.count < count
                || servers.contains(where: { $0.tablePeers.count < count - 1 })
            {
                await Task.yield()
            }
            try await body(servers, client)
            group.cancelAll()
        }
        for host in network.hosts { await host.close() }
    }

    @Test(arguments: [3, 25])
    func `DHT servers store every record once, with a restart in the middle`(
        serverCount: Int
    ) async throws {
        let scene = try await AnnounceScene(serverCount: 0)
        let keys = multihashes(0..<600)
        try await scene.commit(keys)
        var options = AnnounceScene.options
        options.workers.batch = 50
        try await Self.withServers(serverCount) { servers, client in
            func announcer() -> Announcer {
                Announcer(
                    network: DHTProvideNetwork(client), catalog: scene.catalog, source: scene,
                    options: options, logger: Self.silent)
            }
            let first = announcer()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await first.run() }
                while try await first.status().recordCount == 0 { await Task.yield() }
                first.stop()
                try await group.waitForAll()
            }
            let second = announcer()
            try await second.runOnce()
            let copies = min(serverCount, 20)
            let sent = try await first.status().recordCount + second.status().recordCount
            #expect(sent == keys.count * copies)
            var stored = 0
            for server in servers { stored += try await server.store.recordCount }
            #expect(stored == keys.count * copies)
            for key in keys.prefix(20) {
                let providers = try await servers[0].store.providers(
                    of: try Multihash(key), limit: 9, now: .zero)
                #expect(providers.allSatisfy { $0.id == client.host.peerID })
            }
        }
    }

    @Test func `a list of keys is swept without a catalog`() async throws {
        let keys = try multihashes(0..<300).map { try Multihash($0) }
        try await Self.withServers(25) { servers, client in
            let taken = try await KeySweep(DHTProvideNetwork(client)).announce(keys, bitCount: 0)
            #expect(taken == keys.count)
            var stored = 0
            for server in servers { stored += try await server.store.recordCount }
            #expect(stored == keys.count * 20)
        }
    }
}
