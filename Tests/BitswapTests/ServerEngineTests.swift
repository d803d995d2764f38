// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Bitswap

final class ServerEngineTests {
    typealias Want = BitswapMessage.Want

    private var engine = ServerEngine(limits: BitswapOptions.Server())
    private let alice: PeerID
    private let bob: PeerID

    init() throws {
        alice = try peer(1)
        bob = try peer(2)
    }

    private func next() -> Envelope? { engine.nextEnvelope() }

    private func want(_ wants: [(Want, Int?)], from peer: PeerID) {
        let lookups = engine.receive(wants.map(\.0), isFull: false, from: peer)
        #expect(lookups == wants.map(\.0))
        engine.resolve(wants.map { (want: $0.0, byteCount: $0.1) }, for: peer)
    }

    @Test func `a block that is here is sent`() throws {
        want([(Want(try cid(1)), 5_000)], from: alice)
        let envelope = try #require(next())
        #expect(envelope.blocks.map(\.cid) == [try cid(1)])
        #expect(envelope.presences.isEmpty)
        #expect(next() == nil)
        engine.finished(envelope)
        #expect(engine.peers.isEmpty)
        #expect(engine.outstanding == 0)
    }

    @Test func `its presence is told, or the block itself if that is small`() throws {
        want(
            [
                (Want(try cid(1), kind: .have), 1_025), (Want(try cid(2), kind: .have), 1_024),
                (Want(try cid(3), kind: .have), 0), (Want(try cid(4)), 0),
            ], from: alice)
        let envelope = try #require(next())
        #expect(envelope.blocks.map(\.cid) == [try cid(2)])
        #expect(
            Set(envelope.presences)
                == Set(try [1, 3, 4].map { BitswapMessage.Presence(try cid($0), isHave: true) }))
    }

    @Test func `its absence is told to those who asked, at once`() throws {
        want(
            [(Want(try cid(1), sendDontHave: true), nil), (Want(try cid(2)), nil)], from: alice)
        let envelope = try #require(next())
        #expect(envelope.presences == [BitswapMessage.Presence(try cid(1), isHave: false)])
        #expect(envelope.blocks.isEmpty)
        #expect(next() == nil)
    }

    @Test func `a block that arrives later is sent to who wanted it`() throws {
        want(
            [(Want(try cid(1), sendDontHave: true), nil), (Want(try cid(2), kind: .have), nil)],
            from: alice)
        want([(Want(try cid(1)), nil)], from: bob)
        engine.finished(try #require(next()))
        #expect(engine.rememberedCount == 3)
        engine.arrived([(cid: try cid(1), byteCount: 9), (cid: try cid(2), byteCount: 9_999)])
        #expect(engine.rememberedCount == 0)
        let envelopes = [next(), next()].compactMap { $0 }
        let ofAlice = try #require(envelopes.first { $0.peer == alice })
        #expect(ofAlice.blocks.map(\.cid) == [try cid(1)])
        #expect(ofAlice.presences == [BitswapMessage.Presence(try cid(2), isHave: true)])
        #expect(envelopes.first { $0.peer == bob }?.blocks.map(\.cid) == [try cid(1)])
    }

    @Test func `the most urgent comes first, then the first that was asked for`() throws {
        engine = ServerEngine(limits: .init())
        want(
            [
                (Want(try cid(1), priority: 1), 9_000), (Want(try cid(2), priority: 9), 9_000),
                (Want(try cid(3), priority: 9), 9_000), (Want(try cid(4), priority: -3), 9_000),
            ], from: alice)
        want([(Want(try cid(4), priority: 10), 9_000)], from: alice)
        #expect(
            next()?.blocks.map(\.cid)
                == [try cid(4), try cid(2), try cid(3), try cid(1)])
    }

    @Test func `a cancel takes a want back, queued or remembered`() throws {
        want([(Want(try cid(1)), 10), (Want(try cid(2)), nil)], from: alice)
        _ = engine.receive(
            [Want(try cid(1), isCancel: true), Want(try cid(2), isCancel: true)], isFull: false,
            from: alice)
        #expect(next() == nil)
        #expect(engine.peers.isEmpty)
        #expect(!engine.isWaitedFor(try cid(2)))
    }

    @Test func `a full wantlist replaces the one before`() throws {
        want([(Want(try cid(1)), 10), (Want(try cid(2)), nil)], from: alice)
        let lookups = engine.receive([Want(try cid(3))], isFull: true, from: alice)
        engine.resolve(lookups.map { (want: $0, byteCount: 10) }, for: alice)
        #expect(next()?.blocks.map(\.cid) == [try cid(3)])
        #expect(engine.rememberedCount == 0)
    }

    @Test func `beyond the limit the least urgent give way`() throws {
        var limits = BitswapOptions.Server()
        limits.queuedWantsPerPeer = 3
        engine = ServerEngine(limits: limits)
        want(try (1...3).map { (Want(try cid($0), priority: Int32($0)), 9) }, from: alice)
        want([(Want(try cid(4), priority: 1), 9), (Want(try cid(5), priority: 2), 9)], from: alice)
        #expect(
            next()?.blocks.map(\.cid) == [try cid(3), try cid(2), try cid(5)])
    }

    @Test func `identity CIDs are ignored`() throws {
        let cid = CID(v1: .raw, try HashFunction.identity.multihash(of: [1, 2].span))
        #expect(engine.receive([Want(cid)], isFull: false, from: alice).isEmpty)
    }

    @Test func `a peer that takes nothing is read no more than its limit`() throws {
        want(try (0..<100).map { (Want(try cid($0)), 100_000) }, from: alice)
        var envelopes: [Envelope] = []
        while let envelope = next() { envelopes.append(envelope) }
        let limits = BitswapOptions.Server()
        #expect(engine.outstanding >= limits.outstandingBytesPerPeer)
        #expect(
            engine.outstanding
                < limits.outstandingBytesPerPeer + limits.messageByteCount + 110_000)
        #expect(envelopes.allSatisfy { $0.byteCount <= BitswapMessage.sentByteLimit + 10_000 })
        engine.finished(envelopes.removeFirst())
        #expect(next() != nil)
    }

    @Test func `a peer that takes nothing does not delay another`() throws {
        want(try (0..<1_000).map { (Want(try cid($0)), 100_000) }, from: alice)
        while next() != nil {}
        want([(Want(try cid(7)), 100_000)], from: bob)
        #expect(next()?.peer == bob)
    }

    @Test func `peers that take as fast get as much`() throws {
        for peer in [alice, bob] {
            want(try (0..<1_000).map { (Want(try cid($0)), 50_000) }, from: peer)
        }
        var bytes: [PeerID: Int] = [:]
        var queue: [Envelope] = []
        for _ in 0..<60 {
            while queue.count < 4, let next = next() { queue.append(next) }
            let taken = queue.removeFirst()
            bytes[taken.peer, default: 0] += taken.byteCount
            engine.finished(taken)
        }
        let difference = abs((bytes[alice] ?? 0) - (bytes[bob] ?? 0))
        #expect(difference < (bytes[alice] ?? 0) / 10)
    }

    @Test func `whatever peers ask, memory stays within the limits`() throws {
        let seed = SeededGenerator.runSeed
        var generator = SeededGenerator(seed: seed)
        var limits = BitswapOptions.Server()
        limits.queuedWantsPerPeer = 20
        limits.rememberedWantsPerPeer = 20
        limits.rememberedWants = 50
        engine = ServerEngine(limits: limits)
        let cids = try (0..<200).map { try cid($0) }
        let peers = try (1...8).map { try peer($0) }
        var open: [Envelope] = []
        for _ in 0..<20_000 {
            let who = peers.randomElement(using: &generator) ?? alice
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: engine.disconnected(who)
            case 1...3: if let envelope = next() { open.append(envelope) }
            case 4...5: if let envelope = open.popLast() { engine.finished(envelope) }
            case 6:
                engine.arrived([
                    (cid: cids.randomElement(using: &generator) ?? cids[0], byteCount: 7)
                ])
            default:
                let wants = (0..<Int.random(in: 0..<30, using: &generator)).map { _ in
                    Want(
                        cids.randomElement(using: &generator) ?? cids[0],
                        priority: Int32.random(in: -5...5, using: &generator),
                        kind: Bool.random(using: &generator) ? .have : .block,
                        isCancel: Int.random(in: 0..<4, using: &generator) == 0,
                        sendDontHave: Bool.random(using: &generator))
                }
                let isFull = Int.random(in: 0..<10, using: &generator) == 0
                let lookups = engine.receive(wants, isFull: isFull, from: who)
                engine.resolve(
                    lookups.map { want in
                        let isHere = Bool.random(using: &generator)
                        let byteCount = Int.random(in: 0..<200_000, using: &generator)
                        return (want: want, byteCount: isHere ? byteCount : nil)
                    }, for: who)
            }
            for state in engine.peers.values {
                #expect(state.queue.blockCount <= 20 && state.remembered.count <= 20)
                #expect(state.outstanding >= 0)
            }
            #expect(engine.rememberedCount <= 50)
            #expect(
                engine.rememberedCount
                    == engine.peers.values.reduce(0) { $0 + $1.remembered.count },
                "seed \(seed)")
        }
        for envelope in open { engine.finished(envelope) }
        while let envelope = next() { engine.finished(envelope) }
        for peer in peers { engine.disconnected(peer) }
        #expect(engine.peers.isEmpty && engine.outstanding == 0 && engine.rememberedCount == 0)
    }
}
