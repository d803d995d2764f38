// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Testing

@Suite struct IdentifyTests {
    let key = PrivateKey.makeEd25519()
    var peer: PeerID { key.publicKey.peerID }

    static func address(_ text: String) throws -> Multiaddr { try Multiaddr(text: text) }

    func message() throws -> IdentifyMessage {
        var message = IdentifyMessage()
        message.publicKey = key.publicKey.protobuf
        message.protocols = ["/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"]
        message.listenAddresses = [
            try Self.address("/ip4/8.8.8.8/tcp/1"), try Self.address("/ip4/10.0.0.1/tcp/1"),
            try Self.address("/ip4/127.0.0.1/tcp/1"),
        ]
        message.observedAddress = try Self.address("/ip4/1.1.1.1/tcp/9")
        message.protocolVersion = "ipfs/0.1.0"
        message.agentVersion = "cairn/1"
        return message
    }

    static func merged(_ messages: [[UInt8]]) throws -> IdentifyMessage {
        var message = IdentifyMessage()
        for bytes in messages { try message.merge(bytes) }
        return message
    }

    @Test func `a message comes back`() throws {
        let message = try message()
        let messages = message.messages
        #expect(messages.count == 1)
        let read = try Self.merged(messages)
        #expect(read.publicKey == message.publicKey && read.protocols == message.protocols)
        #expect(read.listenAddresses == message.listenAddresses)
        #expect(read.observedAddress == message.observedAddress)
        #expect(read.protocolVersion == "ipfs/0.1.0" && read.agentVersion == "cairn/1")
        #expect(read.signedPeerRecord == nil)
    }

    @Test func `a long message has the signed record in a second one, and no more than 4 KiB`()
        throws
    {
        var message = try message()
        message.listenAddresses = try (1...600).map { try Self.address("/ip4/8.8.8.8/tcp/\($0)") }
        message.signedPeerRecord = try PeerRecord(peerID: peer, sequence: 1, addresses: [])
            .seal(by: key).bytes
        let messages = message.messages
        #expect(messages.count == 2)
        #expect(messages[0].count <= 4096 && messages[0].count > 4000)
        let read = try Self.merged(messages)
        #expect(read.signedPeerRecord == message.signedPeerRecord)
        #expect(read.protocols == message.protocols)
    }

    @Test func `private addresses of a peer on the internet are left out`() throws {
        let read = try Self.merged(message().messages)
        let near = try read.verified(for: peer, from: Self.address("/ip4/192.168.0.2/tcp/1"))
        #expect(near.addresses.count == 3)
        let far = try read.verified(for: peer, from: Self.address("/ip4/9.9.9.9/tcp/1"))
        #expect(far.addresses == [try Self.address("/ip4/8.8.8.8/tcp/1")])
        #expect(far.protocols == ["/ipfs/id/1.0.0", "/ipfs/ping/1.0.0"])
        #expect(far.publicKey == key.publicKey && far.record == nil)
    }

    @Test func `a key of another peer is refused, and none is no fault`() throws {
        let read = try Self.merged(message().messages)
        let place = try Self.address("/ip4/9.9.9.9/tcp/1")
        #expect(throws: IdentifyError.otherPeer) {
            try read.verified(for: PrivateKey.makeEd25519().publicKey.peerID, from: place)
        }
        var without = read
        without.publicKey = nil
        #expect(try without.verified(for: peer, from: place).publicKey == nil)
        without.publicKey = [1]
        #expect(throws: IdentifyError.key(.message(.fieldNumber(offset: 0)))) {
            try without.verified(for: peer, from: place)
        }
    }

    @Test func `a genuine record gives the addresses, any other is ignored`() throws {
        let place = try Self.address("/ip4/9.9.9.9/tcp/1")
        var read = try Self.merged(message().messages)
        let signed = [try Self.address("/ip4/7.7.7.7/tcp/7")]
        read.signedPeerRecord = try PeerRecord(peerID: peer, sequence: 5, addresses: signed)
            .seal(by: key).bytes
        let verified = try read.verified(for: peer, from: place)
        #expect(verified.addresses == signed)
        #expect(verified.record?.sequence == 5)
        #expect(verified.envelope?.bytes == read.signedPeerRecord)

        let stranger = PrivateKey.makeEd25519()
        read.signedPeerRecord = try PeerRecord(
            peerID: stranger.publicKey.peerID, sequence: 5, addresses: signed
        ).seal(by: stranger).bytes
        let other = try read.verified(for: peer, from: place)
        #expect(other.record == nil && other.addresses.count == 1)
        read.signedPeerRecord = [1, 2, 3]
        #expect(try read.verified(for: peer, from: place).record == nil)
    }

    @Test func `addresses lose their peer, those of others and repetitions go`() throws {
        var read = IdentifyMessage()
        read.listenAddresses = [
            try Self.address("/ip4/8.8.8.8/tcp/1/p2p/\(peer)"),
            try Self.address("/ip4/8.8.8.8/tcp/1"), try Self.address("/ip4/0.0.0.0/tcp/1"),
            try Self.address("/p2p/\(peer)"),
            try Self.address("/ip4/8.8.4.4/tcp/1/p2p/\(PrivateKey.makeEd25519().publicKey.peerID)"),
        ]
        let place = try Self.address("/ip4/9.9.9.9/tcp/1")
        #expect(
            try read.verified(for: peer, from: place).addresses
                == [try Self.address("/ip4/8.8.8.8/tcp/1")])
    }

    @Test func `what cannot be read in a list is left out, and lists have limits`() throws {
        var writer = ProtobufWriter()
        writer.bytes(2, [0xff, 0xff])
        writer.bytes(3, [0xff, 0xfe])
        writer.bytes(4, [0])
        writer.bytes(6, [0x61, 0xff, 0x1b, 0x0a])
        writer.varint(99, 7)
        var read = try Self.merged([writer.bytes])
        #expect(read.listenAddresses.isEmpty && read.protocols.isEmpty)
        #expect(read.observedAddress == nil)
        let verified = try read.verified(for: peer, from: Self.address("/ip4/9.9.9.9/tcp/1"))
        #expect(verified.agentVersion == "a\u{fffd}")

        var many = ProtobufWriter()
        for index in 0..<1100 { many.string(3, "/\(index)") }
        try read.merge(many.bytes)
        #expect(read.protocols.count == 1024)
    }

    @Test func `ten messages of 8 KiB are read, and no more`() throws {
        var message = IdentifyMessage()
        let empty = [UInt8]([0x7a, 0xfd, 0x3f]) + [UInt8](repeating: 0, count: 8189)
        for _ in 0..<10 { try message.merge(empty) }
        #expect(throws: IdentifyError.tooManyMessages) { try message.merge([]) }
        var other = IdentifyMessage()
        #expect(throws: IdentifyError.message(.tooLong(offset: 0, byteCount: 8193))) {
            try other.merge(empty + [0])
        }
    }
}
