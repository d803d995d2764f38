// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import Testing

/// A row of `peer-record.json`.
struct RecordVector: Decodable, Sendable {
    let identitySeed: String
    let peerId: String
    let seq: String
    let addrs: [String]
    let peerRecord: String
    let envelope: String

    static let all: [RecordVector] = Vectors.load("peer-record")
}

@Suite struct EnvelopeTests {
    @Test(arguments: RecordVector.all)
    func `a peer record is sealed as others seal it`(_ vector: RecordVector) throws {
        let key = try PrivateKey(ed25519Seed: [UInt8](hex: vector.identitySeed))
        let record = PeerRecord(
            peerID: key.publicKey.peerID, sequence: try #require(UInt64(vector.seq)),
            addresses: try vector.addrs.map { try Multiaddr(text: $0) })
        #expect(record.peerID.description == vector.peerId)
        #expect(record.protobuf.hex == vector.peerRecord)
        #expect(try record.seal(by: key).bytes.hex == vector.envelope)
        let opened = try PeerRecord.open([UInt8](hex: vector.envelope))
        #expect(opened.record == record)
        #expect(opened.envelope.bytes.hex == vector.envelope)
    }

    @Test(arguments: RecordVector.all)
    func `an envelope that was changed anywhere is refused`(_ vector: RecordVector) {
        let envelope = [UInt8](hex: vector.envelope)
        for index in envelope.indices {
            var flipped = envelope
            flipped[index] ^= 0x10
            #expect(throws: EnvelopeError.self, "byte \(index)") { try PeerRecord.open(flipped) }
            #expect(throws: EnvelopeError.self, "cut at \(index)") {
                try PeerRecord.open(Array(envelope[..<index]))
            }
        }
    }

    @Test func `a record of another peer, or for another purpose, is refused`() throws {
        let key = PrivateKey.makeEd25519()
        let other = PrivateKey.makeEd25519()
        let record = PeerRecord(peerID: other.publicKey.peerID, sequence: 1, addresses: [])
        #expect(throws: EnvelopeError.otherPeer) { try record.seal(by: key) }
        let stolen = try SignedEnvelope.seal(
            record.protobuf, type: PeerRecord.payloadType, domain: PeerRecord.domain, by: key)
        #expect(throws: EnvelopeError.otherPeer) { try PeerRecord.open(stolen.bytes) }
        let elsewhere = try SignedEnvelope.seal(
            record.protobuf, type: PeerRecord.payloadType, domain: "libp2p-routing-state",
            by: other)
        #expect(throws: EnvelopeError.signature) { try PeerRecord.open(elsewhere.bytes) }
        let otherType = try SignedEnvelope.seal(
            record.protobuf, type: [3, 2], domain: PeerRecord.domain, by: other)
        #expect(throws: EnvelopeError.payloadType) { try PeerRecord.open(otherType.bytes) }
        let noRecord = try SignedEnvelope.seal(
            [0xff], type: PeerRecord.payloadType, domain: PeerRecord.domain, by: other)
        #expect(throws: EnvelopeError.payload(.truncated(offset: 0))) {
            try PeerRecord.open(noRecord.bytes)
        }
    }

    @Test func `addresses that nobody knows are left out, and no more than 500 kept`() throws {
        let peer = PrivateKey.makeEd25519().publicKey.peerID
        var writer = ProtobufWriter()
        writer.bytes(1, peer.bytes)
        writer.message(3) { $0.bytes(1, [0x80, 0x04]) }
        writer.message(3) { $0.string(2, "no address at all") }
        for port in 1...600 {
            let address = Multiaddr(components: [.ip4([1, 2, 3, 4]), .tcp(UInt16(port))])
            writer.message(3) { $0.bytes(1, address.bytes) }
        }
        let record = try PeerRecord(protobuf: writer.bytes)
        #expect(record.addresses.count == 500)
        #expect(record.sequence == 0)
        #expect(record.addresses.first?.description == "/ip4/1.2.3.4/tcp/1")
    }

    @Test func `an envelope over 8 KiB is not opened`() throws {
        let key = PrivateKey.makeEd25519()
        let envelope = try SignedEnvelope.seal(
            [UInt8](repeating: 0, count: 8192), type: [3, 1], domain: "x", by: key)
        #expect(throws: EnvelopeError.message(.tooLong(offset: 0, byteCount: envelope.bytes.count)))
        {
            try SignedEnvelope.open(envelope.bytes, domain: "x")
        }
    }
}
