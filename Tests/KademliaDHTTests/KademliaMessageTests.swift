// SPDX-License-Identifier: Apache-2.0

import KademliaDHT
import Libp2p
import Multiformats
import TestSupport
import Testing

struct KademliaMessageTests {
    @Test(arguments: KademliaFixture.rows("message").filter { !$0.name.contains("cluster") })
    func `a message is read and written byte for byte`(_ row: KademliaFixture) throws {
        let message = try KademliaMessage(row.bytes(0))
        #expect(message.bytes == row.bytes(0))
        var framed: [UInt8] = []
        Varint.append(UInt64(message.bytes.count), to: &framed)
        #expect(framed + message.bytes == row.bytes(1))
    }

    @Test
    func `the historic cluster level is ignored`() throws {
        let rows = KademliaFixture.rows("message")
        let plain = try #require(rows.first { $0.name == "find-node" })
        let level = try #require(rows.first { $0.name == "find-node-with-cluster-level" })
        #expect(try KademliaMessage(level.bytes(0)) == KademliaMessage(plain.bytes(0)))
    }

    @Test
    func `a provider is read with its address`() throws {
        let row = try #require(
            KademliaFixture.rows("message").first { $0.name == "add-provider" })
        let message = try KademliaMessage(row.bytes(0))
        #expect(message.kind == .addProvider)
        #expect(message.providerPeers.count == 1)
        #expect(message.providerPeers.first?.addresses.count == 1)
    }

    @Test
    func `all fields survive a round trip`() throws {
        let peers = (1...3).map {
            PeerInfo(id: .test($0), addresses: [.tcp(1, 2, 3, UInt8($0)), .tcp(10, 0, 0, 1)])
        }
        let message = KademliaMessage(
            .getValue, key: [1, 2, 3],
            record: KademliaRecord(
                key: [1, 2, 3], value: [4], timeReceived: "2026-01-01T00:00:00Z"),
            closerPeers: peers, providerPeers: [peers[1]])
        #expect(try KademliaMessage(message.bytes) == message)
    }

    @Test(arguments: [UInt64(6), 77, .max])
    func `an unknown kind is an error`(_ kind: UInt64) {
        var writer = ProtobufWriter()
        writer.varint(1, kind)
        #expect(throws: ProtobufError.invalid(field: 1)) { try KademliaMessage(writer.bytes) }
    }

    @Test
    func `what is over a count is left out`() throws {
        var writer = ProtobufWriter()
        writer.varint(1, 4)
        for number in 0..<2_000 {
            let peer = PeerInfo(id: .test(UInt64(number)), addresses: [])
            for field in [8, 9] { writer.message(field) { $0.bytes(1, peer.id.bytes) } }
        }
        let message = try KademliaMessage(writer.bytes)
        #expect(message.closerPeers.count == KademliaLimits.closerPeerCount)
        #expect(message.providerPeers.count == KademliaLimits.providerPeerCount)
        writer = ProtobufWriter()
        writer.message(8) { writer in
            writer.bytes(1, PeerID.test(1).bytes)
            for _ in 0..<500 { writer.bytes(2, Multiaddr.tcp(1, 2, 3, 4).bytes) }
        }
        #expect(
            try KademliaMessage(writer.bytes).closerPeers.first?.addresses.count
                == KademliaLimits.addressCount)
    }

    @Test
    func `four mebibytes of empty entries take no memory`() throws {
        let entry: [UInt8] = [0x42, 0x00]
        let bytes = Array(repeatElement(entry, count: 2 << 20).joined())
        #expect(try KademliaMessage(bytes).closerPeers.isEmpty)
    }

    @Test
    func `entries without a peer ID, and unreadable addresses, are left out`() throws {
        var writer = ProtobufWriter()
        writer.message(8) { $0.bytes(2, Multiaddr.tcp(1, 2, 3, 4).bytes) }
        writer.message(8) { $0.bytes(1, [1, 2, 3]) }
        writer.message(8) { writer in
            writer.bytes(1, PeerID.test(1).bytes)
            writer.bytes(2, [0xff, 0xff])
            writer.bytes(2, [])
            writer.bytes(2, Multiaddr.tcp(1, 2, 3, 4).bytes)
            writer.varint(3, 9)
        }
        let message = try KademliaMessage(writer.bytes)
        #expect(
            message.closerPeers == [PeerInfo(id: .test(1), addresses: [.tcp(1, 2, 3, 4)])])
    }

    @Test
    func `an address that names another peer is left out, its own name is cut off`() throws {
        let own = Multiaddr.tcp(1, 2, 3, 4).appending(.p2p(.test(1)))
        let other = Multiaddr.tcp(5, 6, 7, 8).appending(.p2p(.test(2)))
        let message = KademliaMessage(
            .findNode, closerPeers: [PeerInfo(id: .test(1), addresses: [own, other])])
        #expect(
            try KademliaMessage(message.bytes).closerPeers
                == [PeerInfo(id: .test(1), addresses: [.tcp(1, 2, 3, 4)])])
    }

    @Test(arguments: [(2, KademliaLimits.keyByteCount), (3, 3)])
    func `a value over its limit is an error`(_ field: Int, _ limit: Int) {
        var writer = ProtobufWriter()
        if field == 2 {
            writer.bytes(2, [UInt8](repeating: 0, count: limit + 1))
        } else {
            let value = [UInt8](repeating: 0, count: KademliaLimits.valueByteCount + 1)
            writer.message(3) { $0.bytes(2, value) }
        }
        #expect(throws: ProtobufError.self) { try KademliaMessage(writer.bytes) }
    }

    @Test
    func `a peer's entry stays within 8 KiB, and a message within what is asked`() throws {
        let long = Multiaddr(components: [.dns(String(repeating: "a", count: 200)), .tcp(1)])
        let long2 = Multiaddr(
            components: Array(repeating: .dns("b" + String(repeating: "c", count: 180)), count: 5))
        let peer = PeerInfo(id: .test(1), addresses: Array(repeating: long2, count: 32) + [long])
        let one = KademliaMessage(.findNode, closerPeers: [peer])
        #expect(one.bytes.count <= KademliaLimits.peerEntryByteCount + 16)
        #expect(one.bytes.count > 4096)
        var many = KademliaMessage(
            .getProviders, closerPeers: Array(repeating: peer, count: 20),
            providerPeers: Array(repeating: peer, count: 5))
        var few = many
        few.trim(to: 64 << 10, providers: 20 << 10)
        #expect(few.bytes.count <= 64 << 10)
        #expect(few.providerPeers.count == 2)
        #expect(few.closerPeers.count > 4)
        many.trim(to: 64 << 10)
        #expect(many.bytes.count <= 64 << 10)
        #expect(many.providerPeers.count == 5)
        #expect((1..<5).contains(many.closerPeers.count))
    }

    @Test(arguments: KademliaFixture.rows("message"))
    func `every truncation is an error or a shorter message`(_ row: KademliaFixture) throws {
        let whole = row.bytes(0)
        for count in whole.indices {
            // Cut between fields it is a message; cut within one it is an error. Never a trap.
            if let message = try? KademliaMessage(Array(whole.prefix(count))) {
                #expect(message.bytes.count <= whole.count)
            }
        }
    }

    @Test
    func `mangled messages never trap, and what is read can be written and read again`() throws {
        let seed = SeededGenerator.runSeed
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let peers = (1...4).map { PeerInfo(id: .test($0), addresses: [.tcp(1, 2, 3, UInt8($0))]) }
        let whole = KademliaMessage(
            .getValue, key: Multihash.test(1).bytes, record: KademliaRecord(key: [1], value: [2]),
            closerPeers: peers, providerPeers: peers
        ).bytes
        var readCount = 0
        for round in 0..<5_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                let index = bytes.indices.randomElement(using: &generator) ?? 0
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: index)
                }
            }
            guard let message = try? KademliaMessage(bytes) else { continue }  // refused is fine
            readCount += 1
            #expect(try KademliaMessage(message.bytes) == message, "round \(round) of \(seed)")
        }
        #expect(readCount > 0)
    }
}
