// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Testing

@Suite
struct ObservedAddressesTests {
    private static let seen = "/ip4/8.8.8.8/tcp/4001"

    private let peerID: PeerID
    private let stranger: PeerID

    init() throws {
        peerID = try makePeerID(1)
        stranger = try makePeerID(2)
    }

    /// Where the peer `number` of `group` is.
    private func place(_ group: Int, _ number: Int = 1, _ suffix: String = "") throws -> Multiaddr {
        try Multiaddr(text: "/ip4/\(20 + group / 256).\(group % 256).0.\(number)/tcp/9\(suffix)")
    }

    /// Has a peer of each group say over an open connection, whose number is the group's, that it
    /// sees this host at `address`.
    private func note(
        _ address: String, by groups: some Sequence<Int>, isInbound: Bool = true,
        in observed: inout ObservedAddresses
    ) throws {
        let address = try Multiaddr(text: address)
        for group in groups {
            observed.note(
                address, over: UInt64(group), at: try place(group), isInbound: isInbound)
        }
    }

    private func texts(_ observed: ObservedAddresses, at now: Duration = .zero) -> [String] {
        observed.addresses(at: now).map { "\($0)" }
    }

    @Test
    func `an address is believed once peers of four groups came in by it`() throws {
        var observed = ObservedAddresses(of: peerID)
        try note(Self.seen, by: 0..<3, in: &observed)
        #expect(texts(observed).isEmpty)
        try note(Self.seen + "/p2p/\(peerID)", by: 3..<4, in: &observed)
        #expect(texts(observed) == [Self.seen])
    }

    @Test
    func `those that were dialled speak for the IP address and not for the port`() throws {
        var observed = ObservedAddresses(of: peerID)
        for group in 0..<10 {
            try note(
                "/ip4/8.8.8.8/tcp/\(50_000 + group)", by: [group], isInbound: false, in: &observed)
        }
        #expect(texts(observed).isEmpty)
        try note(Self.seen, by: [3], in: &observed)
        #expect(texts(observed) == [Self.seen])
        try note("/ip4/9.9.9.9/tcp/4001", by: [4], in: &observed)
        #expect(texts(observed) == [Self.seen])
    }

    @Test
    func `all peers of a group have one voice`() throws {
        var observed = ObservedAddresses(of: peerID)
        let address = try Multiaddr(text: Self.seen)
        for number in 1...250 {
            for isInbound in [true, false] {
                observed.note(
                    address, over: UInt64(number), at: try place(7, number), isInbound: isInbound)
            }
        }
        try note(Self.seen, by: 0..<2, in: &observed)
        #expect(observed.claimCount == 4)
        #expect(texts(observed).isEmpty)
    }

    @Test(arguments: [true, false])
    func `thousands of different addresses are neither kept nor believed`(
        _ staysOpen: Bool
    ) throws {
        var observed = ObservedAddresses(of: peerID)
        try note(Self.seen, by: 0..<4, in: &observed)
        for group in 4..<3000 {
            try note("/ip4/9.9.\(group / 256).\(group % 256)/tcp/1", by: [group], in: &observed)
            if !staysOpen {
                observed.closed(
                    UInt64(group), at: try place(group), isInbound: true, now: .seconds(group))
            }
        }
        #expect(observed.claimCount == ObservedAddresses.maximumClaimCount)
        #expect(texts(observed) == [Self.seen])
    }

    @Test(arguments: [
        "/ip4/10.0.0.1/tcp/4001", "/ip4/127.0.0.1/tcp/4001", "/ip4/0.0.0.0/tcp/4001",
        "/ip4/100.64.0.1/tcp/4001", "/ip4/203.0.113.1/tcp/4001", "/ip4/224.0.0.1/tcp/4001",
        "/ip6/::ffff:10.0.0.1/tcp/4001", "/ip6/fe80::1/tcp/4001", "/ip6/2a00::1/tcp/4001",
        "/ip6/64:ff9b::808:808/tcp/4001", "/dns4/a.example/tcp/4001", "/ip4/8.8.8.8",
        "/ip4/8.8.8.8/tcp/0", "/ip4/8.8.8.8/udp/4001/quic-v1", "/memory/1",
    ])
    func `what cannot be an address of this host on the internet is ignored`(
        _ address: String
    ) throws {
        var observed = ObservedAddresses(of: peerID)
        try note(address, by: 0..<8, in: &observed)
        #expect(observed.claimCount == 0)
    }

    @Test
    func `addresses of other peers and through relays are ignored`() throws {
        var observed = ObservedAddresses(of: peerID)
        try note(Self.seen + "/p2p/\(stranger)", by: 0..<8, in: &observed)
        try note(Self.seen + "/p2p/\(stranger)/p2p-circuit", by: 0..<8, in: &observed)
        try note(Self.seen + "/p2p/\(stranger)/p2p-circuit/p2p/\(peerID)", by: 0..<8, in: &observed)
        #expect(observed.claimCount == 0)
    }

    @Test(arguments: ["/ip4/192.168.0.2/tcp/1", "/ip4/127.0.0.1/tcp/1", "/ip6/2a00::1/tcp/1"])
    func `peers in private networks, and of another IP version, have no voice`(
        _ remote: String
    ) throws {
        var observed = ObservedAddresses(of: peerID)
        observed.note(
            try Multiaddr(text: Self.seen), over: 1, at: try Multiaddr(text: remote),
            isInbound: true)
        #expect(observed.claimCount == 0)
    }

    @Test
    func `the transport is the connection's, and a mapped address is that of IPv4`() throws {
        var observed = ObservedAddresses(of: peerID)
        let address = try Multiaddr(text: "/ip6/::ffff:8.8.8.8/tcp/443/tls/ws")
        for group in 0..<4 {
            observed.note(
                address, over: UInt64(group), at: try place(group, 1, "/ws"), isInbound: true)
        }
        #expect(texts(observed) == ["/ip4/8.8.8.8/tcp/443/ws"])
    }

    @Test
    func `a claim counts for a while after its connection, and a newer one is not ended by it`()
        throws
    {
        var observed = ObservedAddresses(of: peerID)
        try note(Self.seen, by: 0..<5, in: &observed)
        for group in 0..<2 {
            observed.closed(
                UInt64(group), at: try place(group), isInbound: true, now: .seconds(10))
        }
        let end = .seconds(10) + ObservedAddresses.lifetime
        #expect(texts(observed, at: end - .nanoseconds(1)) == [Self.seen])
        #expect(texts(observed, at: end).isEmpty)
        observed.note(
            try Multiaddr(text: Self.seen), over: 100, at: try place(0, 2), isInbound: true)
        #expect(texts(observed, at: end) == [Self.seen])
        observed.closed(0, at: try place(0), isInbound: true, now: end)
        #expect(texts(observed, at: end + ObservedAddresses.lifetime) == [Self.seen])
    }

    @Test
    func `of many ports those that most groups came in by are believed`() throws {
        var observed = ObservedAddresses(of: peerID)
        var group = 0
        for (port, count) in [(1, 1), (2, 3), (3, 1), (4, 4), (5, 2)] {
            try note("/ip4/8.8.8.8/tcp/\(port)", by: group..<group + count, in: &observed)
            group += count
        }
        #expect(texts(observed) == [2, 4, 5].map { "/ip4/8.8.8.8/tcp/\($0)" })
    }
}
