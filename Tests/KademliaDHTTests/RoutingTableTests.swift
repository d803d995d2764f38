// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import TestSupport
import Testing

struct RoutingTableTests {
    private static let local = KadPeer(.test(0))

    /// Options without limits per IP group.
    private static var open: RoutingTableOptions {
        var options = RoutingTableOptions()
        options.diversity = nil
        return options
    }

    /// Peers whose points share exactly `length` bits with the local one.
    private static func peers(sharing length: Int, count: Int) -> [KadPeer] {
        let all = (UInt64(1)...).lazy.map { KadPeer(.test($0)) }
        return Array(
            all.filter { $0.key.commonPrefixLength(with: local.key) == length }.prefix(count))
    }

    private static func table(
        of peers: some Sequence<KadPeer>, _ options: RoutingTableOptions = open
    ) -> RoutingTable {
        var table = RoutingTable(local: local, options: options)
        for peer in peers { _ = table.insert(peer, addresses: [], now: .zero) }
        return table
    }

    @Test
    func `a bucket takes k peers, and the last one splits`() {
        let table = Self.table(of: (1...2_000).map { KadPeer(.test($0)) })
        #expect(table.count(prefixLength: 0) == 20)
        #expect(table.count(prefixLength: 1) == 20)
        #expect(table.count(prefixLength: 2) == 20)
        let longest = table.longestPrefixLength ?? -1
        #expect(longest >= 7)
        #expect((0...longest).reduce(0) { $0 + table.count(prefixLength: $1) } == table.count)
        #expect(Set(table.peers).count == table.count)
    }

    @Test(arguments: UInt64(0)..<5)
    func `the nearest peers are those of a full search`(_ round: UInt64) {
        let table = Self.table(of: (1...500).map { KadPeer(.test($0)) })
        for target in [KadKey(Multihash.test(round)), Self.local.key] {
            for count in [1, 5, 20, 60, 1_000] {
                let expected = table.peers.nearest(to: target, count: count)
                #expect(table.nearest(to: target, count: count) == expected, "\(count)")
            }
        }
    }

    @Test
    func `the peer itself never enters`() {
        var table = RoutingTable(local: Self.local, options: Self.open)
        #expect(table.insert(Self.local, addresses: [], now: .zero) == .isSelf)
        #expect(table.count == 0)
    }

    @Test
    func `a peer that finds no room fills the next gap, the last seen first`() {
        let peers = Self.peers(sharing: 0, count: 23)
        var table = Self.table(of: peers.prefix(20) + Self.peers(sharing: 1, count: 1))
        for peer in peers[20...] {
            #expect(table.insert(peer, addresses: [], now: .seconds(1)) == .replacement)
            #expect(!table.contains(peer))
        }
        #expect(table.remove(peers[3]) == peers[22])
        #expect(table.contains(peers[22]) && !table.contains(peers[3]))
        #expect(table.count(prefixLength: 0) == 20)
        #expect(table.remove(peers[4]) == peers[21])
        // A replacement that is a server no more does not come up.
        #expect(table.remove(peers[20]) == nil)
        #expect(table.remove(peers[5]) == nil)
        #expect(table.count(prefixLength: 0) == 19)
        #expect(table.insert(peers[5], addresses: [], now: .zero) == .added)
    }

    @Test
    func `replacements are bounded`() {
        let peers = Self.peers(sharing: 0, count: 90)
        var table = Self.table(of: peers + Self.peers(sharing: 1, count: 1))
        var promotedCount = 0
        for peer in peers.prefix(20) where table.remove(peer) != nil { promotedCount += 1 }
        for peer in table.peers where table.remove(peer) != nil { promotedCount += 1 }
        #expect(promotedCount == table.options.replacementCount)
    }

    @Test
    func `a table takes three peers of an IP group, two of one prefix length`() {
        var table = RoutingTable(local: Self.local)
        let first = Self.peers(sharing: 0, count: 3)
        let second = Self.peers(sharing: 1, count: 2)
        let address = [Multiaddr.tcp(5, 6, 1, 1)]
        #expect(table.insert(first[0], addresses: address, now: .zero) == .added)
        #expect(table.insert(first[1], addresses: [.tcp(5, 6, 2, 2)], now: .zero) == .added)
        #expect(table.insert(first[2], addresses: address, now: .zero) == .tooSimilar)
        #expect(table.insert(second[0], addresses: address, now: .zero) == .added)
        #expect(table.insert(second[1], addresses: address, now: .zero) == .tooSimilar)
        #expect(table.insert(second[1], addresses: [.tcp(5, 7, 1, 1)], now: .zero) == .added)
        table.remove(first[0])
        #expect(table.insert(first[2], addresses: address, now: .zero) == .added)
    }

