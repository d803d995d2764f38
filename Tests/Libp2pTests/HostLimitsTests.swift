// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Testing

@Suite
struct HostLimitsTests {
    @Test(arguments: [
        ("127.0.0.0/8", "127.1.2.3", true), ("127.0.0.0/8", "128.0.0.1", false),
        ("10.1.2.3/31", "10.1.2.2", true), ("10.1.2.3/31", "10.1.2.4", false),
        ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "::1", false),
        ("192.168.1.1", "192.168.1.1", true), ("192.168.1.1", "192.168.1.0", false),
        ("::1/128", "::1", true), ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe80::1", false),
        ("127.0.0.0/8", "::ffff:127.0.0.1", true),
    ])
    func `a network holds the addresses with its prefix`(
        _ network: String, _ address: String, _ isInside: Bool
    ) throws {
        let scheme = address.contains(":") ? "ip6" : "ip4"
        let multiaddr = try Multiaddr(text: "/\(scheme)/\(address)/tcp/1")
        let filter = AddressFilter(allowedNetworks: [try #require(IPNetwork(network))])
        #expect(filter.allows(multiaddr) == isInside)
        let denying = AddressFilter(deniedNetworks: [try #require(IPNetwork(network))])
        #expect(denying.allows(multiaddr) == !isInside)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/", "::/129", "a/8", "1.2.3.4/8/8",
    ])
    func `text that is no network is refused`(_ text: String) {
        #expect(IPNetwork(text) == nil)
    }

    @Test(arguments: [
        (["127.0.0.0/8", "::1/128"], true), (["10.0.0.0/8", "fd00::/8", "fe80::/10"], true),
        (["192.168.1.7"], true), (["100.64.0.0/10"], true), ([String](), false),
        (["127.0.0.0/8", "8.8.8.8"], false), (["0.0.0.0/0"], false), (["::/0"], false),
        (["10.0.0.0/7"], false), (["172.0.0.0/8"], false), (["192.168.0.0/15"], false),
        (["fc00::/6"], false),
    ])
    func `a host keeps to private networks if all of those it allows are`(
        _ networks: [String], _ isPrivate: Bool
    ) throws {
        let filter = AddressFilter(
            allowedNetworks: try networks.map { try #require(IPNetwork($0)) })
        #expect(filter.keepsToPrivateNetworks == isPrivate)
    }

    @Test
    func `a name passes only a filter that excludes nothing`() throws {
        let name = try Multiaddr(text: "/dns4/example.com/tcp/1")
        #expect(AddressFilter().allows(name))
        #expect(!AddressFilter(allowedNetworks: [try #require(IPNetwork("::/0"))]).allows(name))
        #expect(!AddressFilter(deniedNetworks: [try #require(IPNetwork("::/0"))]).allows(name))
    }

    @Test
    func `peers are denied before they are allowed`() throws {
        let (first, second) = (try makePeerID(1), try makePeerID(2))
        let filter = AddressFilter(allowedPeers: [first, second], deniedPeers: [second])
        #expect(filter.allows(first))
        #expect(!filter.allows(second))
        #expect(!filter.allows(try makePeerID(3)))
    }

    @Test(arguments: [(1, 6), (2, 9), (3, 14), (10, 105), (17, 294), (18, 300), (1000, 300)])
    func `the wait grows with the square of the failures`(_ failures: Int, _ seconds: Int) throws {
        let key = DialBackOff.Key(try makePeerID(1), at: Multiaddr(components: [.memory(1)]))
        var backOff = DialBackOff()
        for _ in 0..<failures { backOff.failed(key, now: .zero) }
        #expect(backOff.isActive(key, now: .seconds(seconds) - .nanoseconds(1)))
        #expect(!backOff.isActive(key, now: .seconds(seconds)))
        backOff.succeeded(key)
        #expect(!backOff.isActive(key, now: .zero))
    }

    @Test
    func `the back-off forgets what is over before what is not`() throws {
        let peer = try makePeerID(1)
        let keys = (0..<9).map { DialBackOff.Key(peer, at: Multiaddr(components: [.memory($0)])) }
        var backOff = DialBackOff(capacity: 8)
        backOff.failed(keys[0], now: .zero)
        for key in keys[1..<8] { backOff.failed(key, now: .seconds(5)) }
        backOff.failed(keys[8], now: .seconds(7))
        #expect(backOff.count == 8)
        #expect(backOff.isActive(keys[1], now: .seconds(7)))
        #expect(backOff.isActive(keys[8], now: .seconds(7)))
    }

    @Test
    func `trimming spares the protected, the fresh and the used`() throws {
        var keeper = ConnectionKeeper(
            ConnectionWaterMarks(low: 2, high: 4, grace: .seconds(20)))
        let peers = try (1...6).map { try makePeerID($0) }
        for (index, peer) in peers.enumerated() {
            keeper.opened(UInt64(index), to: peer, isInbound: index != 3, now: .zero)
        }
        keeper.protect(peers[0], tag: "a")
        keeper.protect(peers[0], tag: "b")
        keeper.unprotect(peers[0], tag: "a")
        keeper.streamOpened(on: 1, now: .seconds(1))
        #expect(keeper.excess(now: .seconds(19)).isEmpty)
        // Four must go: idle inbound ones, then the idle outbound one, then one with a stream.
        keeper.closed(5)
        keeper.opened(6, to: peers[5], isInbound: true, now: .seconds(15))
        #expect(keeper.excess(now: .seconds(20)).sorted() == [1, 2, 3, 4])
        #expect(keeper.excess(now: .seconds(20)).suffix(2) == [3, 1])
        keeper.closed(4)
        keeper.closed(2)
        #expect(keeper.excess(now: .seconds(20)).isEmpty)
    }

    @Test
    func `connections are counted in all, by address and by peer`() throws {
        var limits = ResourceLimits()
        limits.connections = 6
        limits.inboundConnections = 4
        limits.handshakes = 3
        limits.connectionsPerAddress = 2
        limits.connectionsPerPeer = 1
        var ledger = ConnectionLedger(limits)
        let ip: [UInt8] = [1, 2, 3, 4]
        var first = try ledger.open(isInbound: true, ip: ip, now: .zero)
        let second = try ledger.open(isInbound: true, ip: ip, now: .zero)
        #expect(throws: ConnectionLedger.Refusal.address) {
            try ledger.open(isInbound: true, ip: ip, now: .zero)
        }
        let third = try ledger.open(isInbound: true, ip: [127, 0, 0, 1], now: .zero)
        #expect(throws: ConnectionLedger.Refusal.handshakes) {
            try ledger.open(isInbound: true, ip: nil, now: .zero)
        }
        let peer = try makePeerID(1)
        try ledger.establish(&first, peer: peer)
        var fourth = try ledger.open(isInbound: true, ip: [127, 0, 0, 1], now: .zero)
        #expect(throws: ConnectionLedger.Refusal.inboundConnections) {
            try ledger.open(isInbound: true, ip: nil, now: .zero)
        }
        #expect(throws: ConnectionLedger.Refusal.peer) {
            try ledger.establish(&fourth, peer: peer)
        }
        _ = try ledger.open(isInbound: false, ip: nil, now: .zero)
        _ = try ledger.open(isInbound: false, ip: nil, now: .zero)
        #expect(throws: ConnectionLedger.Refusal.connections) {
            try ledger.open(isInbound: false, ip: nil, now: .zero)
        }
        for ticket in [first, second, third, fourth] { ledger.close(ticket) }
        #expect(ledger.connectionCount == 2)
        _ = try ledger.open(isInbound: true, ip: ip, now: .zero)
    }

    @Test
    func `an address may open a burst and then one now and then`() throws {
        var limits = ResourceLimits()
        limits.acceptBurst = 3
        var ledger = ConnectionLedger(limits)
        let ip: [UInt8] = [0x20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]
        func open(at seconds: Int) throws {
            ledger.close(try ledger.open(isInbound: true, ip: ip, now: .seconds(seconds)))
        }
        for _ in 0..<3 { try open(at: 0) }
        #expect(throws: ConnectionLedger.Refusal.rate) { try open(at: 4) }
        try open(at: 5)
        #expect(throws: ConnectionLedger.Refusal.rate) { try open(at: 9) }
        for _ in 0..<100 {
            let ticket = try ledger.open(isInbound: true, ip: [127, 0, 0, 1], now: .seconds(9))
            ledger.close(ticket)
        }
    }

    @Test
    func `streams are counted by peer and direction`() throws {
        var limits = ResourceLimits()
        limits.inboundStreamsPerPeer = 2
        limits.streamsPerPeer = 3
        limits.streams = 4
        var ledger = ConnectionLedger(limits)
        let (first, second) = (try makePeerID(1), try makePeerID(2))
        expectStream(&ledger, first, isInbound: true)
        expectStream(&ledger, first, isInbound: true)
        expectNoStream(&ledger, first, isInbound: true)
        expectStream(&ledger, first, isInbound: false)
        expectNoStream(&ledger, first, isInbound: false)
        expectStream(&ledger, second, isInbound: false)
        expectNoStream(&ledger, second, isInbound: false)
        ledger.closeStream(with: first, isInbound: true)
        expectStream(&ledger, second, isInbound: true)
    }

    @Test
    func `what peers opened leaves room for streams of one's own`() throws {
        var limits = ResourceLimits()
        limits.streams = 4
        limits.inboundStreams = 3
        var ledger = ConnectionLedger(limits)
        for number: UInt8 in 1...3 {
            expectStream(&ledger, try makePeerID(number), isInbound: true)
        }
        expectNoStream(&ledger, try makePeerID(4), isInbound: true)
        expectStream(&ledger, try makePeerID(4), isInbound: false)
        ledger.closeStream(with: try makePeerID(1), isInbound: true)
        expectStream(&ledger, try makePeerID(5), isInbound: true)
    }

    @Test
    func `a budget is never exceeded, nor is its parent's`() {
        let parent = MemoryBudget(limit: 10)
        let first = MemoryBudget(limit: 8, parent: parent)
        let second = MemoryBudget(limit: 8, parent: parent)
        #expect(first.reserve(8))
        #expect(!first.reserve(1))
        #expect(!second.reserve(3))
        #expect(second.reserve(2))
        first.release(8)
        #expect(second.reserve(6))
        #expect(parent.used == 8)
    }

    private func expectStream(
        _ ledger: inout ConnectionLedger, _ peer: PeerID, isInbound: Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let isOpened = ledger.openStream(with: peer, isInbound: isInbound)
        #expect(isOpened, sourceLocation: sourceLocation)
    }

    private func expectNoStream(
        _ ledger: inout ConnectionLedger, _ peer: PeerID, isInbound: Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let isOpened = ledger.openStream(with: peer, isInbound: isInbound)
        #expect(!isOpened, sourceLocation: sourceLocation)
    }
}
