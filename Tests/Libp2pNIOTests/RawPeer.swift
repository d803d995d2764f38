// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import NIOCore
import NIOPosix
import Testing

@testable import Libp2pNIO

/// A peer that does on its connection what the test says, right or wrong.
struct RawPeer: ~Copyable {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var channel: NoiseChannel?
    /// What arrived in plain and was not taken.
    private var surplus: [UInt8] = []

    /// Connects to `host` and runs `body`, then closes the connection.
    static func connect(
        to host: SocketHost, _ body: (inout RawPeer) async throws -> Void
    ) async throws {
        guard let address = host.addresses.first, let ip = address.ipAddress,
            case .tcp(let port)? = address.components.last
        else { throw PeerStreamError.malformed("no address") }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: SocketAddress(ip: ip, port: port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            var peer = RawPeer(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            try await body(&peer)
        }
    }

    private init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.inbound = inbound
        self.outbound = outbound
    }

    /// Sends bytes, encrypted once the handshake is done.
    mutating func send(_ bytes: [UInt8]) async throws {
        let sealed = try channel?.seal(bytes) ?? bytes
        try await outbound.write(ByteBuffer(bytes: sealed))
    }

    /// Sends bytes as they are.
    func sendRaw(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    /// Waits for bytes, in plain; nil at the end of the connection.
    mutating func receive() async throws -> [UInt8]? {
        if !surplus.isEmpty {
            defer { surplus = [] }
            return surplus
        }
        while let buffer = try await inbound.next(isolation: #isolation) {
            let bytes = Array(buffer.readableBytesView)
            let plaintext = try channel?.open(bytes) ?? bytes
            if !plaintext.isEmpty { return plaintext }
        }
        return nil
    }

    /// Reads until the host closes the connection, which it may do by a reset.
    mutating func waitForEnd() async {
        do { while try await receive() != nil {} } catch {}
    }

    /// Does a handshake with Noise, as it should be.
    mutating func upgrade(_ identity: PrivateKey = .makeEd25519()) async throws {
        var upgrade = ConnectionUpgrade(
            isInitiator: true, identity: identity, expecting: nil, securities: [.noise])
        try await send(upgrade.start())
        while let bytes = try await receive() {
            let step = try upgrade.receive(bytes)
            if !step.output.isEmpty { try await send(step.output) }
            if case .established(let result) = step.outcome {
                channel = result.channel
                surplus = result.surplus
                return
            }
        }
        throw PeerStreamError.connectionClosed
    }

    /// Waits for a stream that the host opens, and agrees to speak `protocolID` on it.
    mutating func acceptStream(
        _ protocolID: ProtocolID, in session: inout YamuxSession
    ) async throws -> YamuxStreamID {
        var opened: YamuxStreamID?
        try await drive(&session) { event in
            if case .opened(let id) = event { opened = id }
            return opened != nil
        }
        let stream = try #require(opened)
        session.accept(stream)
        var negotiation = MultistreamResponder([protocolID])
        _ = session.write(negotiation.start()[...], to: stream)
        while true {
            if case .bytes(let bytes) = session.read(stream, atMost: 4096, at: .zero) {
                let step = try negotiation.receive(bytes)
                _ = session.write(step.output[...], to: stream)
                if step.agreed != nil { return stream }
            } else {
                try await drive(&session) { $0 == .readable(stream) }
            }
        }
    }

    /// Drives `session` until `isDone` says so of its events.
    mutating func drive(
        _ session: inout YamuxSession, until isDone: (YamuxEvent) throws -> Bool
    ) async throws {
        while true {
            let output = session.takeOutput()
            if !output.isEmpty { try await send(output) }
            for event in session.takeEvents() where try isDone(event) { return }
            guard let bytes = try await receive() else { throw PeerStreamError.connectionClosed }
            session.receive(bytes, at: .zero)
        }
    }
}

/// Runs `body` with the address of a server that accepts connections and says nothing.
func withSilentServer(_ body: (Multiaddr) async throws -> Void) async throws {
    let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0).get()
    let port = UInt16(try #require(server.localAddress?.port))
    do {
        try await body(Multiaddr(components: [.ip4([127, 0, 0, 1]), .tcp(port)]))
    } catch {
        try await server.close()
        throw error
    }
    try await server.close()
}
