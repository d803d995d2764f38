// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import Testing

struct AnnouncementTests {
    /// On a busy machine it may be long until a peer's turn comes.
    private static var patient: DHTOptions {
        var options = DHTOptions.isolated
        options.timeouts.progress = .seconds(120)
        return options
    }

    private let keys = (UInt64(1)...5_000).map { Multihash.test($0) }

    @Test
    func `thousands of records go over one stream, and all arrive`() async throws {
        try await Swarm.run(2) { swarm in
            let other = swarm.members[1]
            let asker = Swarm.member(70, in: swarm.network, Self.patient)
            let opened = Tally()
            swarm.network.setFault { attempt in
                if case .stream(asker.id, _, _) = attempt { opened.add() }
                return nil
            }
            let info = PeerInfo(id: other.id, addresses: other.host.addresses)
            let sentCount = try await asker.dht.announce(keys, to: info)
            #expect(sentCount == keys.count)
            #expect(other.store.recordCount == keys.count)
            #expect(opened.count == 1)
            let own = PeerInfo(id: asker.id, addresses: asker.host.addresses)
            let found = await other.store.providers(
                of: keys[4_321], limit: 5, now: DHT.timeSince1970())
            #expect(found == [own])
            #expect(asker.dht.counts.recordsSent == keys.count)
            let noneCount = try await asker.dht.announce([], to: info)
            #expect(noneCount == 0)
        }
    }

    /// A host whose handler of the protocol is `handler`, and a DHT that announces to it.
    private func announce(
        _ options: DHTOptions = patient,
        to handler: @escaping @Sendable (any PeerStream) async throws -> Void
    ) async throws -> Int {
        let network = MemoryNetwork()
        let other = network.makeHost(.test(1))
        other.handle([.kademlia], handler)
        let member = Swarm.member(2, in: network, options)
        defer { other.stopHandling([.kademlia]) }
        let count = try await member.dht.announce(
            keys, to: PeerInfo(id: other.peerID, addresses: other.addresses))
        await other.close()
        return count
    }

    @Test
    func `a peer that resets the stream has refused`() async throws {
        let error = await #expect(throws: DHTError.self) {
            try await announce { stream in
                _ = try await stream.read(atMost: 100)
                throw ServerRefusal.full
            }
        }
        #expect(error?.code == .refused)
    }

    @Test
    func `a peer that resets after the last record has refused`() async throws {
        var options = Self.patient
        // Nor does it say whether it kept the last one.
        options.timeouts.answer = .milliseconds(50)
        let error = await #expect(throws: DHTError.self) {
            try await announce(options) { stream in
                while try await stream.read(atMost: 1 << 20) != nil {}
                throw ServerRefusal.full
            }
        }
        #expect(error?.code == .refused)
    }

    @Test
    func `a peer that closes its half before the end has refused`() async throws {
        let error = await #expect(throws: DHTError.self) {
            try await announce { stream in
                try await stream.closeWrite()
                while try await stream.read(atMost: 1 << 20) != nil {}
            }
        }
        #expect(error?.code == .refused)
    }

    @Test
    func `a peer that never reads is given up`() async throws {
        var options = DHTOptions.isolated
        options.timeouts.progress = .milliseconds(50)
        let error = await #expect(throws: DHTError.self) {
            try await announce(options) { _ in
                // Ends when its host does.
                try? await ContinuousClock().sleep(for: .seconds(3600))
            }
        }
        #expect(error?.code == .timedOut)
    }

    @Test
    func `a peer that answers every record, as the written specification has it, is drained`()
        async throws
    {
        let count = try await announce { stream in
            var reader = MessageReader(stream, maximumByteCount: 1 << 16)
            while let message = try await reader.next() {
                // Far more than the window holds.
                try await stream.writeMessage(message + message)
            }
        }
        #expect(count == keys.count)
    }

    @Test
    func `a host without an address announces nothing`() async throws {
        var options = DHTOptions.wan
        options.mode = .server
        let network = MemoryNetwork()
        let other = network.makeHost(.test(1))
        other.handle([.kademlia]) { _ in }
        let member = Swarm.member(2, in: network, options, addresses: [.tcp(10, 0, 0, 1)])
        let error = await #expect(throws: DHTError.self) {
            try await member.dht.announce(
                keys, to: PeerInfo(id: other.peerID, addresses: other.addresses))
        }
        #expect(error?.code == .noAddress)
    }
}
