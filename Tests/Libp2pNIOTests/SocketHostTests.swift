// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Libp2pNIO
import Logging
import Multiformats
import Synchronization
import Testing

@Suite
struct SocketHostTests {
    @Test
    func `several tasks can wait until a host listens`() async throws {
        let host = try SocketHost(
            identity: .makeEd25519(), options: try loopbackOptions(), logger: Logger(label: "test"))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try await host.waitUntilListening()
                    return !host.addresses.isEmpty
                }
            }
            for _ in 0..<100 { await Task.yield() }
            try await run([host]) {
                for try await isListening in group { #expect(isListening) }
            }
        }
    }

    @Test(arguments: ConnectionSecurity.allCases)
    func `two hosts connect, identify, ping and exchange bytes`(
        _ security: ConnectionSecurity
    ) async throws {
        try await withHosts(configure: { options, _ in options.securities = [security] }) {
            near, far in
            serveEcho(far)
            let events = Events(of: near)
            try await near.connect(to: far.peerID, at: far.addresses)
            let connection = try #require(near.connections.first)
            #expect(connection.security == security)
            #expect(!connection.isInbound)
            let protocols = try await events.protocols(of: far.peerID)
            #expect(protocols.contains("/echo"))
            #expect(near.addressBook.addresses(of: far.peerID) == far.addresses)
            #expect(near.addressBook.signedRecord(of: far.peerID) != nil)
            #expect(try await near.ping(far.peerID) > .zero)
            let sent = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(try await echo(sent, from: near, to: far.peerID) == sent)
        }
    }

    @Test(arguments: [("noise", "tls"), ("tls", "noise")])
    func `a dialled host takes either security`(_ first: String, _ second: String) async throws {
        let securities = [first, second].compactMap(ConnectionSecurity.init(rawValue:))
        try await withHosts(configure: { options, index in
            if index == 0 { options.securities = securities }
        }) { near, far in
            try await near.connect(to: far.peerID, at: far.addresses)
            #expect(near.connections.map(\.security) == [securities[0]])
        }
    }

    @Test(arguments: ["/ip6/::1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws", "/ip6/::1/tcp/0/ws"])
    func `hosts connect over other transports`(_ address: String) async throws {
        let listenAddress = try Multiaddr(text: address)
        try await withHosts(configure: { options, _ in
            options.listenAddresses = [listenAddress]
        }) { near, far in
            serveEcho(far)
            let listening = try #require(far.addresses.first)
            #expect(listening.description.hasSuffix(address.hasSuffix("ws") ? "/ws" : ""))
            #expect(!listening.description.contains("/tcp/0"))
            try await near.connect(to: far.peerID, at: [listening.appending(.p2p(far.peerID))])
            let sent = [UInt8](repeating: 3, count: 700_000)
            #expect(try await echo(sent, from: near, to: far.peerID) == sent)
        }
    }

    @Test
    func `WebSocket over TLS takes a certificate that is trusted, and no other`() async throws {
        let (certificate, key) = try WebCertificate.make()
        let untrusting = try SocketHost(
            identity: .makeEd25519(), options: try loopbackOptions(), logger: Logger(label: "t"))
        try await withHosts(configure: { options, index in
            options.listenAddresses = [
                Multiaddr(components: [.ip4([127, 0, 0, 1]), .tcp(0), .tls, .ws])
            ]
            options.webSocketTLS.certificateChainPEM = certificate
            options.webSocketTLS.privateKeyPEM = key
            options.webSocketTLS.trustRootsPEM = certificate
        }) { near, far in
            serveEcho(far)
            let listening = try #require(far.addresses.first)
            #expect(listening.description.hasSuffix("/tls/ws"))
            let port = try #require(listening.components.dropFirst().first)
            let named = Multiaddr(components: [.dns4("localhost"), port, .wss])
            try await near.connect(to: far.peerID, at: [named])
            let sent = [UInt8](repeating: 3, count: 300_000)
            #expect(try await echo(sent, from: near, to: far.peerID) == sent)
            try await run([untrusting]) {
                await expectError(.dialFailed) {
                    try await untrusting.connect(to: far.peerID, at: [named])
                }
            }
        }
    }

    @Test
    func `a name of this machine is resolved`() async throws {
        try await withHosts { near, far in
            guard case .tcp(let port)? = far.addresses.first?.components.last else {
                Issue.record("\(far.addresses)")
                return
            }
            for name in [Multiaddr.Component.dns("localhost"), .dns4("localhost")] {
                try await near.connect(
                    to: far.peerID, at: [Multiaddr(components: [name, .tcp(port)])])
                #expect(near.connections.map(\.address) == far.addresses)
                await near.disconnect(from: far.peerID)
            }
        }
    }

    @Test
    func `the first protocol that the peer knows is spoken, and none is an error`() async throws {
        try await withHosts { near, far in
            serveEcho(far)
            try await near.connect(to: far.peerID, at: far.addresses)
            let stream = try await near.openStream(to: far.peerID, for: ["/none", "/echo"])
            #expect(stream.protocolID == "/echo")
            stream.reset()
            await expectError(.unsupportedProtocol) {
                _ = try await near.openStream(to: far.peerID, for: ["/none", "/nothing"])
            }
            far.stopHandling(["/echo"])
            await expectError(.unsupportedProtocol) {
                _ = try await near.openStream(to: far.peerID, for: ["/echo"])
            }
        }
    }

    @Test
    func `peers are told of protocols that come and go`() async throws {
        try await withHosts { near, far in
            let events = Events(of: near)
            try await near.connect(to: far.peerID, at: far.addresses)
            let first = try await events.protocols(of: far.peerID)
            #expect(!first.contains("/new"))
            far.handle(["/new"]) { _ in }
            try await events.first { event -> Void? in
                guard case .identified(far.peerID, let protocols) = event else { return nil }
                return protocols.contains("/new") ? () : nil
            }
            #expect(near.addressBook.protocols(of: far.peerID)?.contains("/new") == true)
            far.stopHandling(["/new"])
            try await events.first { event -> Void? in
                guard case .identified(far.peerID, let protocols) = event else { return nil }
                return near.addressBook.protocols(of: far.peerID) == protocols
                    && !protocols.contains("/new") && protocols == first ? () : nil
            }
        }
    }

    @Test
    func `a disconnect is seen on both sides and ends streams`() async throws {
        try await withHosts { near, far in
            let events = Events(of: far)
            let ended = Events.Latch()
            far.handle(["/wait"]) { stream in
                do { _ = try await stream.read(atMost: 1) } catch { ended.open() }
            }
            try await near.connect(to: far.peerID, at: far.addresses)
            let stream = try await near.openStream(to: far.peerID, for: ["/wait"])
            await near.disconnect(from: far.peerID)
            try await events.disconnection(from: near.peerID)
            try await ended.wait()
            await #expect(throws: PeerStreamError.connectionClosed) {
                try await stream.read(atMost: 1)
            }
            #expect(near.connectedPeers.isEmpty)
            #expect(far.connectedPeers.isEmpty)
        }
    }

    @Test
    func `what came before the connection ended can still be read`() async throws {
        try await withHosts { near, far in
            let written = Events.Latch()
            far.handle(["/last"]) { stream in
                try await stream.write([1, 2, 3])
                written.open()
            }
            try await near.connect(to: far.peerID, at: far.addresses)
            let events = Events(of: near)
            let stream = try await near.openStream(to: far.peerID, for: ["/last"])
            try await written.wait()
            // The answer to a ping comes behind the bytes.
            _ = try await near.ping(far.peerID)
            await far.disconnect(from: near.peerID)
            try await events.disconnection(from: far.peerID)
            #expect(try await stream.read(atMost: 10) == [1, 2, 3])
        }
    }

    @Test
    func `a stream that was closed is neither read nor written`() async throws {
        try await withHosts { near, far in
            far.handle(["/wait"]) { stream in _ = try await stream.read(atMost: 1) }
            try await near.connect(to: far.peerID, at: far.addresses)
            let stream = try await near.openStream(to: far.peerID, for: ["/wait"])
            try await stream.closeWrite()
            await #expect(throws: PeerStreamError.closed) { try await stream.write([1]) }
            await stream.close()
            await #expect(throws: PeerStreamError.closed) { try await stream.read(atMost: 1) }
            let other = try await near.openStream(to: far.peerID, for: ["/wait"])
            other.reset()
            await #expect(throws: PeerStreamError.reset) { try await other.read(atMost: 1) }
            await #expect(throws: PeerStreamError.reset) { try await other.write([1]) }
        }
    }

    @Test
    func `many streams at once all get their own bytes`() async throws {
        try await withHosts { near, far in
            serveEcho(far)
            try await near.connect(to: far.peerID, at: far.addresses)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<60 {
                    group.addTask {
                        let sent = [UInt8](repeating: UInt8(number), count: 50_000 + number)
                        return try await echo(sent, from: near, to: far.peerID) == sent
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            for host in [near, far] {
                // Streams close when both ends have said so, which may take a moment more.
                while (host.connections.first?.streamCount ?? 0) > 0 { await Task.yield() }
            }
        }
    }

    @Test
    func `a host that is cancelled leaves nothing open`() async throws {
        var far: SocketHost?
        let near = try SocketHost(
            identity: .makeEd25519(), options: try loopbackOptions(), logger: Logger(label: "t"))
        try await run([near]) {
            try await withHosts { first, _ in
                far = first
                try await near.connect(to: first.peerID, at: first.addresses)
                #expect(near.isConnected(to: first.peerID))
            }
            let gone = try #require(far)
            #expect(gone.connectedPeers.isEmpty)
            while near.isConnected(to: gone.peerID) { await Task.yield() }
            await expectError(.dialFailed) {
                try await near.connect(to: gone.peerID, at: gone.addresses)
            }
            await expectError(.closed) {
                try await gone.connect(to: near.peerID, at: near.addresses)
            }
        }
    }
}
