// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Bitswap

final class ClientMachineTests {
    typealias Want = BitswapMessage.Want

    private var machine = ClientMachine(options: .init(), canSearch: true)
    private let alice: PeerID
    private let bob: PeerID
    private let carol: PeerID

    init() throws {
        alice = try peer(1)
        bob = try peer(2)
        carol = try peer(3)
    }

    private func connect(_ peers: PeerID...) {
        for peer in peers { machine.connected(peer, reach: .bitswap, now: .zero) }
    }

    /// What a peer is told, now that it is looked at.
    private func told(
        _ peer: PeerID, _ version: BitswapVersion = .presences, now: Duration = .zero
    ) -> [Want] { machine.takeWants(for: peer, version: version, now: now) }

    private func block(_ number: Int) throws -> Want { Want(try cid(number), sendDontHave: true) }
    private func have(_ number: Int) throws -> Want {
        Want(try cid(number), kind: .have, sendDontHave: true)
    }
    private func cancel(_ number: Int) throws -> Want {
        Want(try cid(number), priority: 0, isCancel: true)
    }

    @Test func `with nobody connected, providers are looked for at once`() throws {
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        #expect(machine.takeActions() == [.search(session, try cid(1))])
        connect(alice)
        machine.found(alice, for: try cid(1), in: session, now: .zero)
        #expect(told(alice) == [try block(1)])
    }

    @Test func `connected peers are asked whether they have it, one for the block`() throws {
        connect(alice, bob, carol)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        for peer in [alice, bob, carol] { #expect(told(peer) == [try have(1)]) }
        machine.answered(try cid(1).multihash, .have, by: bob, now: .zero)
        machine.answered(try cid(1).multihash, .have, by: carol, now: .zero)
        #expect(told(bob) == [try block(1)])
        #expect(told(carol).isEmpty)
        let sessions = machine.received(try cid(1).multihash, from: bob, now: .zero)
        #expect(sessions == [session])
        #expect(told(alice) == [try cancel(1)])
        #expect(told(carol) == [try cancel(1)])
        #expect(told(bob).isEmpty)
    }

    @Test func `a peer that had one block is asked for the next, others whether they have it`()
        throws
    {
        connect(alice, bob)
        let session = machine.makeSession(now: .zero)
        machine.found(alice, for: try cid(1), in: session, now: .zero)
        machine.found(bob, for: try cid(1), in: session, now: .zero)
        machine.want(try cid(2), in: session, now: .zero)
        let lists = [told(alice), told(bob)]
        #expect(lists.contains([try block(2)]))
        #expect(lists.contains([try have(2)]))
    }

    @Test func `who has it not is followed by who has`() throws {
        connect(alice, bob)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        let key = try cid(1).multihash
        machine.answered(key, .have, by: alice, now: .zero)
        machine.answered(key, .have, by: bob, now: .zero)
        _ = (told(alice), told(bob))
        machine.answered(key, .dontHave, by: alice, now: .zero)
        #expect(told(bob) == [try block(1)])
        machine.answered(key, .dontHave, by: bob, now: .zero)
        #expect(machine.takeActions().contains(.search(session, try cid(1))))
    }

    @Test func `what two sessions want is asked for once, and cancelled with the last`() throws {
        connect(alice)
        let first = machine.makeSession(now: .zero)
        let second = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: first, now: .zero)
        machine.want(try cid(1), in: second, now: .zero)
        #expect(told(alice) == [try block(1)])
        machine.endSession(first, now: .zero)
        #expect(told(alice).isEmpty)
        machine.cancel(try cid(1).multihash, in: second, now: .zero)
        #expect(told(alice) == [try cancel(1)])
        #expect(machine.wants.isEmpty)
    }

    @Test func `a silent peer's debts are asked of others, and taken when it speaks again`()
        throws
    {
        connect(alice, bob)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        machine.answered(try cid(1).multihash, .have, by: alice, now: .zero)
        machine.answered(try cid(1).multihash, .have, by: bob, now: .zero)
        _ = (told(alice), told(bob))
        machine.tick(now: .seconds(4))
        #expect(told(bob).isEmpty)
        machine.tick(now: .seconds(5))
        #expect(told(bob) == [try block(1)])
        #expect(machine.received(try cid(1).multihash, from: alice, now: .seconds(6)) == [session])
        #expect(told(bob) == [try cancel(1)])
    }

    @Test func `no more is asked of a peer than it may owe`() throws {
        var options = BitswapOptions.Client()
        options.livePerPeer = 3
        machine = ClientMachine(options: options, canSearch: true)
        connect(alice)
        let session = machine.makeSession(now: .zero)
        machine.found(alice, for: try cid(0), in: session, now: .zero)
        for number in 1...10 { machine.want(try cid(number), in: session, now: .zero) }
        #expect(told(alice) == [try block(1), try block(2), try block(3)])
        _ = machine.received(try cid(2).multihash, from: alice, now: .zero)
        #expect(told(alice) == [try block(4)])
    }

