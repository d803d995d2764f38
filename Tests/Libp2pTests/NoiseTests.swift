// SPDX-License-Identifier: Apache-2.0

import Crypto
import Multiformats
import Testing

// Handshakes with fixed keys, which nobody else may make.
@testable import Libp2p

/// `noise.json`.
struct NoiseVectors: Decodable, Sendable {
    struct Published: Decodable, Sendable {
        let init_static, resp_static, gen_init_ephemeral, gen_resp_ephemeral: String
        let prologue: String?
        let msg_0_payload, msg_1_payload, msg_2_payload, msg_3_payload, msg_4_payload: String
        let msg_0_ciphertext, msg_1_ciphertext, msg_2_ciphertext: String
        let msg_3_ciphertext, msg_4_ciphertext: String
    }
    struct Transport: Decodable, Sendable {
        let plaintext, frame: String
    }
    struct Whole: Decodable, Sendable {
        let identitySeedInitiator, identitySeedResponder: String
        let peerIdInitiator, peerIdResponder: String
        let staticInitiator, staticResponder, ephemeralInitiator, ephemeralResponder: String
        let frame1, frame2, frame3, handshakeHash: String
        let firstInitiatorTransportFrame, firstResponderTransportFrame: Transport
    }
    let published: [Published]
    let libp2p: Whole

    static let shared: NoiseVectors = Vectors.load("noise")
}

