// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Bitswap

final class ReadAheadTests {
    private var limits = BitswapOptions.Server()
    private var ahead = ReadAhead(limits: BitswapOptions.Server())
    private let alice: PeerID
    private let bob: PeerID

    init() throws {
        alice = try peer(1)
        bob = try peer(2)
    }

    private func take(_ number: Int, for peer: PeerID) throws -> [UInt8]? {
        ahead.take(try cid(number), for: peer, now: .zero)
    }

    private func send(_ numbers: Range<Int>, to peer: PeerID) throws {
        ahead.sent(try numbers.map { try cid($0) }, to: peer, now: .zero)
    }

    private func next(for peer: PeerID) -> ReadAhead.Reading? { ahead.next(for: peer) }

    /// Reads what is to be read, each block of so many bytes; returns how many that are.
    private func read(for peer: PeerID, byteCount: Int = 10) -> Int {
        guard let reading = next(for: peer) else { return 0 }
        ahead.hold(
            reading.cids.map { (cid: $0, bytes: [UInt8](repeating: 1, count: byteCount)) },
            of: reading, for: peer)
        return reading.cids.count
    }

    @Test func `nothing is read before a peer asks for a link`() throws {
        try send(0..<100, to: alice)
        #expect(next(for: alice) == nil)
        #expect(try take(500, for: alice) == nil)
        #expect(next(for: alice) == nil)
        #expect(try take(0, for: alice) == nil)
        let first = try (1...4).map { try cid($0) }
        #expect(next(for: alice)?.cids == first)
        #expect(next(for: bob) == nil)
    }

    @Test func `whoever walks on is read more for, up to the window`() throws {
        try send(0..<1_000, to: alice)
        #expect(try take(0, for: alice) == nil)
        var counts: [Int] = []
        for number in 1..<400 {
            let count = read(for: alice)
            if count > 0 { counts.append(count) }
            #expect(try take(number, for: alice) != nil, "\(number)")
        }
        #expect(counts.first == 4)
        #expect(counts.max() ?? 0 <= limits.readAheadBlocks)
        #expect(counts.suffix(5).allSatisfy { $0 >= limits.readAheadBlocks / 2 })
    }

    @Test func `a walk into a directory and back finds what was read before`() throws {
        try send(0..<10, to: alice)
        #expect(try take(0, for: alice) == nil)
        #expect(read(for: alice) == 4)
        try send(100..<110, to: alice)
        // The peer has shown that it walks.
        #expect(read(for: alice) == 4)
        for number in 100..<104 { #expect(try take(number, for: alice) != nil) }
        #expect(try take(1, for: alice) != nil)
    }

    @Test func `links that are skipped, having been there already, do not end it`() throws {
        try send(0..<100, to: alice)
        #expect(try take(5, for: alice) == nil)
        let sixth = try cid(6)
        #expect(next(for: alice)?.cids.first == sixth)
    }

    @Test func `a block asked for while it is read is not kept`() throws {
        try send(0..<3, to: alice)
        #expect(try take(0, for: alice) == nil)
        let reading = try #require(next(for: alice))
        #expect(try take(1, for: alice) == nil)
        ahead.hold(reading.cids.map { (cid: $0, bytes: [1]) }, of: reading, for: alice)
        #expect(try take(1, for: alice) == nil)
        #expect(try take(2, for: alice) != nil)
        #expect(ahead.byteCount == 0 && ahead.linkCount == 0)
    }

    @Test func `what could not be read is not tried again`() throws {
        try send(0..<3, to: alice)
        #expect(try take(0, for: alice) == nil)
        let reading = try #require(next(for: alice))
        ahead.hold([], of: reading, for: alice)
        #expect(next(for: alice) == nil)
        #expect(ahead.linkCount == 0)
    }

    @Test func `large blocks are kept up to the limit of bytes`() throws {
        try send(0..<100, to: alice)
        #expect(try take(0, for: alice) == nil)
        #expect(read(for: alice, byteCount: 400_000) == 4)
        #expect(ahead.byteCount == 800_000)
        #expect(next(for: alice) == nil)
        #expect(try take(1, for: alice)?.count == 400_000)
    }

    @Test func `a peer that is forgotten leaves nothing`() throws {
        try send(0..<100, to: alice)
        try send(0..<100, to: bob)
        #expect(try take(0, for: alice) == nil)
        let reading = try #require(next(for: alice))
        ahead.forget(alice)
        ahead.hold(reading.cids.map { (cid: $0, bytes: [1]) }, of: reading, for: alice)
        #expect(ahead.peerCount == 1 && ahead.byteCount == 0 && ahead.linkCount == 100)
        ahead.forget(before: .seconds(1))
        #expect(ahead.peerCount == 0 && ahead.linkCount == 0)
    }

    @Test func `whatever peers ask, memory stays within the limits`() throws {
        let seed = SeededGenerator.runSeed
        var generator = SeededGenerator(seed: seed)
        limits.readAheadBytes = 5_000
        limits.readAheadBytesPerPeer = 2_000
        ahead = ReadAhead(limits: limits)
        let peers = try (1...6).map { try peer($0) }
        let cids = try (0..<300).map { try cid($0) }
        var open: [(ReadAhead.Reading, PeerID)] = []
        for _ in 0..<20_000 {
            let who = peers.randomElement(using: &generator) ?? alice
            switch Int.random(in: 0..<8, using: &generator) {
            case 0 where Int.random(in: 0..<20, using: &generator) == 0: ahead.forget(who)
            case 0...1:
                let start = Int.random(in: 0..<280, using: &generator)
                ahead.sent(
                    Array(cids[start..<min(300, start + 30)]), to: who, now: .zero)
            case 2: if let reading = next(for: who) { open.append((reading, who)) }
            case 3:
                guard let (reading, who) = open.popLast() else { continue }
                ahead.hold(
                    reading.cids.map {
                        let count = Int.random(in: 0..<500, using: &generator)
                        return (cid: $0, bytes: [UInt8](repeating: 1, count: count))
                    }, of: reading, for: who)
            default:
                _ = ahead.take(
                    cids.randomElement(using: &generator) ?? cids[0], for: who, now: .zero)
            }
            #expect(0...limits.readAheadBytes ~= ahead.byteCount, "seed \(seed)")
            #expect(0...6 * 8 * 30 ~= ahead.linkCount, "seed \(seed)")
        }
        for peer in peers { ahead.forget(peer) }
        #expect(ahead.byteCount == 0 && ahead.linkCount == 0 && ahead.peerCount == 0)
    }
}