    @Test func `a block that nobody asked for has a peer dropped and heard no more`() throws {
        connect(alice)
        let session = machine.makeSession(now: .zero)
        #expect(!machine.mayHear(alice))
        machine.want(try cid(1), in: session, now: .zero)
        #expect(machine.mayHear(alice))
        #expect(machine.received(try cid(2).multihash, from: alice, now: .zero) == nil)
        #expect(machine.takeActions().contains(.drop(alice)))
        #expect(!machine.mayHear(alice))
        connect(alice)
        #expect(machine.peers[alice] == nil)
        machine.tick(now: .seconds(601))
        connect(alice)
        #expect(machine.peers[alice] != nil)
    }

    @Test func `a block that comes late is no offence`() throws {
        connect(alice)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        machine.cancel(try cid(1).multihash, in: session, now: .zero)
        #expect(machine.received(try cid(1).multihash, from: alice, now: .zero) == nil)
        #expect(!machine.takeActions().contains(.drop(alice)))
    }

    @Test func `a block asked for before the peer left is no offence, any other is`() throws {
        connect(alice)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        machine.want(try cid(2), in: session, now: .zero)
        machine.disconnected(alice, now: .zero)
        machine.cancel(try cid(1).multihash, in: session, now: .zero)
        connect(alice)
        #expect(told(alice) == [try block(2)])
        #expect(machine.received(try cid(1).multihash, from: alice, now: .zero) == nil)
        #expect(machine.received(try cid(2).multihash, from: alice, now: .zero) == [session])
        #expect(!machine.takeActions().contains(.drop(alice)))
        #expect(machine.received(try cid(3).multihash, from: alice, now: .zero) == nil)
        #expect(machine.takeActions().contains(.drop(alice)))
    }

    @Test func `a block that is not owed says nothing of how fast a peer sends`() throws {
        connect(alice)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        machine.cancel(try cid(1).multihash, in: session, now: .zero)
        _ = machine.received(try cid(1).multihash, from: alice, now: .seconds(1_000))
        #expect(machine.peers[alice]?.secondsPerBlock == nil)
    }

    @Test func `the wants that ended last are remembered, a bounded number of them`() throws {
        let keys = try (0..<100).map { try cid($0).multihash }
        var hashes = RecentHashes(limit: 10)
        for (index, key) in keys.enumerated() {
            hashes.insert(key)
            let known = keys.indices.filter { hashes.contains(keys[$0]) }
            #expect(Array(known.suffix(10)) == Array(max(0, index - 9)...index))
            #expect(known.count <= 20)
        }
    }

    @Test func `wants fail when nobody is left to ask`() throws {
        machine = ClientMachine(options: .init(), canSearch: false)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        machine.tick(now: .milliseconds(250))
        #expect(machine.takeActions() == [.fail(session, try cid(1).multihash)])
        #expect(machine.wants.isEmpty)
    }

    @Test func `wants fail after a minute without a block, not before`() throws {
        connect(alice)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        machine.searched(session, now: .seconds(2))
        machine.tick(now: .seconds(59))
        #expect(!machine.takeActions().contains(.fail(session, try cid(1).multihash)))
        machine.tick(now: .seconds(60))
        #expect(machine.takeActions().contains(.fail(session, try cid(1).multihash)))
    }

    @Test func `providers are looked for after a second without a block`() throws {
        connect(alice)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        machine.tick(now: .milliseconds(900))
        #expect(!machine.takeActions().contains(.search(session, try cid(1))))
        machine.tick(now: .seconds(1))
        #expect(machine.takeActions().contains(.search(session, try cid(1))))
        machine.tick(now: .seconds(2))
        #expect(!machine.takeActions().contains(.search(session, try cid(1))))
    }

    @Test func `what a lost peer owed is asked of others`() throws {
        connect(alice, bob)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        machine.answered(try cid(1).multihash, .have, by: alice, now: .zero)
        machine.answered(try cid(1).multihash, .have, by: bob, now: .zero)
        _ = told(bob)
        machine.disconnected(alice, now: .zero)
        #expect(told(bob) == [try block(1)])
    }

    @Test func `who was refused is asked again after half a minute`() throws {
        connect(alice)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        _ = told(alice)
        machine.answered(try cid(1).multihash, .dontHave, by: alice, now: .seconds(1))
        machine.connected(bob, reach: .bitswap, now: .seconds(2))
        machine.answered(try cid(1).multihash, .none, by: bob, now: .seconds(2))
        _ = told(bob)
        machine.want(try cid(2), in: session, now: .seconds(29))
        machine.tick(now: .seconds(40))
        let again = try cid(1)
        #expect(told(alice).contains { $0.cid == again })
    }

