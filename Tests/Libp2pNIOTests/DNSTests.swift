// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Logging
import Multiformats
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Libp2pNIO

@Suite
struct DNSTests {
    @Test
    func `a question has the form of RFC 1035`() throws {
        let query = try #require(DNSQuery("_dnsaddr.a.example.", id: 0x1234))
        let name: [UInt8] = [8] + Array("_dnsaddr".utf8) + [1, 97, 7] + Array("example".utf8) + [0]
        #expect(
            query.bytes == [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1] + name
                + [0, 16, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0])
    }

    @Test(arguments: ["", ".", "a..b", String(repeating: "a", count: 64), longName])
    func `what is no name is not asked for`(_ name: String) {
        #expect(DNSQuery(name, id: 1) == nil)
    }

    @Test(arguments: [
        ("192.0.2.1", true), ("192.0.2.1:5353", true), ("2001:db8::1", true),
        ("[2001:db8::1]:53", true), ("192.0.2.1:65536", false), ("192.0.2.1:-1", false),
        ("192.0.2.1:", false), ("a.example:53", false), ("", false),
    ])
    func `a name server is an address, with a port or without`(_ text: String, _ isOne: Bool) {
        #expect(SocketHostOptions.isNameServer(text) == isOne)
    }

    @Test
    func `strings are joined, other records passed over, names compressed`() throws {
        let query = try #require(DNSQuery("A.example", id: 7))
        let message = FakeDNS.answer(to: query.bytes) { records in
            records.add(type: 5, data: [0xc0, 12])
            records.add(type: 16, data: [2, 104, 105, 1, 33])
            records.add(type: 16, data: [0])
        }
        #expect(try query.answer(message) == .records([Array("hi!".utf8), []]))
        #expect(try DNSQuery("a.example", id: 8)?.answer(message) == DNSQuery.Answer?.none)
        #expect(try DNSQuery("b.example", id: 7)?.answer(message) == DNSQuery.Answer?.none)
        #expect(try query.answer(query.bytes) == nil)
    }

    @Test
    func `errors and truncation are told`() throws {
        let query = try #require(DNSQuery("a.example", id: 7))
        var message = FakeDNS.answer(to: query.bytes) { _ in }
        message[3] = 3
        #expect(try query.answer(message) == .records([]))
        message[3] = 2
        #expect(try query.answer(message) == .failed(code: 2))
        message[2] |= 2
        #expect(try query.answer(message) == .truncated)
    }

    @Test
    func `an answer cut anywhere, or changed at random, is an error or no answer`() throws {
        let query = try #require(DNSQuery("a.example", id: 7))
        let message = FakeDNS.answer(to: query.bytes) { $0.add(type: 16, data: [2, 104, 105]) }
        for count in 0..<message.count {
            #expect(throws: DNSMessageError.self, "cut at \(count)") {
                try query.answer(Array(message.prefix(count)))
            }
        }
        var random = SeededGenerator(seed: SeededGenerator.runSeed)
        for _ in 0..<20_000 {
            var bytes = message
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(
                    in: 0...255, using: &random)
            }
            // Whatever it says, it must not trap.
            _ = try? query.answer(bytes)
        }
    }

    @Test
    func `a name that points to itself is refused`() throws {
        let query = try #require(DNSQuery("a.example", id: 7))
        var message = FakeDNS.answer(to: query.bytes) { $0.add(type: 16, data: [0]) }
        let start = query.bytes.count - 11
        message.replaceSubrange(start..<start + 2, with: [0xc0, UInt8(start)])
        #expect(throws: DNSMessageError.name(offset: start)) { try query.answer(message) }
    }

    @Test(arguments: [false, true])
    func `a dnsaddr is followed to the addresses of the peer`(_ isTruncated: Bool) async throws {
        try await withHosts { _, far in
            let address = try #require(far.addresses.first).appending(.p2p(far.peerID))
            let stranger = PrivateKey.makeEd25519().publicKey.peerID
            let records = [
                "_dnsaddr.peers.test": [
                    "dnsaddr=/dnsaddr/more.peers.test/p2p/\(far.peerID)", "unrelated=1",
                    "dnsaddr=/ip4/127.0.0.1/tcp/1/p2p/\(stranger)", "dnsaddr=nonsense",
                    "dnsaddr=/dnsaddr/peers.test/p2p/\(far.peerID)",
                ],
                "_dnsaddr.more.peers.test": ["dnsaddr=\(address)"],
            ]
            try await FakeDNS.run(records, isTruncated: isTruncated) { server in
                var options = try loopbackOptions()
                options.nameServers = [server]
                let near = try SocketHost(
                    identity: .makeEd25519(), options: options, logger: .init(label: "test"))
                try await run([near]) {
                    try await near.connect(
                        to: far.peerID, at: [try Multiaddr(text: "/dnsaddr/peers.test")])
                    #expect(near.connections.map(\.address) == far.addresses)
                }
            }
        }
    }

    @Test
    func `of very many names some are asked for, and numbers all the same`() async throws {
        try await withHosts { _, far in
            let address = try #require(far.addresses.first)
            let records = ["_dnsaddr.peers.test": ["dnsaddr=\(address)/p2p/\(far.peerID)"]]
            try await FakeDNS.run(records, isTruncated: false) { server in
                var options = try loopbackOptions()
                options.nameServers = [server]
                let near = try SocketHost(
                    identity: .makeEd25519(), options: options, logger: .init(label: "test"))
                let good = try Multiaddr(text: "/dnsaddr/peers.test")
                let bad = try (0..<16).map { try Multiaddr(text: "/dnsaddr/no\($0).test") }
                try await run([near]) {
                    await #expect(throws: HostError.self) {
                        try await near.connect(to: far.peerID, at: bad + [good])
                    }
                    try await near.connect(to: far.peerID, at: bad.dropLast() + [good])
                    await near.disconnect(from: far.peerID)
                    try await near.connect(to: far.peerID, at: bad + [good, address])
                    #expect(near.isConnected(to: far.peerID))
                }
            }
        }
    }

    @Test(arguments: [
        (NameReach.internet, NameReach.internet), (.internet, .anywhere), (.anywhere, .internet),
    ])
    func `names of strangers lead to the internet alone, unless the host is apart from it`(
        _ names: NameReach, _ ofHost: NameReach
    ) async throws {
        let peer = PrivateKey.makeEd25519().publicKey.peerID
        let texts = [
            "/ip4/127.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", "/ip4/0.0.0.0/tcp/1", "/ip6/::1/tcp/1",
            "/ip6/fd00::1/tcp/1", "/ip4/8.8.8.8/tcp/1",
        ]
        let records = [
            "_dnsaddr.peers.test": ["dnsaddr=/dnsaddr/more.peers.test/p2p/\(peer)"],
            "_dnsaddr.more.peers.test": (texts + ["/dns4/localhost/tcp/2"]).map {
                "dnsaddr=\($0)/p2p/\(peer)"
            },
        ]
        try await FakeDNS.run(records, isTruncated: false) { server in
            let resolver = NameResolver(
                nameServers: [server], filter: AddressFilter(), names: ofHost,
                eventLoops: MultiThreadedEventLoopGroup.singleton)
            let given = try [
                "/dns4/localhost/tcp/3", "/ip4/127.0.0.1/tcp/4", "/dnsaddr/peers.test",
            ].map { NamedAddress(try Multiaddr(text: $0), names: names) }
            let found = await resolver.resolve(given, for: peer).map { "\($0.address)" }
            let all =
                ["/ip4/127.0.0.1/tcp/3", "/ip4/127.0.0.1/tcp/4"] + texts
                + ["/ip4/127.0.0.1/tcp/2"]
            let isFree = names == .anywhere || ofHost == .anywhere
            // Numbers that were given as such are for others to judge.
            #expect(found == (isFree ? all : ["/ip4/127.0.0.1/tcp/4", "/ip4/8.8.8.8/tcp/1"]))
        }
    }

    @Test
    func `a name leads into a private network if the user or a peer there gave it`() async throws {
        try await withHosts(configure: { options, index in
            if index == 0 { options.filter.allowedNetworks = [] }
        }) { near, far in
            let port = try #require(far.addresses.first?.components.last)
            let named = Multiaddr(components: [.dns4("localhost"), port])
            await expectError(.noAddress) { try await near.connect(to: far.peerID, at: [named]) }
            near.addressBook.add(
                [named], of: far.peerID, lifetime: AddressLifetime.temporary)
            await expectError(.noAddress) { try await near.connect(to: far.peerID, at: []) }
            let events = Events(of: near)
            try await near.connect(to: far.peerID, at: [named], names: .anywhere)
            _ = try await events.protocols(of: far.peerID)
            let known = near.addressBook.namedAddresses(of: far.peerID)
            #expect(known == far.addresses.map { NamedAddress($0, names: .anywhere) })
        }
    }

    private static let longName = Array(repeating: "abcdefg", count: 32).joined(separator: ".")
}

