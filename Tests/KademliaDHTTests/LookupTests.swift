// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Multiformats
import TestSupport
import Testing

struct LookupTests {
    private let local = KadPeer(.test(0))
    private let target = KadKey(Multihash.test(1))

    /// Peers by distance from the target, nearest first.
    private func ranked(_ count: UInt64) -> [KadPeer] {
        (1...count).map { KadPeer(.test($0)) }.nearest(to: target, count: Int(count))
    }

    @Test
    func `at most alpha requests are in flight, to the nearest peers`() {
        let peers = ranked(40)
        var lookup = Lookup(target: target, local: local, seeds: peers.shuffled())
        #expect(lookup.nextRequests() == Array(peers.prefix(10)))
        #expect(lookup.nextRequests().isEmpty)
        lookup.answered(peers[4], closer: [])
        #expect(lookup.nextRequests() == [peers[10]])
        lookup.failed(peers[5])
        #expect(lookup.nextRequests() == [peers[11]])
    }

    @Test
    func `it converges when the beta nearest have answered, then asks the rest of the k nearest`() {
        let peers = ranked(40)
        var lookup = Lookup(target: target, local: local, seeds: peers)
        _ = lookup.nextRequests()
        lookup.answered(peers[0], closer: [])
        lookup.answered(peers[1], closer: [])
        #expect(lookup.nextRequests() == [peers[10], peers[11]])
        lookup.answered(peers[2], closer: [])
        // All that the result still lacks, at once.
        #expect(lookup.nextRequests() == Array(peers[12..<20]))
        #expect(!lookup.isFinished)
        for peer in peers[3..<20] { lookup.answered(peer, closer: []) }
        #expect(lookup.nextRequests().isEmpty)
        #expect(lookup.ending == .converged)
        #expect(lookup.result == Array(peers.prefix(20)))
        #expect(lookup.requestCount == 20 && lookup.hopCount == 1)
    }

    @Test
    func `a peer that fails in the follow-up is replaced by the next nearest`() {
        let peers = ranked(25)
        var lookup = Lookup(target: target, local: local, seeds: peers)
        _ = lookup.nextRequests()
        for peer in peers.prefix(10) { lookup.answered(peer, closer: []) }
        _ = lookup.nextRequests()
        lookup.failed(peers[15])
        #expect(lookup.nextRequests() == [peers[20]])
        for peer in peers[10...20] where peer != peers[15] { lookup.answered(peer, closer: []) }
        _ = lookup.nextRequests()
        #expect(lookup.ending == .converged)
        #expect(lookup.result == peers.prefix(21).filter { $0 != peers[15] })
        #expect(lookup.failureCount == 1)
    }

    @Test
    func `unreachable peers do not hold up convergence`() {
        let peers = ranked(30)
        var lookup = Lookup(target: target, local: local, seeds: peers)
        _ = lookup.nextRequests()
        for peer in peers.prefix(5) { lookup.failed(peer) }
        for peer in peers[5..<8] { lookup.answered(peer, closer: []) }
        // The follow-up is not bound by alpha.
        #expect(lookup.nextRequests() == Array(peers[10..<25]))
    }

    @Test
    func `nearer peers that answers name are asked next, and count as hops`() {
        let peers = ranked(60)
        var lookup = Lookup(target: target, local: local, seeds: [peers[59]])
        #expect(lookup.nextRequests() == [peers[59]])
        lookup.answered(peers[59], closer: [peers[30], peers[31]])
        #expect(lookup.nextRequests() == [peers[30], peers[31]])
        lookup.answered(peers[31], closer: [peers[0]])
        #expect(lookup.nextRequests() == [peers[0]])
        lookup.answered(peers[0], closer: [])
        lookup.answered(peers[30], closer: [])
        #expect(lookup.nextRequests().isEmpty)
        #expect(lookup.ending == .starved)
        #expect(lookup.result == [peers[0], peers[30], peers[31], peers[59]])
        #expect(lookup.hopCount == 3)
    }

    @Test
    func `a network in which nobody answers starves it`() {
        let peers = ranked(12)
        var lookup = Lookup(target: target, local: local, seeds: peers)
        while !lookup.isFinished { for peer in lookup.nextRequests() { lookup.failed(peer) } }
        #expect(lookup.ending == .starved)
        #expect(lookup.result.isEmpty)
        var empty = Lookup(target: target, local: local, seeds: [])
        #expect(empty.nextRequests().isEmpty)
        #expect(empty.ending == .starved)
    }