@Suite struct NoiseTests {
    static func key(_ hex: String) throws -> Curve25519.KeyAgreement.PrivateKey {
        try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: [UInt8](hex: hex))
    }

    @Test(arguments: NoiseVectors.shared.published)
    func `published handshakes are spoken byte for byte`(_ vector: NoiseVectors.Published) throws {
        let prologue = [UInt8](hex: vector.prologue ?? "")
        var initiator = NoiseXX(
            isInitiator: true, staticKey: try Self.key(vector.init_static),
            ephemeralKey: try Self.key(vector.gen_init_ephemeral), prologue: prologue)
        var responder = NoiseXX(
            isInitiator: false, staticKey: try Self.key(vector.resp_static),
            ephemeralKey: try Self.key(vector.gen_resp_ephemeral), prologue: prologue)
        let first = try initiator.write([UInt8](hex: vector.msg_0_payload))
        #expect(first.hex == vector.msg_0_ciphertext)
        #expect(try responder.read(first[...]).hex == vector.msg_0_payload)
        let second = try responder.write([UInt8](hex: vector.msg_1_payload))
        #expect(second.hex == vector.msg_1_ciphertext)
        #expect(try initiator.read(second[...]).hex == vector.msg_1_payload)
        let third = try initiator.write([UInt8](hex: vector.msg_2_payload))
        #expect(third.hex == vector.msg_2_ciphertext)
        #expect(try responder.read(third[...]).hex == vector.msg_2_payload)
        #expect(initiator.hash == responder.hash)

        var (sending, receiving) = initiator.split()
        var output: [UInt8] = []
        try output.append(atMost: 1_000) { output throws(NoiseError) in
            try sending.seal([UInt8](hex: vector.msg_3_payload).span.bytes, to: &output)
        }
        #expect(output.hex == vector.msg_3_ciphertext)
        var plaintext: [UInt8] = []
        let sealed = [UInt8](hex: vector.msg_4_ciphertext)
        var isGenuine = false
        try plaintext.append(atMost: 1_000) { output throws(NoiseError) in
            isGenuine = try receiving.open(sealed.span.bytes, to: &output)
        }
        #expect(isGenuine)
        #expect(plaintext.hex == vector.msg_4_payload)
    }

    /// Both sides of the whole libp2p handshake in the vectors.
    static func vectorSides() throws -> (initiator: NoiseHandshake, responder: NoiseHandshake) {
        let vector = NoiseVectors.shared.libp2p
        let initiator = NoiseHandshake(
            role: .initiator,
            identity: try PrivateKey(ed25519Seed: [UInt8](hex: vector.identitySeedInitiator)),
            muxers: ["/yamux/1.0.0"], expecting: try PeerID(text: vector.peerIdResponder),
            staticKey: try key(vector.staticInitiator),
            ephemeralKey: try key(vector.ephemeralInitiator))
        let responder = NoiseHandshake(
            role: .responder,
            identity: try PrivateKey(ed25519Seed: [UInt8](hex: vector.identitySeedResponder)),
            muxers: ["/yamux/1.0.0"], expecting: nil, staticKey: try key(vector.staticResponder),
            ephemeralKey: try key(vector.ephemeralResponder))
        return (initiator, responder)
    }

    @Test(arguments: [1, 3, 100, 1000])
    func `the libp2p handshake is spoken byte for byte, in pieces of any size`(
        _ pieceByteCount: Int
    ) throws {
        let vector = NoiseVectors.shared.libp2p
        var (initiator, responder) = try Self.vectorSides()
        #expect(try initiator.start().hex == vector.frame1)
        #expect(try responder.start() == [])
        var output: [UInt8] = []
        for piece in [UInt8](hex: vector.frame1).pieces(of: pieceByteCount) {
            output += try responder.receive(piece).output
        }
        #expect(output.hex == vector.frame2)
        var channels: [NoiseChannel] = []
        output = []
        for piece in [UInt8](hex: vector.frame2).pieces(of: pieceByteCount) {
            let step = try initiator.receive(piece)
            output += step.output
            channels += step.channel.map { [$0] } ?? []
        }
        #expect(output.hex == vector.frame3)
        for piece in [UInt8](hex: vector.frame3).pieces(of: pieceByteCount) {
            channels += try responder.receive(piece).channel.map { [$0] } ?? []
        }
        try #require(channels.count == 2)
        #expect(channels[0].remotePeer.description == vector.peerIdResponder)
        #expect(channels[1].remotePeer.description == vector.peerIdInitiator)
        for channel in channels {
            #expect(channel.handshakeHash.hex == vector.handshakeHash)
            #expect(channel.muxer == "/yamux/1.0.0")
        }
        let hello = vector.firstInitiatorTransportFrame
        let world = vector.firstResponderTransportFrame
        #expect(try channels[0].seal(Array(hello.plaintext.utf8)).hex == hello.frame)
        #expect(try channels[1].seal(Array(world.plaintext.utf8)).hex == world.frame)
        #expect(try channels[1].open([UInt8](hex: hello.frame)) == Array(hello.plaintext.utf8))
        #expect(try channels[0].open([UInt8](hex: world.frame)) == Array(world.plaintext.utf8))
    }

    /// Two channels that belong together, between new identities.
    static func channels(
        initiatorMuxers: [ProtocolID] = [], responderMuxers: [ProtocolID] = [],
        identities: (PrivateKey, PrivateKey) = (.makeEd25519(), .makeEd25519())
    ) throws -> (initiator: NoiseChannel, responder: NoiseChannel) {
        var initiator = NoiseHandshake(
            role: .initiator, identity: identities.0, muxers: initiatorMuxers,
            expecting: identities.1.publicKey.peerID)
        var responder = NoiseHandshake(
            role: .responder, identity: identities.1, muxers: responderMuxers, expecting: nil)
        let second = try responder.receive(try initiator.start())
        let third = try initiator.receive(second.output)
        let last = try responder.receive(third.output)
        return (try #require(third.channel), try #require(last.channel))
    }

    @Test(arguments: KeyVector.all)
    func `identities of every type are proved`(_ vector: KeyVector) throws {
        let key = try PrivateKey(protobuf: [UInt8](hex: vector.privateKeyProtobuf))
        let (initiator, responder) = try Self.channels(identities: (key, key))
        #expect(initiator.remotePeer.description == vector.peerIdBase58)
        #expect(responder.remotePeer.description == vector.peerIdBase58)
        #expect(responder.remoteKey == key.publicKey)
    }

    @Test(
        arguments: [
            (["/a", "/b"], ["/b", "/a"], "/a"), (["/a", "/b", "/c"], ["/c", "/b"], "/b"),
            (["/a"], ["/b"], nil), ([], ["/a"], nil), (["/a"], [], nil),
            ((0...100).map { ProtocolID("/\($0)") }, ["/1"], nil),
            ((0..<100).map { ProtocolID("/\($0)") }, ["/99"], "/99"),
        ] as [([ProtocolID], [ProtocolID], ProtocolID?)])
    func `the muxer is the first of the initiator's that the responder knows`(
        _ initiatorMuxers: [ProtocolID], _ responderMuxers: [ProtocolID], _ agreed: ProtocolID?
    ) throws {
        let (initiator, responder) = try Self.channels(
            initiatorMuxers: initiatorMuxers, responderMuxers: responderMuxers)
        #expect(responder.muxer == agreed)
        // The list of 101 is the initiator's own, which it does not refuse; the peer ignores it.
        if initiatorMuxers.count <= 100 { #expect(initiator.muxer == agreed) }
    }

    @Test func `another peer than the one dialled is refused`() throws {
        var initiator = NoiseHandshake(
            role: .initiator, identity: .makeEd25519(), muxers: [],
            expecting: PrivateKey.makeEd25519().publicKey.peerID)
        var responder = NoiseHandshake(
            role: .responder, identity: .makeEd25519(), muxers: [], expecting: nil)
        let second = try responder.receive(try initiator.start())
        #expect(throws: NoiseError.wrongPeer) { try initiator.receive(second.output) }
    }

    @Test func `payloads without identity, or with another's signature, are refused`() throws {
        let key = PrivateKey.makeEd25519()
        let signed = NoisePayload.signedBytes(of: [UInt8](repeating: 9, count: 32))
        let payloads: [([UInt8], NoiseError)] = [
            ([], .payload(.missing(field: 1))),
            ([0x0a, 0x01, 0x00], .payload(.missing(field: 2))),
            ([0x0a, 0x01, 0x00, 0x12, 0x00], .identity(.message(.fieldNumber(offset: 0)))),
            (
                NoisePayload(
                    identityKey: key.publicKey.protobuf, signature: try key.sign(signed),
                    muxers: []
                ).protobuf, .signature
            ),
        ]
        for (payload, error) in payloads {
            var initiator = NoiseHandshake(
                role: .initiator, identity: key, muxers: [], expecting: nil)
            var responder = NoiseXX(
                isInitiator: false, staticKey: Curve25519.KeyAgreement.PrivateKey(),
                ephemeralKey: Curve25519.KeyAgreement.PrivateKey())
            _ = try responder.read(try initiator.start()[2...])
            let second = try responder.write(payload)
            #expect(throws: error) {
                try initiator.receive([0, UInt8(second.count)] + second)
            }
        }
    }

    @Test func `a handshake that was changed in any part fails`() throws {
        let vector = NoiseVectors.shared.libp2p
        let second = [UInt8](hex: vector.frame2)
        for index in stride(from: 2, to: second.count, by: 3) {
            var (initiator, _) = try Self.vectorSides()
            _ = try initiator.start()
            var flipped = second
            flipped[index] ^= 0x80
            // The top bit of a key's last byte is not part of it, but is part of the hash.
            #expect(throws: NoiseError.self, "byte \(index)") { try initiator.receive(flipped) }
        }
        for byteCount in [0, 31, 32, 79, 80, 95] {
            var (initiator, _) = try Self.vectorSides()
            _ = try initiator.start()
            #expect(throws: NoiseError.self, "\(byteCount) bytes") {
                try initiator.receive([0, UInt8(byteCount)] + second[2..<2 + byteCount])
            }
        }
    }

    @Test func `a key of low order is refused`() throws {
        var (_, responder) = try Self.vectorSides()
        #expect(throws: NoiseError.keyAgreement) {
            try responder.receive([0, 32] + [UInt8](repeating: 0, count: 32))
        }
    }

    @Test(arguments: [0, 1, 65518, 65519, 65520, 200_000])
    func `plaintext of any length comes through, in pieces of any size`(_ byteCount: Int) throws {
        var (initiator, responder) = try Self.channels()
        let plaintext = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        for pieceByteCount in [1 + byteCount / 7, 65_537, 1_000_000] {
            let sealed = try initiator.seal(plaintext)
            let frameCount = (byteCount + 65518) / 65519
            #expect(sealed.count == byteCount + 18 * frameCount)
            var opened: [UInt8] = []
            for piece in sealed.pieces(of: pieceByteCount) { opened += try responder.open(piece) }
            #expect(opened == plaintext)
        }
    }

    @Test func `what came with the last handshake message is opened at the next call`() throws {
        var initiator = NoiseHandshake(
            role: .initiator, identity: .makeEd25519(), muxers: [], expecting: nil)
        var responder = NoiseHandshake(
            role: .responder, identity: .makeEd25519(), muxers: [], expecting: nil)
        let second = try responder.receive(try initiator.start())
        let third = try initiator.receive(second.output)
        var sender = try #require(third.channel)
        let early = try sender.seal([1, 2, 3]) + sender.seal([4])
        var receiver = try #require(try responder.receive(third.output + early).channel)
        #expect(try receiver.open([]) == [1, 2, 3, 4])
        #expect(try receiver.open(try sender.seal([5])) == [5])
    }

    @Test func `frames that were changed, repeated, cut or swapped are refused at their place`()
        throws
    {
        let (sender, receiver) = try Self.channels()
        let handshakeByteCount = 2 + 32 + 2 + 64 + 116 + 32
        var first = sender
        let one = try first.seal([1, 2, 3])
        let two = try first.seal([4, 5, 6])
        for index in 2..<one.count {
            var flipped = one
            flipped[index] ^= 4
            var channel = receiver
            #expect(throws: NoiseError.self) { try channel.open(flipped) }
        }
        var channel = receiver
        #expect(throws: NoiseError.self) { try channel.open(two) }
        channel = receiver
        #expect(try channel.open(one) == [1, 2, 3])
        do {
            _ = try channel.open(one)
            Issue.record("a repeated frame was opened")
        } catch NoiseError.decryption(let offset) {
            #expect(offset > handshakeByteCount - 64 && offset < 400)
        }
        channel = receiver
        #expect(throws: NoiseError.self) {
            try channel.open([0, 15] + [UInt8](repeating: 0, count: 15))
        }
        channel = receiver
        #expect(throws: NoiseError.self) { try channel.open([0, 0]) }
    }
}
