// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import Synchronization
import Testing

/// DHTs on hosts of one network in memory, which run until the test has ended.
struct Swarm: Sendable {
    struct Member: Sendable {
        let host: MemoryHost
        let store: MemoryProviderStore
        let dht: DHT

        var id: PeerID { host.peerID }
    }

    let network: MemoryNetwork
    let members: [Member]

    var first: Member { members[0] }

    /// Runs `count` DHTs and `body` beside them; the others connect to the first, and the body
    /// begins when each has `minimum` peers in its table, all but one unless told otherwise.
    static func run(
        _ count: Int, _ options: DHTOptions = .isolated, minimum: Int? = nil,
        addresses: @Sendable (Int) -> [Multiaddr] = { _ in [] },
        _ body: @Sendable (Swarm) async throws -> Void
    ) async throws {
        let network = MemoryNetwork()
        var options = options
        // Who came first looks for those who came later.
        options.lowCheckInterval = .milliseconds(200)
        let members = (0..<count).map { [options] number in
            member(number, in: network, options, addresses: addresses(number))
        }
        let swarm = Swarm(network: network, members: members)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in members { group.addTask { try await member.dht.run() } }
            await eventually { members.allSatisfy { $0.dht.isServing } }
            for member in members.dropFirst() {
                try await member.host.connect(to: members[0].id, at: members[0].host.addresses)
            }
            let wanted = minimum ?? count - 1
            await eventually { members.allSatisfy { $0.dht.tablePeers.count >= wanted } }
            try await body(swarm)
            group.cancelAll()
            try await group.waitForAll()
        }
        for member in members { await member.host.close() }
    }

    /// Runs `body` beside one more DHT, which has all members in its table and, unlike them, looks
    /// up nothing by itself.
    func withStillMember(_ body: (Member) async throws -> Void) async throws {
        var options = DHTOptions.isolated
        options.lowPeerCount = 0
        let still = Self.member(500, in: network, options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await still.dht.run() }
            await eventually { still.dht.isServing }
            for member in members {
                try await still.host.connect(to: member.id, at: member.host.addresses)
            }
            await eventually { still.dht.tablePeers.count == members.count }
            try await body(still)
            group.cancelAll()
            try await group.waitForAll()
        }
        await still.host.close()
    }

    static func member(
        _ number: Int, in network: MemoryNetwork, _ options: DHTOptions,
        addresses: [Multiaddr] = []
    ) -> Member {
        let host = network.makeHost(.test(UInt64(number) + 1_000), addresses: addresses)
        let store = MemoryProviderStore()
        return Member(
            host: host, store: store, dht: DHT(host: host, options: options, store: store))
    }

    /// A host without a DHT, connected to the first member.
    func stranger(_ number: UInt64 = 1) async throws -> MemoryHost {
        let host = network.makeHost(.test(number + 900_000))
        try await host.connect(to: first.id, at: first.host.addresses)
        return host
    }
}

/// Lets other tasks run until `condition` holds; fails the test after a minute.
func eventually(
    _ condition: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async rethrows {
    let end = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("it never came to that", sourceLocation: sourceLocation)
            return
        }
        // Polls, for there is no event to wait for; a yield instead would starve what it waits for.
        try? await Task.sleep(for: .milliseconds(2))
    }
}

/// Counts what happens in several tasks.
final class Tally: Sendable {
    private let total = Mutex(0)

    var count: Int { total.withLock { $0 } }

    func add() { total.withLock { $0 += 1 } }
}

/// One stream of a peer that speaks the protocol by hand.
final class RawStream: Sendable {
    let stream: any PeerStream

    init(_ stream: any PeerStream) { self.stream = stream }

    static func open(
        from host: MemoryHost, to member: Swarm.Member, _ id: ProtocolID = .kademlia
    ) async throws -> RawStream {
        RawStream(try await host.openStream(to: member.id, for: [id]))
    }

    func send(_ message: KademliaMessage) async throws {
        try await stream.writeMessage(message.bytes)
    }

    /// The next message; nil if the peer closed its half.
    ///
    /// Throws if it reset the stream.
    func receive() async throws -> KademliaMessage? {
        var reader = MessageReader(stream, maximumByteCount: KademliaLimits.answerByteCount)
        return try await reader.next().map { try KademliaMessage($0) }
    }

    func ask(_ message: KademliaMessage) async throws -> KademliaMessage {
        try await send(message)
        return try #require(try await receive())
    }

    /// Whether the peer resets the stream upon `message`.
    func isReset(by message: KademliaMessage) async throws -> Bool {
        do {
            try await send(message)
            _ = try await receive()
            return false
        } catch PeerStreamError.reset { return true }
    }
}