/// A name server on loopback that knows some TXT records.
enum FakeDNS {
    /// The records of an answer.
    struct Records {
        fileprivate var bytes: [UInt8] = []
        fileprivate var count: UInt8 = 0

        /// Adds a record of the name that was asked for.
        mutating func add(type: UInt8, data: [UInt8]) {
            count += 1
            bytes += [0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60]
            bytes += [UInt8(data.count >> 8), UInt8(data.count & 0xff)] + data
        }
    }

    /// The answer to `query` with the records that `fill` adds.
    static func answer(to query: [UInt8], _ fill: (inout Records) -> Void) -> [UInt8] {
        var records = Records()
        fill(&records)
        // Its options are left off.
        let question = query[12..<query.count - 11]
        return query[0..<2] + [0x81, 0x80, 0, 1, 0, records.count, 0, 0, 0, 0] + question
            + records.bytes
    }

    /// Serves `records` over UDP and TCP while `body` runs; over UDP only that it is too much, if
    /// `isTruncated`.
    static func run(
        _ records: [String: [String]], isTruncated: Bool, _ body: (String) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Stream(records: records))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(server.localAddress?.port)
        let datagrams = try await DatagramBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Datagrams(records: records, isTruncated: isTruncated))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        do { try await body("127.0.0.1:\(port)") } catch {
            try await server.close()
            try await datagrams.close()
            throw error
        }
        try await server.close()
        try await datagrams.close()
    }

    private static func reply(to query: [UInt8], _ records: [String: [String]]) -> [UInt8] {
        var labels: [String] = []
        var position = 12
        while query[position] > 0 {
            let end = position + 1 + Int(query[position])
            labels.append(String(decoding: query[position + 1..<end], as: UTF8.self))
            position = end
        }
        return answer(to: query) { answer in
            for text in records[labels.joined(separator: ".")] ?? [] {
                answer.add(type: 16, data: [UInt8(text.utf8.count)] + Array(text.utf8))
            }
        }
    }

    private final class Datagrams: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>

        private let records: [String: [String]]
        private let isTruncated: Bool

        init(records: [String: [String]], isTruncated: Bool) {
            self.records = records
            self.isTruncated = isTruncated
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            var reply = FakeDNS.reply(to: Array(envelope.data.readableBytesView), records)
            if isTruncated { reply[2] |= 2 }
            let answer = AddressedEnvelope(
                remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: reply))
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        }
    }

    private final class Stream: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let records: [String: [String]]

        init(records: [String: [String]]) { self.records = records }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let query = Array(unwrapInboundIn(data).readableBytesView.dropFirst(2))
            let reply = FakeDNS.reply(to: query, records)
            let length = [UInt8(reply.count >> 8), UInt8(reply.count & 0xff)]
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: length + reply)), promise: nil)
        }
    }
}
