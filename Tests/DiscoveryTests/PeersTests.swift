// SPDX-License-Identifier: Apache-2.0

import Foundation
import Libp2p
import Multiformats
import TestSupport
import Testing

@testable import Discovery

struct BootstrapPeersTests {
    @Test func `the public list names six peers`() {
        #expect(BootstrapPeers.public.peers.count == 6)
        #expect(BootstrapPeers.public.addresses.allSatisfy { $0.peerID != nil })
    }

    @Test func `texts are addresses, the default, or none`() throws {
        let address = "/ip4/127.0.0.1/tcp/4001/p2p/\(try peer(1))"
        #expect(try BootstrapPeers(texts: ["none"]) == .none)
        #expect(try BootstrapPeers(texts: []) == .none)
        #expect(try BootstrapPeers(texts: ["default"]) == .public)
        #expect(try BootstrapPeers(texts: ["default", address]).peers.count == 7)
        let two = try BootstrapPeers(texts: [address, address.replacing("tcp", with: "udp")])
        #expect(two.peers.map(\.addresses.count) == [2])
    }

    @Test(arguments: ["/ip4/127.0.0.1/tcp/4001", "example.org", ""])
    func `an address without a peer is refused`(text: String) {
        #expect(throws: BootstrapError.self) { try BootstrapPeers(texts: [text]) }
    }
}

struct RememberedPeersTests {
    private static func info(_ number: UInt8, port: Int = 4_001) throws -> PeerInfo {
        PeerInfo(
            id: try peer(number),
            addresses: [try Multiaddr(text: "/ip4/192.0.2.\(number)/tcp/\(port)")])
    }

    @Test func `peers outlive the process, those seen last first`() async throws {
        let directory = try TemporaryDirectory()
        let file = PeerFile(directory: directory.url.path)
        #expect(try await file.load() == RememberedPeers())
        var peers = RememberedPeers()
        peers.saw(try Self.info(1), at: 100)
        peers.saw(try Self.info(2), at: 300)
        peers.saw(try Self.info(1, port: 4_002), at: 200)
        try await file.save(peers)
        try await file.save(peers)
        let loaded = try await file.load()
        #expect(loaded == peers)
        #expect(try loaded.peers == [Self.info(2), Self.info(1, port: 4_002)])
    }

    @Test func `what is damaged is left out`() throws {
        var peers = RememberedPeers()
        for number in 1...20 as ClosedRange<UInt8> { peers.saw(try Self.info(number), at: 5) }
        let text = peers.text
        #expect(RememberedPeers(text: text) == peers)
        #expect(RememberedPeers(text: Array("what is this\n5 /ip4\n".utf8) + text) == peers)
        for cut in stride(from: 0, to: text.count, by: 7) {
            let read = RememberedPeers(text: text[..<cut])
            #expect(read.count <= 20)
            #expect(read.peers.allSatisfy { peers.peers.map(\.id).contains($0.id) })
        }
        var generator = SeededGenerator(seed: SeededGenerator.runSeed)
        for _ in 0..<300 {
            var damaged = text
            for _ in 0..<10 {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] =
                    .random(in: 0...255, using: &generator)
            }
            #expect(RememberedPeers(text: damaged).count <= 21)
        }
    }

    @Test func `there is room for so many only, and only for what can be dialled`() throws {
        var peers = RememberedPeers()
        for number in 0..<250 as Range<UInt8> {
            peers.saw(try Self.info(number), at: Int64(number))
        }
        #expect(peers.count == RememberedPeers.maximumCount)
        #expect(try peers.peers.first?.id == peer(249))
        #expect(RememberedPeers(text: peers.text) == peers)
        var none = RememberedPeers()
        none.saw(
            PeerInfo(
                id: try peer(1),
                addresses: [
                    try Multiaddr(text: "/ip4/0.0.0.0/tcp/1"),
                    try Multiaddr(text: "/ip4/192.0.2.1/tcp/1/p2p/\(try peer(2))/p2p-circuit"),
                ]), at: 1)
        #expect(none.count == 0)
    }
}

struct ConnectPlanTests {
    @Test func `a lost peer is dialled again, each time later`() throws {
        let name = try peer(1)
        var plan = ConnectPlan([name], first: .seconds(1), longest: .seconds(4))
        var dials = plan.due(at: .zero)
        #expect(dials == [name])
        dials = plan.due(at: .seconds(100))
        #expect(dials.isEmpty)
        var now = Duration.seconds(100)
        for wait in [1, 2, 4, 4] {
            plan.failed(name, at: now, jitter: 0)
            #expect(plan.nextDue == now + .seconds(wait))
            now += .seconds(wait)
            dials = plan.due(at: now - .milliseconds(1))
            #expect(dials.isEmpty)
            dials = plan.due(at: now)
            #expect(dials == [name])
        }
        plan.connected(name)
        #expect(plan.nextDue == nil)
        plan.disconnected(name, at: now)
        #expect(plan.nextDue == now + .seconds(1))
        plan.disconnected(try peer(2), at: now)
        plan.connected(try peer(2))
        #expect(plan.nextDue == now + .seconds(1))
    }
}

struct KeepConnectedTests {
    @Test func `a static peer is dialled, protected, and dialled again when it is lost`()
        async throws
    {
        let network = MemoryNetwork()
        let host = network.makeHost(try peer(1))
        let other = network.makeHost(try peer(2))
        let keeper = StaticPeers(
            [PeerInfo(id: other.peerID, addresses: other.addresses)], host: host, logger: silent,
            firstWait: .milliseconds(1), longestWait: .milliseconds(5))
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await keeper.run() }
            while !host.isConnected(to: other.peerID) { await Task.yield() }
            #expect(host.protections(of: other.peerID) == [StaticPeers.tag])
            network.cut(host.peerID, other.peerID)
            while !host.isConnected(to: other.peerID) { await Task.yield() }
            group.cancelAll()
        }
        #expect(host.protections(of: other.peerID).isEmpty)
    }

    @Test func `bootstrap peers are dialled, and met again without them after a restart`()
        async throws
    {
        let network = MemoryNetwork()
        let directory = try TemporaryDirectory()
        let file = PeerFile(directory: directory.url.path)
        let other = network.makeHost(
            try peer(2), addresses: [try Multiaddr(text: "/ip4/192.0.2.2/tcp/4001")])
        for (number, bootstrap) in [(3, true), (4, false)] as [(UInt8, Bool)] {
            let host = network.makeHost(try peer(number))
            let address = other.addresses[0].appending(.p2p(other.peerID))
            let bootstrapper = Bootstrapper(
                host: host, bootstrap: bootstrap ? try BootstrapPeers([address]) : .none,
                file: file, logger: silent)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await bootstrapper.run() }  // ends cancelled
                while !host.isConnected(to: other.peerID) { await Task.yield() }
                group.cancelAll()
            }
            #expect(try await file.load().peers.map(\.id) == [other.peerID])
            await host.close()
        }
    }
}
