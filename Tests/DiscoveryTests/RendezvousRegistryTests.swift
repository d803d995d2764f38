// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Testing

@testable import Discovery

struct RendezvousRegistryTests {
    /// A registry that is asked in the order of calls.
    private final class Server {
        var registry: RendezvousRegistry
        var now = Duration.zero

        init(_ limits: RendezvousLimits = RendezvousLimits(), instance: UInt64 = 1) {
            registry = RendezvousRegistry(limits: limits, instance: instance)
        }

        func register(
            _ number: UInt8, _ namespace: String, ttl: UInt64? = nil, record: [UInt8]? = nil
        ) throws -> (RendezvousMessage.Status, UInt64?) {
            let answer = try registry.handle(
                .register(
                    .init(
                        namespace: namespace,
                        signedPeerRecord: try record ?? recordBytes(number),
                        lifetimeSeconds: ttl)), from: try peer(number), now: now)
            guard case .registerResponse(let status, _, let granted)? = answer else {
                throw RendezvousError(.protocolViolation, "no answer")
            }
            return (status, granted)
        }

        func discover(
            _ namespace: String?, limit: UInt64? = nil, cookie: [UInt8]? = nil
        ) throws -> (
            status: RendezvousMessage.Status, peers: [PeerID], ttls: [UInt64?], cookie: [UInt8]
        ) {
            let answer = try registry.handle(
                .discover(namespace: namespace, limit: limit, cookie: cookie),
                from: try peer(200), now: now)
            guard case .discoverResponse(let status, _, let found, let cookie)? = answer else {
                throw RendezvousError(.protocolViolation, "no answer")
            }
            return (
                status,
                try found.map { try PeerRecord.open($0.signedPeerRecord).record.peerID },
                found.map(\.lifetimeSeconds), cookie
            )
        }
    }

    @Test func `peers are found under their namespace, or under all`() throws {
        let server = Server()
        #expect(try server.register(1, "a") == (.ok, 7_200))
        #expect(try server.register(2, "b", ttl: 259_200) == (.ok, 259_200))
        #expect(try server.register(3, "a") == (.ok, 7_200))
        #expect(try server.discover("a").peers == [peer(1), peer(3)])
        #expect(try server.discover("b").ttls == [259_200])
        #expect(try server.discover(nil).peers == [peer(1), peer(2), peer(3)])
        #expect(try server.discover("c").peers.isEmpty)
    }

    @Test func `a cookie brings only what is new, in pieces of the limit`() throws {
        let server = Server()
        for number in 1...5 as ClosedRange<UInt8> { _ = try server.register(number, "a") }
        let first = try server.discover("a", limit: 2)
        #expect(try first.peers == [peer(1), peer(2)])
        let second = try server.discover("a", limit: 2, cookie: first.cookie)
        #expect(try second.peers == [peer(3), peer(4)])
        let third = try server.discover("a", cookie: second.cookie)
        #expect(try third.peers == [peer(5)])
        #expect(try server.discover("a", cookie: third.cookie).peers.isEmpty)
        // A renewal is news.
        _ = try server.register(2, "a")
        #expect(try server.discover("a", cookie: third.cookie).peers == [peer(2)])
    }

    @Test func `a cookie of another namespace, server or time is refused`() throws {
        let server = Server()
        _ = try server.register(1, "a")
        let cookie = try server.discover("a").cookie
        #expect(try server.discover("b", cookie: cookie).status == .invalidCookie)
        #expect(try server.discover(nil, cookie: cookie).status == .invalidCookie)
        #expect(try server.discover("a", cookie: [1, 2, 3]).status == .invalidCookie)
        #expect(
            try Server(instance: 2).discover("a", cookie: cookie).status == .invalidCookie)
        var future = cookie
        future[8] = 0xff
        #expect(try server.discover("a", cookie: future).status == .invalidCookie)
        #expect(try server.discover("a", cookie: []).status == .ok)
    }

    @Test(
        arguments: [
            ("", 7_200, .invalidNamespace),
            (String(repeating: "n", count: 256), 7_200, .invalidNamespace),
            ("a", 7_199, .invalidTTL), ("a", 259_201, .invalidTTL), ("a", 7_200, .ok),
        ] as [(String, UInt64, RendezvousMessage.Status)])
    func `what a registration may not ask is refused`(
        namespace: String, ttl: UInt64, status: RendezvousMessage.Status
    ) throws {
        #expect(try Server().register(1, namespace, ttl: ttl).0 == status)
    }

    @Test func `nobody registers others, or with a damaged record`() throws {
        let server = Server()
        let other = try record(2).bytes
        #expect(try server.register(1, "a", record: other).0 == .invalidSignedPeerRecord)
        #expect(try server.register(1, "a", record: []).0 == .invalidSignedPeerRecord)
        var damaged = try record(1).bytes
        damaged[damaged.count - 1] ^= 1
        #expect(try server.register(1, "a", record: damaged).0 == .invalidSignedPeerRecord)
        #expect(server.registry.count == 0)
    }

    @Test func `registrations end with their lifetime, or when they are taken back`() throws {
        let server = Server()
        _ = try server.register(1, "a")
        _ = try server.register(2, "a", ttl: 10_000)
        server.now = .seconds(7_199)
        #expect(try server.discover("a").ttls == [1, 2_801])
        server.now = .seconds(7_200)
        #expect(try server.discover("a").peers == [peer(2)])
        #expect(server.registry.count == 1)
        let answer = try server.registry.handle(
            .unregister(namespace: "a"), from: try peer(2), now: server.now)
        #expect(answer == nil)
        #expect(try server.discover("a").peers.isEmpty)
    }

    @Test func `a peer, and all together, have limits`() throws {
        var limits = RendezvousLimits()
        limits.registrationsPerPeer = 3
        limits.registrations = 4
        let server = Server(limits)
        for name in ["a", "b", "c"] { #expect(try server.register(1, name).0 == .ok) }
        #expect(try server.register(1, "d").0 == .notAuthorized)
        #expect(try server.register(1, "c").0 == .ok)
        #expect(try server.register(2, "a").0 == .ok)
        #expect(try server.register(3, "a").0 == .unavailable)
        server.now = .seconds(7_200)
        #expect(try server.register(3, "a").0 == .ok)
        limits.byteCount = 1_000
        let small = Server(limits)
        #expect(try small.register(1, "a").0 == .ok)
        #expect(try small.register(2, "a").0 == .ok)
        #expect(try small.register(3, "a").0 == .unavailable)
    }

    @Test func `an answer where a request must come is a violation`() throws {
        let server = Server()
        #expect(throws: RendezvousError.self) {
            try server.registry.handle(
                .registerResponse(.ok, text: "", lifetimeSeconds: nil), from: try peer(1),
                now: .zero)
        }
    }
}

/// The bytes of a made-up peer's record.
private func recordBytes(_ number: UInt8) throws -> [UInt8] { try record(number).bytes }