    @Test func `peers of older versions are asked for blocks`() throws {
        connect(alice, bob)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        #expect(told(alice, .prefixedBlocks) == [Want(try cid(1))])
        #expect(told(bob, .bareBlocks) == [Want(try cid(1))])
    }

    @Test func `a peer whose blocks have no prefix is asked for none but those of SHA2-256`()
        throws
    {
        let cid = CID(v1: .raw, try HashFunction.blake3.multihash(of: [1, 2].span))
        connect(alice)
        let session = machine.makeSession(now: .zero)
        machine.want(cid, in: session, now: .zero)
        #expect(told(alice, .bareBlocks).isEmpty)
        #expect(machine.wants[cid.multihash]?.answers[alice] == .dontHave)
    }

    @Test
    func `a peer that speaks only the block protocol is read from once it is known to have it`()
        throws
    {
        machine.connected(alice, reach: .blockRead, now: .zero)
        let session = machine.makeSession(now: .zero)
        machine.want(try cid(1), in: session, now: .zero)
        #expect(!machine.takeActions().contains(.read(alice, try cid(1))))
        machine.found(alice, for: try cid(1), in: session, now: .zero)
        #expect(machine.takeActions().contains(.read(alice, try cid(1))))
        #expect(machine.received(try cid(1).multihash, from: alice, now: .zero) == [session])
    }

    @Test func `whatever happens, nothing is left when all sessions have ended`() throws {
        let seed = SeededGenerator.runSeed
        var generator = SeededGenerator(seed: seed)
        var options = BitswapOptions.Client()
        options.livePerPeer = 5
        options.liveBroadcasts = 6
        machine = ClientMachine(options: options, canSearch: true)
        let cids = try (0..<40).map { try cid($0) }
        let peers = try (1...6).map { try peer($0) }
        var sessions: [Int] = []
        var now = Duration.zero
        for _ in 0..<30_000 {
            now += .milliseconds(Int.random(in: 0...200, using: &generator))
            let peer = peers.randomElement(using: &generator) ?? alice
            let cid = cids.randomElement(using: &generator) ?? cids[0]
            switch Int.random(in: 0..<16, using: &generator) {
            case 0: sessions.append(machine.makeSession(now: now))
            case 1:
                guard sessions.count > 3 else { break }
                machine.endSession(sessions.removeFirst(), now: now)
            case 2: machine.connected(peer, reach: .bitswap, now: now)
            case 3: machine.disconnected(peer, now: now)
            case 4: machine.tick(now: now)
            case 5: machine.failed(peer, now: now)
            case 6: if let id = sessions.last { machine.searched(id, now: now) }
            case 7: if let id = sessions.last { machine.found(peer, for: cid, in: id, now: now) }
            case 8: if let id = sessions.last { machine.cancel(cid.multihash, in: id, now: now) }
            case 9: machine.answered(cid.multihash, .have, by: peer, now: now)
            case 10: machine.answered(cid.multihash, .dontHave, by: peer, now: now)
            case 11:
                if machine.peers[peer]?.live.contains(cid.multihash) == true {
                    _ = machine.received(cid.multihash, from: peer, now: now)
                    #expect(machine.wants[cid.multihash] == nil)
                }
            case 12: machine.connected(peer, reach: .blockRead, now: now)
            default:
                if let id = sessions.randomElement(using: &generator) {
                    machine.want(cid, in: id, now: now)
                }
            }
            _ = machine.takeActions()
            for peer in peers { _ = machine.takeWants(for: peer, version: .presences, now: now) }
            try check(seed)
        }
        for id in sessions { machine.endSession(id, now: now) }
        #expect(machine.wants.isEmpty && machine.broadcastCount == 0)
        #expect(machine.peers.values.allSatisfy { $0.live.isEmpty })
    }

    private func check(_ seed: UInt64) throws {
        var owed: [Multihash: PeerID] = [:]
        for (id, peer) in machine.peers {
            for key in peer.live where machine.wants[key]?.target == id { owed[key] = id }
            try #require(peer.live.count <= 5 || peer.reach == .blockRead, "seed \(seed)")
        }
        for (key, want) in machine.wants {
            try #require((want.phase == .targeted) == (want.target != nil), "seed \(seed)")
            if let target = want.target { try #require(owed[key] == target, "seed \(seed)") }
            try #require(
                want.sessions.allSatisfy { machine.sessions[$0]?.wants.contains(key) == true })
        }
        let broadcasts = machine.wants.values.filter { $0.phase == .broadcast }.count
        try #require(broadcasts == machine.broadcastCount, "seed \(seed)")
    }
}
