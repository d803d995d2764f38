// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
import Multiformats
import Synchronization
import TestSupport
import Testing

@testable import Libp2pNIO

@Suite
struct HostilePeerTests {
    @Test(arguments: 0..<8)
    func `garbage in the place of a handshake ends the connection`(_ seed: UInt64) async throws {
        try await withHost { host in
            var random = SeededGenerator(seed: seed)
            let garbage = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &random) }
            try await RawPeer.connect(to: host) { peer in
                do { try await peer.send(garbage) } catch {}
                await peer.waitForEnd()
            }
            #expect(host.connectedPeers.isEmpty)
        }
    }

    @Test(arguments: ["", "\u{13}/multistream/1.0.0\n", "\u{13}/multistream/1.0.0\n\u{7}/noise\n"])
    func `a handshake that stops is given up in time`(_ start: String) async throws {
        try await withHost(configure: { $0.timeouts.upgrade = .milliseconds(200) }) { host in
            try await RawPeer.connect(to: host) { peer in
                // The time may be over already.
                do { if !start.isEmpty { try await peer.send(Array(start.utf8)) } } catch {}
                await peer.waitForEnd()
            }
        }
    }

    @Test
    func `a host that ends closes what is still in its handshake`() async throws {
        let host = try SocketHost(
            identity: .makeEd25519(), options: try loopbackOptions(), logger: Logger(label: "t"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await host.run() }
            try await host.waitUntilListening()
            try await RawPeer.connect(to: host) { peer in
                _ = try await peer.receive()
                group.cancelAll()
                try await group.waitForAll()
                #expect(host.state.withLock { $0.ledger.connectionCount } == 0)
                await peer.waitForEnd()
            }
        }
    }

    @Test
    func `more handshakes at once than allowed are refused, and later ones are not`() async throws {
        try await withHost(configure: { $0.limits.handshakes = 2 }) { host in
            try await RawPeer.connect(to: host) { first in
                // Its first bytes show that the host counts it.
                _ = try await first.receive()
                try await RawPeer.connect(to: host) { second in
                    _ = try await second.receive()
                    try await RawPeer.connect(to: host) { third in await third.waitForEnd() }
                }
            }
            while host.state.withLock({ $0.ledger.connectionCount }) > 0 { await Task.yield() }
            try await RawPeer.connect(to: host) { peer in try await peer.upgrade() }
        }
    }

    @Test
    func `of a thousand streams those over the limit are reset`() async throws {
        try await withHost(configure: { $0.limits.inboundStreamsPerPeer = 20 }) { host in
            try await RawPeer.connect(to: host) { peer in
                try await peer.upgrade()
                var session = try await sessionWithStreams(1000, &peer)
                var resetCount = 0
                try await peer.drive(&session) { event in
                    if case .reset(_, let code) = event, code == .resourceLimit { resetCount += 1 }
                    return resetCount >= 980
                }
                #expect(host.state.withLock { $0.ledger.totalStreamCount } <= 21)
            }
            while host.state.withLock({ $0.ledger.totalStreamCount }) > 0 { await Task.yield() }
        }
    }

    @Test
    func `a stream on which nothing is negotiated is reset in time`() async throws {
        try await withHost(configure: { $0.timeouts.negotiation = .milliseconds(100) }) { host in
            try await RawPeer.connect(to: host) { peer in
                try await peer.upgrade()
                var session = YamuxSession(isDialer: true, at: .zero)
                let stream = try session.open(at: .zero)
                try await peer.drive(&session) { event in
                    if case .reset(stream, _) = event { true } else { false }
                }
            }
        }
    }

    @Test
    func `a frame that is no Yamux ends the connection`() async throws {
        try await withHost { host in
            let events = Events(of: host)
            let identity = PrivateKey.makeEd25519()
            try await RawPeer.connect(to: host) { peer in
                try await peer.upgrade(identity)
                try await peer.send([UInt8](repeating: 0xff, count: 12))
                await peer.waitForEnd()
            }
            try await events.disconnection(from: identity.publicKey.peerID)
        }
    }

    @Test
    func `a frame that Noise cannot open ends the connection`() async throws {
        try await withHost { host in
            let events = Events(of: host)
            let identity = PrivateKey.makeEd25519()
            try await RawPeer.connect(to: host) { peer in
                try await peer.upgrade(identity)
                try await events.connection(to: identity.publicKey.peerID)
                try await peer.sendRaw([0, 20] + [UInt8](repeating: 1, count: 20))
                await peer.waitForEnd()
            }
            try await events.disconnection(from: identity.publicKey.peerID)
        }
    }

    @Test
    func `a peer that asks and never reads loses its connection, and no other does`() async throws {
        try await withHost { host in
            let events = Events(of: host)
            let identity = PrivateKey.makeEd25519()
            let friend = try SocketHost(
                identity: .makeEd25519(), options: try loopbackOptions(),
                logger: Logger(label: "test"))
            try await run([friend]) {
                try await friend.connect(to: host.peerID, at: host.addresses)
                try await RawPeer.connect(to: host) { peer in
                    try await peer.upgrade(identity)
                    // SYNs of streams over the limit are each answered by a reset.
                    do {
                        var id: UInt32 = 1
                        while true {
                            var frames: [UInt8] = []
                            for _ in 0..<5000 {
                                frames += [0, 1, 0, 1] + bigEndian(id) + bigEndian(0)
                                id += 2
                            }
                            try await peer.send(frames)
                            if !host.isConnected(to: identity.publicKey.peerID) { break }
                        }
                    } catch {}
                }
                try await events.disconnection(from: identity.publicKey.peerID)
                #expect(try await friend.ping(host.peerID) > .zero)
            }
        }
    }

    @Test
    func `bytes that nobody reads are bounded for all peers together`() async throws {
        try await withHost(configure: { $0.limits.memoryByteCount = 300_000 }) { host in
            let events = Events(of: host)
            host.handle(["/never"]) { _ in
                // Ends with the host.
                try await Task.sleep(for: .seconds(3600))
            }
            let identity = PrivateKey.makeEd25519()
            try await RawPeer.connect(to: host) { peer in
                try await peer.upgrade(identity)
                var session = YamuxSession(isDialer: true, at: .zero)
                for _ in 0..<3 {
                    let stream = try session.open(at: .zero)
                    let request = MultistreamInitiator(["/never"]).start()
                    _ = session.write(request[...], to: stream)
                    _ = session.write(
                        [UInt8](repeating: 1, count: 200_000)[...], to: stream)
                    do { try await peer.send(session.takeOutput()) } catch {}
                }
                await peer.waitForEnd()
            }
            try await events.disconnection(from: identity.publicKey.peerID)
            #expect(host.memory.used <= 300_000)
        }
    }

    @Test
    func `who holds most gives way when there is no room, and not who comes then`() async throws {
        try await withHost(configure: { $0.limits.memoryByteCount = 300_000 }) { host in
            let events = Events(of: host)
            host.handle(["/never"]) { _ in
                // Ends with the host.
                try await Task.sleep(for: .seconds(3600))
            }
            let friend = try SocketHost(
                identity: .makeEd25519(), options: try loopbackOptions(),
                logger: Logger(label: "test"))
            let hog = try SocketHost(
                identity: .makeEd25519(), options: try loopbackOptions(),
                logger: Logger(label: "test"))
            try await run([friend, hog]) {
                for (peer, byteCount) in [(friend, 50_000), (hog, 220_000), (friend, 60_000)] {
                    try await peer.connect(to: host.peerID, at: host.addresses)
                    let stream = try await peer.openStream(to: host.peerID, for: ["/never"])
                    try await stream.write([UInt8](repeating: 1, count: byteCount))
                }
                try await events.disconnection(from: hog.peerID)
                #expect(try await friend.ping(host.peerID) > .zero)
                #expect(host.isConnected(to: friend.peerID))
            }
        }
    }

    @Test(arguments: IdentifyLie.allCases)
    func `a lie in identify is not believed, and costs the stream alone`(
        _ lie: IdentifyLie
    ) async throws {
        try await withHost { host in
            let identity = PrivateKey.makeEd25519()
            try await RawPeer.connect(to: host) { peer in
                try await peer.upgrade(identity)
                var session = YamuxSession(isDialer: true, at: .zero)
                let stream = try await peer.acceptStream(IdentifyMessage.protocolID, in: &session)
                var rest = try lie.bytes()[...]
                var isReset = false
                while !isReset {
                    rest = rest.dropFirst(session.write(rest, to: stream) ?? rest.count)
                    if rest.isEmpty { session.closeWrite(stream) }
                    try await peer.drive(&session) { event in
                        if case .reset(stream, _) = event { isReset = true }
                        return isReset || event == .writable(stream)
                    }
                }
                #expect(host.isConnected(to: identity.publicKey.peerID))
                #expect(host.addressBook.protocols(of: identity.publicKey.peerID) == nil)
                #expect(host.addressBook.addresses(of: identity.publicKey.peerID).isEmpty)
            }
        }
    }

    private func sessionWithStreams(
        _ count: Int, _ peer: inout RawPeer
    ) async throws -> YamuxSession {
        var options = YamuxOptions()
        options.maximumOutboundStreamCount = count
        options.maximumUnacknowledgedCount = count
        var session = YamuxSession(isDialer: true, options: options, at: .zero)
        for _ in 0..<count { _ = try session.open(at: .zero) }
        return session
    }

    private func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }
}

/// What a peer says of itself that is not so, or is too much.
enum IdentifyLie: CaseIterable, Sendable {
    case otherKey
    case oversizedMessage
    case elevenMessages
    case noProtobuf

    /// What is sent on the stream.
    func bytes() throws -> [UInt8] {
        switch self {
        case .otherKey:
            var message = IdentifyMessage()
            message.publicKey = PrivateKey.makeEd25519().publicKey.protobuf
            message.protocols = ["/lie"]
            return message.messages.flatMap(Self.delimited)
        case .oversizedMessage:
            return Self.delimited([UInt8](repeating: 0x1a, count: 1 << 20))
        case .elevenMessages:
            var message = IdentifyMessage()
            message.protocols = ["/lie"]
            return (0..<11).flatMap { _ in message.messages.flatMap(Self.delimited) }
        case .noProtobuf: return Self.delimited([0x1a, 0x7f, 1])
        }
    }

    private static func delimited(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(UInt64(message.count), to: &bytes)
        return bytes + message
    }
}
