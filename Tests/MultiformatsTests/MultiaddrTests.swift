// SPDX-License-Identifier: Apache-2.0

import Foundation
import Multiformats
import Testing

/// `Fixtures/libp2p/multiaddr.json`.
struct MultiaddrVectors: Decodable {
    struct Valid: Decodable, Sendable {
        let text: String
        let hex: String
    }
    let valid: [Valid]
    let invalid: [String]

    static let shared: MultiaddrVectors = {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        do {
            let data = try Data(contentsOf: root.appending(path: "Fixtures/libp2p/multiaddr.json"))
            return try JSONDecoder().decode(MultiaddrVectors.self, from: data)
        } catch { preconditionFailure("no vectors: \(error)") }
    }()
}

@Suite struct MultiaddrTests {
    static let peer = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
    static let relay = "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk"

    @Test(arguments: MultiaddrVectors.shared.valid)
    func `published addresses are read from text and bytes`(
        _ vector: MultiaddrVectors.Valid
    ) throws {
        let address = try Multiaddr(text: vector.text)
        #expect(Fixture.hex(address.bytes) == vector.hex)
        #expect(try Multiaddr(Fixture.bytes(hex: vector.hex)).description == vector.text)
    }

    @Test(arguments: MultiaddrVectors.shared.invalid)
    func `published texts that are no addresses are refused`(_ text: String) {
        #expect(throws: MultiaddrError.self) { try Multiaddr(text: text) }
    }

    static let texts = [
        "/ip6/::1/tcp/80", "/ip6/2001:db8::8:800:200c:417a/udp/53",
        "/ip6/::ffff:1.2.3.4/tcp/1", "/ip6zone/eth0/ip6/fe80::1/tcp/1",
        "/ip4/10.0.0.0/ipcidr/8", "/dns4/example.com/tcp/443/tls/sni/example.com/ws",
        "/dnsaddr/bootstrap.libp2p.io/p2p/\(peer)", "/dns6/a.b/tcp/1/wss", "/dns/x/tcp/0",
        "/ip4/1.2.3.4/tcp/4001/p2p/\(relay)/p2p-circuit/p2p/\(peer)",
        "/ip4/1.2.3.4/udp/4001/quic-v1/webtransport/certhash/"
            + "uEiAkH5a4DPGKUuOBjYw0CgwjvcJCJMD2K_1aluKR_tpevQ",
        "/ip4/1.2.3.4/udp/1/webrtc-direct", "/memory/18446744073709551615", "/unix/tmp/a.sock",
        "/ip4/1.2.3.4/tcp/80/http/http-path/a%2Fb%20c%25", "/ip4/0.0.0.0/dccp/1/utp/udt/quic",
        "/sctp/65535/noise/plaintextv2", "/https",
        "/garlic32/566niximlxdzpanmn4qouucvua3k7neniwss47li5r6ugoertzuq",
    ]

    @Test(arguments: texts)
    func `an address of any protocol comes back from bytes and components`(_ text: String) throws {
        let address = try Multiaddr(text: text)
        #expect(address.description == text)
        #expect(try Multiaddr(address.bytes) == address)
        #expect(Multiaddr(components: address.components) == address)
    }

    @Test(arguments: [
        ("/ip4/1.2.3.4/tcp/80/", "/ip4/1.2.3.4/tcp/80"),
        ("/ip4/1.2.3.4/tcp/80//", "/ip4/1.2.3.4/tcp/80"),
        ("/ipfs/\(peer)", "/p2p/\(peer)"), ("/ip6/1:0:0:2:0:0:0:3", "/ip6/1:0:0:2::3"),
        ("/ip6/0:0:0:0:0:0:0:0", "/ip6/::"), ("/ip6/ABCD::1", "/ip6/abcd::1"),
        ("/ip6/1:2:3:4:5:6:7::", "/ip6/1:2:3:4:5:6:7:0"),
        ("/ip6/64:ff9b::1.2.3.4", "/ip6/64:ff9b::102:304"),
    ])
    func `other texts of an address give its usual one`(_ text: String, _ usual: String) throws {
        #expect(try Multiaddr(text: text).description == usual)
    }

    @Test(
        arguments: [
            ("ip4/1.2.3.4", .noLeadingSlash), ("//ip4/1.2.3.4", .unknownName(offset: 1)),
            ("/ip4/1.2.3.4/tcp", .missingValue(offset: 13)),
            ("/ip4/1.2.3/tcp/1", .invalidValue(offset: 1)),
            ("/ip4/01.2.3.4", .invalidValue(offset: 1)),
            ("/ip4/1.2.3.256", .invalidValue(offset: 1)),
            ("/ip6/1:2:3:4:5:6:7:8:9", .invalidValue(offset: 1)),
            ("/ip6/1::2::3", .invalidValue(offset: 1)),
            ("/ip6/1:2:3:4:5:6:7:8::", .invalidValue(offset: 1)),
            ("/ip6/12345::", .invalidValue(offset: 1)), ("/ip6/:1", .invalidValue(offset: 1)),
            ("/ip6/fe80::1%eth0", .invalidValue(offset: 1)),
            ("/ip6/1.2.3.4::", .invalidValue(offset: 1)),
            ("/tcp/+1", .invalidValue(offset: 1)), ("/tcp/007", .invalidValue(offset: 1)),
            ("/tcp/99999999999999999999999", .invalidValue(offset: 1)),
            ("/dns4//tcp/1", .invalidValue(offset: 1)), ("/foo", .unknownName(offset: 1)),
            ("/http-path/a%2", .invalidValue(offset: 1)),
            ("/http-path/%+1", .invalidValue(offset: 1)),
            ("/onion/aaimaq4ygg2iegci:0", .invalidValue(offset: 1)),
            ("/onion/aaimaq4ygg2iegci", .invalidValue(offset: 1)),
            ("/onion3/aaimaq4ygg2iegci:80", .invalidValue(offset: 1)),
            ("/certhash/uEiAk", .invalidValue(offset: 1)),
            ("/p2p/bafkqaaa", .invalidValue(offset: 1)),
            (String(repeating: "/", count: 4097), .tooLong(byteCount: 4097)),
            ("/dns/" + String(repeating: "x", count: 1030), .tooLong(byteCount: 1033)),
        ] as [(String, MultiaddrError)])
    func `a wrong text is refused at its component`(_ text: String, _ error: MultiaddrError) {
        #expect(throws: error) { try Multiaddr(text: text) }
    }

