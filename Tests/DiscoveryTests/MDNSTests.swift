// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Discovery

struct MDNSMachineTests {
    private static func machine(
        _ number: UInt8, _ addresses: [String] = ["/ip4/192.168.0.1/tcp/4001"],
        network: String? = nil
    ) throws -> MDNSMachine {
        var machine = MDNSMachine(
            peerID: try peer(number), name: "n\(number)" + String(repeating: "x", count: 32),
            network: network)
        machine.setAddresses(try addresses.map { try Multiaddr(text: $0) })
        return machine
    }

    private static func ask(
        _ machine: inout MDNSMachine, _ name: String, _ type: UInt16, unicast: Bool = false,
        at now: Duration = .zero
    ) throws -> MDNSMachine.Reaction {
        let name = try #require(DNSName(name))
        return try machine.receive(
            DNSMessage(
                id: 7, isResponse: false,
                questions: [.init(name: name, type: type, wantsUnicast: unicast)]
            ).encode(), from: .network, at: now)
    }

    @Test func `a question brings an answer, and the answer the peer`() throws {
        var asker = try Self.machine(1)
        var other = try Self.machine(
            2, ["/ip4/192.168.0.2/tcp/4001", "/ip6/fe80::1/udp/4001/quic-v1"])
        let query = asker.query
        let reaction = try other.receive(query, from: .network, at: .zero)
        let answer = try #require(reaction.multicast)
        let found = try asker.receive(answer, from: .network, at: .zero).found
        #expect(found.map(\.id) == [other.peerID])
        #expect(
            found[0].addresses.map(\.description)
                == ["/ip4/192.168.0.2/tcp/4001", "/ip6/fe80::1/udp/4001/quic-v1"])
        // It hears itself as well, and takes no notice.
        let own = try other.receive(answer, from: .network, at: .zero)
        #expect(own == MDNSMachine.Reaction())
        // Asked by the group again at once, it keeps silent.
        let soon = try other.receive(query, from: .network, at: .milliseconds(900))
        #expect(soon.multicast == nil)
        let later = try other.receive(query, from: .network, at: .seconds(1))
        #expect(later.multicast != nil)
    }

    @Test func `an answer has the form of the spec`() throws {
        var machine = try Self.machine(2)
        let reaction = try Self.ask(&machine, "_p2p._udp.local", DNSMessage.RecordType.ptr)
        let answer = try DNSMessage(try #require(reaction.multicast))
        #expect(answer.isResponse && answer.questions.isEmpty)
        guard case .pointer(let instance)? = answer.answers.first?.content else {
            Issue.record("no pointer")
            return
        }
        #expect(answer.answers[0].name.description == "_p2p._udp.local")
        #expect(instance.description.hasSuffix("._p2p._udp.local"))
        #expect(!instance.description.contains("\(machine.peerID)"))
        #expect(answer.additionals.map(\.name) == [instance])
        let text = "dnsaddr=/ip4/192.168.0.1/tcp/4001/p2p/\(machine.peerID)"
        #expect(answer.additionals[0].content == .text([Array(text.utf8)]))
    }

    @Test func `services, instances and hosts are told when they are asked for`() throws {
        var machine = try Self.machine(2)
        let services = try Self.ask(
            &machine, "_services._dns-sd._udp.local", DNSMessage.RecordType.ptr)
        let service = try DNSMessage(try #require(services.multicast)).answers[0].content
        #expect(service == .pointer(try #require(DNSName("_p2p._udp.local"))))
        let name = "n2" + String(repeating: "x", count: 32)
        let all = try Self.ask(
            &machine, "\(name)._P2P._udp.local", DNSMessage.RecordType.any, unicast: true)
        #expect(all.multicast == nil)
        let unicast = try DNSMessage(try #require(all.unicast))
        #expect(unicast.id == 7)
        #expect(unicast.answers.map(\.content.type) == [16, 33])
        let address = try Self.ask(&machine, "\(name).p2p.local", DNSMessage.RecordType.a)
        #expect(
            try DNSMessage(try #require(address.multicast)).answers[0].content
                == .address([192, 168, 0, 1]))
        #expect(try Self.ask(&machine, "example.local", 255) == MDNSMachine.Reaction())
    }

    @Test func `private networks do not see the public one`() throws {
        let asker = try Self.machine(1, network: "abcd")
        var other = try Self.machine(2)
        let reaction = try other.receive(asker.query, from: .network, at: .zero)
        #expect(reaction == MDNSMachine.Reaction())
        var member = try Self.machine(3, network: "abcd")
        #expect(try member.receive(asker.query, from: .network, at: .zero).multicast != nil)
    }

    @Test(arguments: [
        ("/ip4/192.0.2.1/tcp/4001", true), ("/ip6/fe80::1/udp/1/quic-v1", true),
        ("/dns4/box.local/tcp/1", true), ("/dns4/example.org/tcp/1", false),
        ("/ip4/192.0.2.1/tcp/1/ws", false), ("/ip4/192.0.2.1/tcp/1/tls/ws", false),
        ("/ip4/0.0.0.0/tcp/1", false), ("/dnsaddr/box.local", false),
        ("/ip4/192.0.2.1/udp/1/quic-v1/webtransport", false),
    ])
    func `only addresses for the local network are told`(text: String, isTold: Bool) throws {
        #expect(MDNSMachine.isLocal(try Multiaddr(text: text)) == isTold)
    }

    @Test func `many addresses are told as far as a packet goes`() throws {
        var machine = try Self.machine(2, (1...200).map { "/ip4/10.0.0.1/tcp/\($0)" })
        let reaction = try Self.ask(&machine, "_p2p._udp.local", DNSMessage.RecordType.ptr)
        let packet = try #require(reaction.multicast)
        #expect(packet.count <= MDNSMachine.packetByteCount)
        var asker = try Self.machine(1)
        let found = try asker.receive(packet, from: .network, at: .zero).found
        #expect(found[0].addresses.count == MDNSMachine.maximumAddressCount)
    }

    @Test func `without an address nothing is said`() throws {
        var machine = try Self.machine(2, [])
        #expect(
            try Self.ask(&machine, "_p2p._udp.local", DNSMessage.RecordType.ptr)
                == MDNSMachine.Reaction())
    }

    @Test func `a packet that names countless peers brings some`() throws {
        let instance = try #require(DNSName("abc._p2p._udp.local"))
        let strings = try (0..<40 as Range<UInt8>).map {
            Array("dnsaddr=/ip4/192.168.0.1/tcp/1/p2p/\(try peer($0))".utf8)
        }
        let packet = DNSMessage(
            isResponse: true,
            answers: [.init(name: instance, lifetime: 1, content: .text(strings))]
        ).encode()
        var machine = try Self.machine(99)
        let found = try machine.receive(packet, from: .network, at: .zero).found
        #expect(found.count == MDNSMachine.maximumPeerCount)
    }

    @Test(arguments: [Informant.machine, .network])
    func `addresses of loopback are taken from this machine alone`(
        _ informant: Informant
    ) throws {
        let loopback = "/ip4/127.0.0.1/tcp/1"
        let others = [
            "/ip4/192.168.0.2/tcp/1", "/ip4/169.254.0.2/tcp/1", "/ip6/fe80::1/tcp/1",
            "/ip6/fd00::1/tcp/1", "/ip4/8.8.8.8/tcp/1", "/dns4/box.local/tcp/1",
        ]
        var teller = try Self.machine(2, [loopback] + others)
        var shut = try Self.machine(3, [loopback])
        var asker = try Self.machine(1)
        let query = asker.query
        let answer = try teller.receive(query, from: .network, at: .zero)
        let other = try shut.receive(query, from: .network, at: .zero)
        let found = try asker.receive(
            try #require(answer.multicast), from: informant, at: .zero
        ).found
        let isHere = informant == .machine
        #expect(found.map(\.id) == [teller.peerID])
        #expect(found[0].addresses.map(\.description) == (isHere ? [loopback] : []) + others)
        // Whoever tells of nothing else is not found at all.
        let second = try asker.receive(
            try #require(other.multicast), from: informant, at: .zero
        ).found
        #expect(second.map(\.id) == (isHere ? [shut.peerID] : []))
    }
}

struct DNSMessageTests {
    private static func name(_ text: String) throws -> DNSName { try #require(DNSName(text)) }

    private static func sample() throws -> DNSMessage {
        DNSMessage(
            id: 3, isResponse: true,
            questions: [.init(name: try name("_p2p._udp.local"), type: 12, wantsUnicast: true)],
            answers: [
                .init(
                    name: try name("_p2p._udp.local"), lifetime: 120,
                    content: .pointer(try name("a._p2p._udp.local"))),
                .init(
                    name: try name("a._p2p._udp.local"), lifetime: 9,
                    content: .text([[1, 2], [], [3]]), isUnique: true),
            ],
            additionals: [
                .init(
                    name: try name("a._p2p._udp.local"), lifetime: 1,
                    content: .service(
                        priority: 1, weight: 2, port: 3, host: try name("a.p2p.local"))),
                .init(
                    name: try name("a.p2p.local"), lifetime: 1, content: .address([1, 2, 3, 4])),
                .init(
                    name: try name("a.p2p.local"), lifetime: 1,
                    content: .address(Array(0..<16))),
                .init(name: try name("b.local"), lifetime: 1, content: .other(type: 47, [9, 9])),
            ])
    }

    @Test func `a message reads back as it was written, smaller for its pointers`() throws {
        let message = try Self.sample()
        let bytes = message.encode()
        #expect(try DNSMessage(bytes) == message)
        #expect(bytes.count < 180)
    }

    @Test func `every truncation is refused`() throws {
        let bytes = try Self.sample().encode()
        for count in 0..<bytes.count {
            #expect(throws: DNSMessageError.self) { try DNSMessage(Array(bytes[..<count])) }
        }
    }

    @Test(
        arguments: [
            // A name that points at itself, and two that point at each other.
            [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1],
            [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 14, 0xc0, 12, 0, 12, 0, 1],
            // A label of a kind that does not exist.
            [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 12, 0, 1],
            // More entries than bytes.
            [0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0],
            // A text that goes beyond its record.
            [
                0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 16, 0, 1, 0, 0, 0, 1, 0, 2, 9, 1, 1, 1,
                1, 1, 1, 1, 1, 1,
            ],
            // An address of three bytes.
            [0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 3, 1, 2, 3],
        ] as [[UInt8]])
    func `hostile packets are refused`(bytes: [UInt8]) {
        #expect(throws: DNSMessageError.self) { try DNSMessage(bytes) }
    }

    @Test func `a packet above the limit is not looked at`() {
        #expect(throws: DNSMessageError.tooLong(byteCount: 9_001)) {
            try DNSMessage(Array(repeating: 0, count: 9_001))
        }
    }

    @Test func `damaged packets never do harm`() throws {
        var generator = SeededGenerator(seed: SeededGenerator.runSeed)
        let sample = try Self.sample().encode()
        var machine = MDNSMachine(
            peerID: try peer(1), name: MDNSMachine.makeName(using: &generator))
        machine.setAddresses([try Multiaddr(text: "/ip4/192.168.0.1/tcp/1")])
        var readable = 0
        for _ in 0..<30_000 {
            var bytes = sample
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                    .random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) {
                bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
            }
            // What is refused is refused by an error, which is all that is asked here.
            if let message = try? DNSMessage(bytes) {
                readable += 1
                _ = message.encode()
                _ = try machine.receive(bytes, from: .network, at: .zero)
            }
        }
        #expect(readable > 0, "seed \(SeededGenerator.runSeed)")
    }

    @Test(arguments: ["", "a", "a.b.c"])
    func `names are split at dots`(text: String) {
        #expect(DNSName(text)?.description == text)
    }

    @Test func `names have limits`() {
        #expect(DNSName(String(repeating: "a", count: 63)) != nil)
        #expect(DNSName(String(repeating: "a", count: 64)) == nil)
        #expect(DNSName(Array(repeating: "abc", count: 63).joined(separator: ".")) != nil)
        #expect(DNSName(Array(repeating: "abc", count: 64).joined(separator: ".")) == nil)
    }
}
