// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import Synchronization
import Testing

/// Values that peers put: which is kept, for how long, and what servers answer.
struct ValueTests {
    private static let now = Duration.seconds(1_800_000_000)  // 2027-01-15T08:00:00Z

    private let key: PrivateKey
    private let name: RecordKey

    init() throws {
        key = try PrivateKey(ed25519Seed: [UInt8](0..<32))
        name = .ipns(key.publicKey.peerID)
    }

    private func value(
        _ path: String = "/ipfs/a", sequence: UInt64 = 7, until end: String = "2100-01-01T00:00:00Z"
    ) throws -> DHTValue {
        let draft = IPNSDraft(path, sequence: sequence, until: end)
        return try DHTValue(draft.sealed(by: key), for: name)
    }

    /// A value of another name, which ends a day and `number` seconds from now.
    private func other(_ number: UInt8, padding: Int = 0) throws -> DHTValue {
        let key = try PrivateKey(ed25519Seed: [UInt8](repeating: number, count: 32))
        var draft = IPNSDraft(until: "2027-01-16T08:00:\(number)Z")
        draft.padding = padding
        return try DHTValue(draft.sealed(by: key), for: .ipns(key.publicKey.peerID))
    }

    @Test
    func `a value is of the kind that its key asks for`() throws {
        let bytes = try value().bytes
        let otherName = RecordKey.ipns(.test(1))
        #expect(throws: ServerRefusal.invalidName(.signature)) {
            try DHTValue(bytes, for: otherName)
        }
        #expect(throws: ServerRefusal.otherPublicKey) {
            try DHTValue(bytes, for: .publicKey(key.publicKey.peerID))
        }
        #expect(throws: ServerRefusal.invalidName(.message(.fieldNumber(offset: 0)))) {
            try DHTValue([0], for: name)
        }
    }

    @Test
    func `the higher sequence replaces the lower one, whatever their ends`() throws {
        var table = ValueTable()
        let old = try value(sequence: 255)
        let new = try value(sequence: 256, until: "2099-01-01T00:00:00Z")
        try table.add(old, now: Self.now)
        try table.add(new, now: Self.now)
        #expect(throws: ServerRefusal.olderValue) { try table.add(old, now: Self.now) }
        #expect(table.value(of: name, now: Self.now) == new)
        #expect(table.count == 1 && table.byteCount == new.bytes.count)
    }

    @Test
    func `of the same sequence the later end wins, and then the greater bytes`() throws {
        var table = ValueTable()
        let early = try value(until: "2099-01-01T00:00:00Z")
        let late = [try value("/ipfs/a"), try value("/ipfs/b")]
            .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        for better in [early] + late { try table.add(better, now: Self.now) }
        for worse in [early, late[0]] {
            #expect(throws: ServerRefusal.olderValue) { try table.add(worse, now: Self.now) }
        }
        #expect(table.value(of: name, now: Self.now) == late[1])
    }

    @Test
    func `a value is kept until it ends or for two days, and anew if it comes again`() throws {
        var table = ValueTable()
        let (short, long) = (try value(until: "2027-01-15T08:00:10Z"), try value())
        let end = Self.now + .seconds(10)
        try table.add(short, now: Self.now)
        #expect(table.value(of: name, now: end - .nanoseconds(1)) == short)
        #expect(table.value(of: name, now: end) == nil)
        #expect(throws: ServerRefusal.expired) { try table.add(short, now: end) }

        try table.add(long, now: Self.now)
        let later = Self.now + .seconds(3600)
        try table.add(long, now: later)
        #expect(table.value(of: name, now: later + ValueTable.lifetime - .seconds(1)) == long)
        let gone = later + ValueTable.lifetime
        #expect(table.value(of: name, now: gone) == nil)
        // What is expired is in nobody's way.
        let older = try value(sequence: 1)
        try table.add(older, now: gone)
        #expect(table.value(of: name, now: gone) == older)
    }

    @Test
    func `in a table that is full, what expires first gives way`() throws {
        var table = ValueTable(countLimit: 3)
        let values = try [12, 10, 11, 13].map { try other($0) }
        for value in values { try table.add(value, now: Self.now) }
        #expect(table.count == 3)
        #expect(values.filter { table.value(of: $0.key, now: Self.now) == nil } == [values[1]])
        // One that is there already needs no more room.
        try table.add(values[0], now: Self.now)
        #expect(table.count == 3)
    }

    @Test
    func `those of the network that has the most give way first, unless others have expired`()
        throws
    {
        let (near, far) = (IPGroup(.tcp(5, 6, 1, 1)), IPGroup(.tcp(8, 8, 1, 1)))
        let values = try (10...16).map { try other($0) }
        func kept(_ table: ValueTable, at time: Duration = Self.now) -> [Int] {
            values.indices.filter { table.value(of: values[$0].key, now: time) != nil }
        }
        var table = ValueTable(countLimit: 4)
        try table.add(values[0], from: near, now: Self.now)
        for value in values[1...3] { try table.add(value, from: far, now: Self.now) }
        // Whoever puts it again, it counts to the network that it came from first.
        try table.add(values[0], from: far, now: Self.now)
        try table.add(values[4], from: near, now: Self.now)
        #expect(kept(table) == [0, 2, 3, 4])
        for value in values[5...] { try table.add(value, from: far, now: Self.now) }
        #expect(kept(table) == [0, 4, 5, 6])
        let end = try #require(values[0].validUntil)
        try table.add(values[3], from: far, now: end)
        #expect(kept(table, at: end) == [3, 4, 5, 6])
    }

    @Test
    func `a table holds no more bytes than it may`() throws {
        let small = try [10, 11, 12].map { try other($0) }
        let large = try other(13, padding: 2 * small[0].bytes.count)
        let limit = large.bytes.count + small[0].bytes.count
        var table = ValueTable(byteCountLimit: limit)
        for value in small + [large] { try table.add(value, now: Self.now) }
        #expect(table.byteCount == limit)
        #expect(table.value(of: large.key, now: Self.now) == large)
        #expect(table.value(of: small[2].key, now: Self.now) == small[2])
        var tiny = ValueTable(byteCountLimit: 10)
        #expect(throws: ServerRefusal.full) { try tiny.add(large, now: Self.now) }
    }

    @Test
    func `a name's record is served to others until it ends, and not replaced by an older one`()
        async throws
    {
        let time = Mutex(Self.now)
        let network = MemoryNetwork()
        let host = network.makeHost(.test(1))
        let store = MemoryProviderStore()
        let dht = DHT(
            host: host, options: .isolated, store: store, wallClock: { time.withLock { $0 } })
        let server = Swarm.Member(host: host, store: store, dht: dht)
        func put(_ value: DHTValue) -> KademliaMessage {
            let key = value.key.bytes
            return KademliaMessage(
                .putValue, key: key, record: KademliaRecord(key: key, value: value.bytes))
        }
        let get = KademliaMessage(.getValue, key: name.bytes)
        let end = "2027-01-16T08:00:00Z"
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await dht.run() }
            await eventually { dht.isServing }
            let (owner, reader) = (network.makeHost(.test(2)), network.makeHost(.test(3)))
            for peer in [owner, reader] {
                try await peer.connect(to: host.peerID, at: host.addresses)
            }
            let (ours, theirs) = (
                try await RawStream.open(from: owner, to: server),
                try await RawStream.open(from: reader, to: server)
            )
            #expect(try await theirs.ask(get).record == nil)
            for sequence in UInt64(1)...2 {
                let message = put(try value("/ipfs/\(sequence)", sequence: sequence, until: end))
                #expect(try await ours.ask(message) == message)
                #expect(try await theirs.ask(get).record == message.record)
            }
            #expect(try await ours.isReset(by: put(value(sequence: 1))))
            let newest = try value("/ipfs/2", sequence: 2, until: end)
            #expect(try await theirs.ask(get).record?.value == newest.bytes)

            time.withLock { $0 += .seconds(86_400) }
            #expect(try await theirs.ask(get).record == nil)
            let again = try await RawStream.open(from: owner, to: server)
            #expect(try await again.isReset(by: put(newest)))
            #expect(dht.counts.refused == 2)
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
