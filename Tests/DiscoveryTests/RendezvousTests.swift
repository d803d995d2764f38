// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Testing

@testable import Discovery

struct RendezvousTests {
    /// Addresses of a peer, the nearest last.
    private static let told = [
        "/dns4/example.org/tcp/1", "/ip4/8.8.4.4/tcp/1", "/ip4/10.0.0.2/tcp/1",
        "/ip6/fd00::1/tcp/1", "/ip4/127.0.0.1/tcp/1",
    ]

    /// A server, at an address in memory unless told, and two clients that know where it is.
    private static func withScene(
        at addresses: [Multiaddr] = [],
        _ body: (RendezvousServer, MemoryHost, [MemoryHost]) async throws -> Void
    ) async throws {
        let network = MemoryNetwork()
        let host = network.makeHost(try peer(100), addresses: addresses)
        let clients = [network.makeHost(try peer(1)), network.makeHost(try peer(2))]
        for client in clients {
            client.addressBook.add(
                host.addresses, of: host.peerID, lifetime: AddressLifetime.permanent)
        }
        let server = RendezvousServer(host: host, logger: silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            while true {
                // The server answers once its handler is there.
                let stream = try? await clients[0].openStream(
                    to: host.peerID, for: [.rendezvous])
                if let stream {
                    await stream.close()
                    break
                }
                await Task.yield()
            }
            try await body(server, host, clients)
            group.cancelAll()
        }
        for host in clients + [host] { await host.close() }
    }

    @Test func `a peer registers, is found by another, and takes it back`() async throws {
        try await Self.withScene { server, host, clients in
            let first = RendezvousClient(host: clients[0], logger: silent)
            let second = RendezvousClient(host: clients[1], logger: silent)
            let granted = try await first.register(
                try record(1), under: "cairn", at: host.peerID)
            #expect(granted == 7_200)
            let found = try await second.discover("cairn", at: host.peerID)
            #expect(found.peers.map(\.id) == [clients[0].peerID])
            #expect(
                clients[1].addressBook.addresses(of: clients[0].peerID)
                    == found.peers[0].addresses)
            let again = try await second.discover(
                "cairn", at: host.peerID, cookie: found.cookie)
            #expect(again.peers.isEmpty)
            try await first.unregister(from: "cairn", at: host.peerID)
            #expect(server.registrationCount == 0)
        }
    }

    @Test(arguments: [
        ("/ip4/8.8.8.8/tcp/4001", 2), ("/ip4/198.51.100.1/tcp/4001", 2),
        ("/ip4/192.168.0.1/tcp/4001", 4), ("/ip6/fe80::1/tcp/4001", 4),
        ("/ip4/127.0.0.1/tcp/4001", 5),
    ])
    func `addresses that lie nearer than the server are not taken from it`(
        _ place: String, _ count: Int
    ) async throws {
        try await Self.withScene(at: [try Multiaddr(text: place)]) { _, host, clients in
            let first = RendezvousClient(host: clients[0], logger: silent)
            let second = RendezvousClient(host: clients[1], logger: silent)
            _ = try await first.register(
                try record(1, Self.told), under: "cairn", at: host.peerID)
            let found = try await second.discover("cairn", at: host.peerID).peers
            let taken = try Self.told.prefix(count).map { try Multiaddr(text: $0) }
            #expect(found == [PeerInfo(id: clients[0].peerID, addresses: taken)])
            #expect(clients[1].addressBook.addresses(of: clients[0].peerID) == taken)
        }
    }

    @Test func `what the server refuses is told with its status`() async throws {
        try await Self.withScene { _, host, clients in
            let client = RendezvousClient(host: clients[0], logger: silent)
            let error = await #expect(throws: RendezvousError.self) {
                try await client.register(try record(2), under: "cairn", at: host.peerID)
            }
            #expect(error?.code == .refused(.invalidSignedPeerRecord))
            let other = await #expect(throws: RendezvousError.self) {
                try await client.discover("cairn", at: host.peerID, cookie: [1])
            }
            #expect(other?.code == .refused(.invalidCookie))
        }
    }

    @Test func `a lifetime of next to nothing is not renewed without a pause`() {
        for granted in [0, 1, 59, 60] as [UInt64] {
            #expect(RendezvousClient.pause(beforeRenewing: granted) == .seconds(45))
        }
        #expect(RendezvousClient.pause(beforeRenewing: 7_200) == .seconds(5_400))
        #expect(RendezvousClient.pause(beforeRenewing: .max) == .seconds(194_400))
    }

    @Test(
        arguments: [
            [0xff, 0xff, 0xff, 0x7f], [3, 1, 2, 3], [2, 8, 9],
        ] as [[UInt8]])
    func `a stream that breaks the protocol is reset and nobody else disturbed`(
        bytes: [UInt8]
    ) async throws {
        try await Self.withScene { _, host, clients in
            let stream = try await clients[0].openStream(to: host.peerID, for: [.rendezvous])
            try await stream.write(bytes)
            await #expect(throws: PeerStreamError.self) {
                while try await stream.read(atMost: 100) != nil {}
            }
            let client = RendezvousClient(host: clients[1], logger: silent)
            let granted = try await client.register(
                try record(2), under: "cairn", at: host.peerID)
            #expect(granted == 7_200)
        }
    }
}