    @Test
    func `answers of peers that were not asked change nothing, nor do second ones`() {
        let peers = ranked(30)
        var lookup = Lookup(target: target, local: local, seeds: Array(peers[10..<30]))
        let asked = lookup.nextRequests()
        lookup.answered(peers[0], closer: [peers[1]])
        lookup.answered(peers[29], closer: [peers[1]])
        lookup.failed(peers[28])
        #expect(lookup.state(of: peers[1]) == nil)
        #expect(lookup.state(of: peers[28]) == .heard)
        lookup.answered(asked[0], closer: [])
        lookup.answered(asked[0], closer: [peers[1]])
        lookup.failed(asked[0])
        #expect(lookup.state(of: peers[1]) == nil)
        #expect(lookup.state(of: asked[0]) == .queried)
    }

    @Test
    func `the peer itself is never asked`() {
        var lookup = Lookup(target: local.key, local: local, seeds: [local] + ranked(5))
        let asked = lookup.nextRequests()
        #expect(asked.count == 5 && !asked.contains(local))
        lookup.answered(asked[0], closer: [local])
        #expect(lookup.state(of: local) == nil)
    }

    @Test
    func `it can be stopped, and is finished then`() {
        let peers = ranked(30)
        var lookup = Lookup(target: target, local: local, seeds: peers)
        _ = lookup.nextRequests()
        lookup.stop()
        #expect(lookup.ending == .stopped)
        #expect(lookup.nextRequests().isEmpty)
        lookup.answered(peers[0], closer: [])
        #expect(lookup.state(of: peers[0]) == .waiting)
    }

    @Test
    func `peers that make up ever nearer peers get nowhere`() {
        var options = LookupOptions()
        options.maximumRequestCount = 50
        // Each answer names forty peers nearer than the one who answers.
        let peers = ranked(4_000)
        var lookup = Lookup(
            target: target, local: local, seeds: Array(peers.suffix(20)), options: options)
        var position = peers.count - 20
        while !lookup.isFinished {
            let asked = lookup.nextRequests()
            for peer in asked {
                position -= 40
                lookup.answered(peer, closer: Array(peers[max(position, 0)...].prefix(40)))
            }
        }
        #expect(lookup.ending == .exhausted)
        #expect(lookup.requestCount == 50)
        #expect(lookup.result.count == 20)
    }

    @Test
    func `it remembers a bounded number of peers, the nearest`() {
        var options = LookupOptions()
        options.maximumCandidateCount = 100
        let peers = ranked(500)
        var lookup = Lookup(
            target: target, local: local, seeds: Array(peers[100..<120]), options: options)
        let asked = lookup.nextRequests()
        for (index, peer) in asked.enumerated() {
            lookup.answered(peer, closer: Array(peers[(index * 40)..<(index * 40 + 40)]))
        }
        #expect(peers.count { lookup.state(of: $0) != nil } <= 100)
        #expect(lookup.state(of: peers[0]) == .heard && lookup.state(of: peers[399]) == nil)
    }

    /// The full tables of a network of 150.
    private static let tables: [KadPeer: RoutingTable] = {
        let peers = (1...150).map { KadPeer(.test($0)) }
        var options = RoutingTableOptions()
        options.diversity = nil
        var tables: [KadPeer: RoutingTable] = [:]
        for peer in peers {
            var table = RoutingTable(local: peer, options: options)
            for other in peers { _ = table.insert(other, addresses: [], now: .zero) }
            tables[peer] = table
        }
        return tables
    }()

    @Test(arguments: UInt64(1)...10)
    func `in a network with full tables it finds the very nearest peers`(_ round: UInt64) {
        let tables = Self.tables
        let target = KadKey(Multihash.test(round + 100))
        let origin = KadPeer(.test(round))
        var lookup = Lookup(
            target: target, local: origin,
            seeds: tables[origin]?.nearest(to: target, count: 20) ?? [])
        while !lookup.isFinished {
            for peer in lookup.nextRequests() {
                lookup.answered(peer, closer: tables[peer]?.nearest(to: target, count: 20) ?? [])
            }
        }
        #expect(lookup.ending == .converged)
        #expect(
            lookup.result == tables.keys.filter { $0 != origin }.nearest(to: target, count: 20))
        #expect(lookup.hopCount <= 4 && lookup.requestCount < 60)
    }
}
