// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Libp2pNIO
import Logging
import Multiformats
import Testing

@Suite
struct SocketHostPolicyTests {
    @Test(arguments: ConnectionSecurity.allCases)
    func `another peer at the address is found out`(_ security: ConnectionSecurity) async throws {
        try await withHosts(configure: { options, _ in options.securities = [security] }) {
            near, far in
            let stranger = PrivateKey.makeEd25519().publicKey.peerID
            await expectError(.wrongPeer) {
                try await near.connect(to: stranger, at: far.addresses)
            }
            #expect(near.connectedPeers.isEmpty)
            // The address waits for that peer alone.
            await expectError(.backOff) {
                try await near.connect(to: stranger, at: far.addresses)
            }
            try await near.connect(to: far.peerID, at: far.addresses)
        }
    }

    @Test
    func `nothing outside of the allowed networks is dialled`() async throws {
        try await withHosts { near, far in
            for address in ["/ip4/192.0.2.1/tcp/4001", "/ip6/2001:db8::1/tcp/4001/ws"] {
                await expectError(.denied) {
                    try await near.connect(to: far.peerID, at: [try Multiaddr(text: address)])
                }
            }
            for address in ["/dns4/example.com/tcp/4001", "/dnsaddr/example.com"] {
                await expectError(.noAddress) {
                    try await near.connect(to: far.peerID, at: [try Multiaddr(text: address)])
                }
            }
            await expectError(.noAddress) { try await near.connect(to: far.peerID, at: []) }
            let quic = try Multiaddr(text: "/ip4/127.0.0.1/udp/4001/quic-v1")
            await expectError(.noAddress) { try await near.connect(to: far.peerID, at: [quic]) }
        }
    }

    @Test
    func `nothing outside of the allowed networks is accepted or listened on`() async throws {
        let other = try #require(IPNetwork("127.0.0.2/32"))
        try await withHosts(configure: { options, index in
            if index == 1 {
                options.filter.deniedNetworks = [IPNetwork("127.0.0.1")].compactMap(\.self)
                options.filter.allowedNetworks.append(other)
                options.listenAddresses = [Multiaddr(components: [.ip4([127, 0, 0, 2]), .tcp(0)])]
            }
        }) { near, far in
            await expectError(.dialFailed) {
                try await near.connect(to: far.peerID, at: far.addresses)
            }
        }
        var options = try loopbackOptions()
        options.listenAddresses = [try Multiaddr(text: "/ip4/192.0.2.1/tcp/0")]
        let host = try SocketHost(
            identity: .makeEd25519(), options: options, logger: Logger(label: "test"))
        await expectError(.denied) { try await host.run() }
    }

    @Test
    func `peers that are not allowed are refused on either side`() async throws {
        let denied = PrivateKey.makeEd25519()
        let host = try SocketHost(
            identity: denied, options: try loopbackOptions(), logger: Logger(label: "test"))
        try await withHosts(configure: { options, index in
            if index == 1 { options.filter.deniedPeers = [denied.publicKey.peerID] }
        }) { _, far in
            try await run([host]) {
                await expectError(.denied) {
                    try await far.connect(to: host.peerID, at: host.addresses)
                }
                // The dialler learns of it by the end of the connection, maybe after its handshake.
                let events = Events(of: host)
                do {
                    try await host.connect(to: far.peerID, at: far.addresses)
                    try await events.disconnection(from: far.peerID)
                } catch let error as HostError { #expect(error.code != .denied) }
                #expect(far.connectedPeers.isEmpty)
            }
        }
    }

    @Test
    func `connections over the high water mark are closed unless protected`() async throws {
        try await withHosts(configure: { options, index in
            if index == 0 {
                options.waterMarks = ConnectionWaterMarks(low: 2, high: 3, grace: .zero)
            }
        }) { near, _ in
            let others = try (0..<5).map { _ in
                try SocketHost(
                    identity: .makeEd25519(), options: try loopbackOptions(),
                    logger: Logger(label: "test"))
            }
            try await run(others) {
                near.protect(others[0].peerID, tag: "test")
                for other in others {
                    try await near.connect(to: other.peerID, at: other.addresses)
                }
                while near.connectedPeers.count > 3 { await Task.yield() }
                #expect(near.isConnected(to: others[0].peerID))
            }
        }
    }

    @Test
    func `a private network is open to those with its key alone`() async throws {
        let key = try PreSharedKey([UInt8](repeating: 9, count: 32))
        let outsider = try SocketHost(
            identity: .makeEd25519(), options: try loopbackOptions(), logger: Logger(label: "t"))
        try await withHosts(configure: { options, _ in
            options.privateNetworkKey = key
            options.timeouts.privateDial = .seconds(2)
            options.timeouts.upgrade = .seconds(2)
        }) { near, far in
            serveEcho(far)
            try await near.connect(to: far.peerID, at: far.addresses)
            #expect(try await echo([1, 2, 3], from: near, to: far.peerID) == [1, 2, 3])
            try await run([outsider]) {
                await #expect(throws: HostError.self) {
                    try await outsider.connect(to: far.peerID, at: far.addresses)
                }
                #expect(far.connectedPeers == [near.peerID])
            }
        }
    }

    @Test
    func `two callers share a dial, and crossed dials leave both connected`() async throws {
        try await withHosts { near, far in
            async let first: Void = near.connect(to: far.peerID, at: far.addresses)
            async let second: Void = near.connect(to: far.peerID, at: far.addresses)
            async let crossed: Void = far.connect(to: near.peerID, at: near.addresses)
            try await first
            try await second
            try await crossed
            #expect(near.connections.filter { !$0.isInbound }.count <= 1)
            #expect(try await near.ping(far.peerID) > .zero)
            #expect(try await far.ping(near.peerID) > .zero)
        }
    }

    @Test
    func `a dial that is cancelled ends at once`() async throws {
        try await withHosts { near, far in
            try await withSilentServer { address in
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await near.connect(to: far.peerID, at: [address]) }
                    group.cancelAll()
                    await #expect(throws: CancellationError.self) {
                        try await group.waitForAll()
                    }
                }
            }
        }
    }

    @Test
    func `a server that says nothing does not hold up the address beside it`() async throws {
        try await withHosts { near, far in
            try await withSilentServer { silent in
                try await near.connect(to: far.peerID, at: [silent] + far.addresses)
                #expect(near.connections.map(\.address) == far.addresses)
            }
        }
    }
}
