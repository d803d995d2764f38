// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import NIOCore
import NIOPosix
import Testing

@testable import Discovery

struct MDNSServiceTests {
    /// A UDP port that nobody uses at the moment.
    private static func freePort() async throws -> Int {
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        defer { channel.close(promise: nil) }
        return try #require(channel.localAddress?.port)
    }

    @Test func `two peers find each other by multicast on loopback`() async throws {
        let network = MemoryNetwork()
        let hosts = try [1, 2].map { number in
            network.makeHost(
                try peer(number),
                addresses: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/\(4_000 + Int(number))")])
        }
        var options = MDNSService.Options()
        options.interfaces = .loopback
        options.port = try await Self.freePort()
        options.longestInterval = .milliseconds(50)
        let services = hosts.map { MDNSService(host: $0, options: options, logger: silent) }
        await withThrowingTaskGroup(of: Void.self) { group in
            for service in services { group.addTask { try await service.run() } }
            while !hosts[0].isConnected(to: hosts[1].peerID) { await Task.yield() }
            group.cancelAll()
        }
        #expect(hosts[0].connectedPeers == [hosts[1].peerID])
    }
}