    @Test(
        arguments: [
            ("", .empty), ("04", .truncated(offset: 0)), ("047f000001060f", .truncated(offset: 5)),
            ("8004", .unknownCode(512, offset: 0)), ("8400", .varint(.notMinimal(offset: 0))),
            ("80", .varint(.truncated(offset: 0))), ("3500", .invalidValue(offset: 0)),
            ("350161", nil), ("350261", .truncated(offset: 0)),
            ("35022f61", .invalidValue(offset: 0)),
            ("3501ff", .invalidValue(offset: 0)), ("3581000161", .varint(.notMinimal(offset: 1))),
            ("35ffffffffffffffff7f61", .truncated(offset: 0)),
            // A /p2p of a SHA2-512, and of an identity hash that is too long.
            ("a503" + "42" + "1340" + String(repeating: "00", count: 64), .invalidValue(offset: 0)),
            ("a503" + "2d" + "002b" + String(repeating: "00", count: 43), .invalidValue(offset: 0)),
            ("9003022f61" + "0601bb", .notTerminal(offset: 5)),
            (String(repeating: "047f000001", count: 205), .tooLong(byteCount: 1025)),
        ] as [(String, MultiaddrError?)])
    func `wrong bytes are refused at their component`(_ hex: String, _ error: MultiaddrError?)
        throws
    {
        guard let error else {
            _ = try Multiaddr(Fixture.bytes(hex: hex))
            return
        }
        #expect(throws: error) { try Multiaddr(Fixture.bytes(hex: hex)) }
    }

    @Test(arguments: texts)
    func `an address cut short is another one or none`(_ text: String) throws {
        let address = try Multiaddr(text: text)
        let ends = Set(
            (1...address.components.count).map { count in
                Multiaddr(components: Array(address.components.prefix(count))).bytes.count
            })
        for length in 0..<address.bytes.count {
            let cut = Array(address.bytes.prefix(length))
            if ends.contains(length) {
                #expect(try Multiaddr(cut).bytes == cut)
            } else {
                #expect(throws: MultiaddrError.self) { try Multiaddr(cut) }
            }
        }
    }

    @Test func `the peer is that of a p2p at the end`() throws {
        let peer = try PeerID(text: Self.peer)
        let circuit = try Multiaddr(text: "/ip4/1.2.3.4/tcp/1/p2p/\(Self.relay)/p2p-circuit")
        #expect(circuit.peerID == nil)
        #expect(circuit.isCircuit)
        let full = circuit.appending(.p2p(peer))
        #expect(full.peerID == peer)
        #expect(full.withoutPeerID() == circuit)
        #expect(circuit.withoutPeerID() == circuit)
        let bare = Multiaddr(components: [.p2p(peer)])
        #expect(bare.withoutPeerID() == bare)
    }

    enum Reach { case loopback, local, internet, nowhere }

    @Test(
        arguments: [
            ("/ip4/127.9.9.9/tcp/1", .loopback), ("/ip6/::1/tcp/1", .loopback),
            ("/dns/localhost/tcp/1", .loopback), ("/dns4/a.LOCALHOST./tcp/1", .loopback),
            ("/ip6/::ffff:127.0.0.1/tcp/1", .loopback), ("/memory/1", .loopback),
            ("/ip4/10.1.2.3/tcp/1", .local), ("/ip4/172.31.0.1/tcp/1", .local),
            ("/ip4/172.32.0.1/tcp/1", .internet), ("/ip4/192.168.1.1/udp/1", .local),
            ("/ip4/100.64.0.1/tcp/1", .local), ("/ip4/169.254.1.1/tcp/1", .local),
            ("/ip6/fe80::1/tcp/1", .local), ("/ip6/fd00::1/tcp/1", .local),
            ("/ip6zone/x/ip6/fe80::1/tcp/1", .local), ("/dns4/nas.local/tcp/1", .local),
            ("/ip4/8.8.8.8/tcp/1", .internet), ("/dns4/example.com/tcp/1", .internet),
            ("/ip6/2600::1/tcp/1", .internet), ("/ip6/64:ff9b::808:808/tcp/1", .internet),
            ("/ip6/64:ff9b::a00:1/tcp/1", .local), ("/ip4/0.0.0.0/tcp/1", .nowhere),
            ("/ip6/::/tcp/1", .nowhere), ("/ip4/203.0.113.9/tcp/1", .nowhere),
            ("/ip4/224.0.0.1/udp/1", .nowhere), ("/ip6/ff02::1/udp/1", .nowhere),
            ("/ip6/2001:db8::1/tcp/1", .nowhere), ("/p2p/\(peer)", .nowhere), ("/tcp/1", .nowhere),
        ] as [(String, Reach)])
    func `an address tells from where it can be reached`(_ text: String, _ reach: Reach) throws {
        let address = try Multiaddr(text: text)
        #expect(address.isLoopback == (reach == .loopback))
        #expect(address.isPrivate == (reach == .loopback || reach == .local))
        #expect(address.isPublic == (reach == .internet))
    }
}