    @Test
    func `IP groups are /16, /8 where one organisation holds it, and /32 of IPv6`() {
        #expect(IPGroup(.tcp(5, 6, 1, 1)) == IPGroup(.tcp(5, 6, 200, 9)))
        #expect(IPGroup(.tcp(5, 6, 1, 1)) != IPGroup(.tcp(5, 7, 1, 1)))
        for block: UInt8 in [12, 17, 19, 38, 48, 53, 56, 73] {
            #expect(IPGroup(.tcp(block, 1, 1, 1)) == IPGroup(.tcp(block, 200, 1, 1)))
        }
        func ip6(_ bytes: [UInt8]) -> IPGroup? {
            let padded = bytes + [UInt8](repeating: 1, count: 16 - bytes.count)
            return IPGroup(Multiaddr(components: [.ip6(padded), .tcp(1)]))
        }
        #expect(ip6([0x20, 1, 2, 3, 4]) == ip6([0x20, 1, 2, 3, 5]))
        #expect(ip6([0x20, 1, 2, 3]) != ip6([0x20, 1, 2, 4]))
        #expect(IPGroup(Multiaddr(components: [.dns("example.org"), .tcp(1)])) == nil)
    }

    @Test
    func `peers without a sign of life for the grace time are to be pinged, longest first`() {
        let peers = Self.peers(sharing: 0, count: 3)
        var table = Self.table(of: [])
        for (index, peer) in peers.enumerated() {
            _ = table.insert(peer, addresses: [], now: .seconds(index))
        }
        let grace = table.options.graceTime
        #expect(table.silentPeers(now: grace - .seconds(1)).isEmpty)
        #expect(table.silentPeers(now: grace + .seconds(1)) == [peers[0], peers[1]])
        let isThere = table.noteSeen(peers[0], now: grace)
        #expect(isThere)
        #expect(table.silentPeers(now: grace + .seconds(1)) == [peers[1]])
        #expect(table.insert(peers[1], addresses: [], now: grace) == .updated)
        #expect(table.silentPeers(now: grace + .seconds(1)).isEmpty)
        let isNoPeer = !table.noteSeen(KadPeer(.test(77_777)), now: .zero)
        #expect(isNoPeer)
    }

    /// The steps of a refresh after each of which the table has been told of it.
    private static func steps(
        _ table: inout RoutingTable, isForced: Bool = false, now: Duration = .zero
    ) -> [RefreshPlan.Step] {
        var plan = RefreshPlan(of: table, isForced: isForced)
        var steps: [RefreshPlan.Step] = []
        while let step = plan.nextStep(table, now: now) {
            steps.append(step)
            if case .prefixLength(let length) = step {
                table.noteRefreshed(prefixLength: length, now: now)
            }
        }
        return steps
    }

    @Test
    func `a refresh looks up the own point, then each prefix length that is due`() {
        var table = Self.table(of: (0...3).flatMap { Self.peers(sharing: $0, count: 2) })
        let all: [RefreshPlan.Step] = [.own] + (0...3).map { .prefixLength($0) }
        #expect(Self.steps(&table) == all)
        #expect(Self.steps(&table, now: .seconds(599)) == [.own])
        #expect(Self.steps(&table, isForced: true, now: .seconds(599)) == all)
        table.noteRefreshed(prefixLength: 2, now: .seconds(1_000))
        #expect(
            Self.steps(&table, now: .seconds(1_300))
                == [.own, .prefixLength(0), .prefixLength(1), .prefixLength(3)])
    }

    @Test
    func `after the first empty bucket c a refresh goes on to 2(c + 1)`() {
        var table = Self.table(of: [0, 1, 9].flatMap { Self.peers(sharing: $0, count: 1) })
        // Bucket 2 is empty, so it ends with 6, though there is a peer at 9.
        #expect(Self.steps(&table) == [.own] + (0...6).map { .prefixLength($0) })
        var first = Self.table(of: Self.peers(sharing: 9, count: 1))
        #expect(Self.steps(&first) == [.own] + (0...2).map { .prefixLength($0) })
        var empty = Self.table(of: [])
        #expect(Self.steps(&empty) == [.own])
    }
}
