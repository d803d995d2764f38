// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Multiformats
import TestSupport
import Testing

/// Every parser with thousands of inputs that are almost right: none may trap, and what is
/// accepted must come back the same.
@Suite struct FuzzTests {
    let key: PrivateKey
    let record: PeerRecord
    let envelope: [UInt8]

    init() throws {
        key = try PrivateKey(ed25519Seed: [UInt8](0..<32))
        record = PeerRecord(
            peerID: key.publicKey.peerID, sequence: 7,
            addresses: [try Multiaddr(text: "/ip4/8.8.8.8/tcp/4001")])
        envelope = try record.seal(by: key).bytes
    }

    static let addresses = [
        "/ip4/1.2.3.4/tcp/4001/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq",
        "/ip6/2001:db8::1/udp/1/quic-v1/webtransport", "/dns4/example.com/tcp/443/tls/sni/x/ws",
        "/ip6zone/eth0/ip6/fe80::1/tcp/1", "/memory/12345", "/unix/tmp/a.sock", "/dns/x/https",
        "/onion/aaimaq4ygg2iegci:80", "/ip4/1.2.3.4/tcp/1/http/http-path/a%2Fb",
    ]

    @Test func `addresses in bytes`() throws {
        var mutator = Mutator("addresses in bytes")
        let inputs = try Self.addresses.map { try Multiaddr(text: $0).bytes }
        var accepted = 0
        for _ in 0..<Mutator.inputCount {
            let bytes = mutator.mutate(inputs)
            // What is refused is of no interest here.
            guard let address = try? Multiaddr(bytes) else { continue }
            accepted += 1
            #expect(address.bytes == bytes)
            #expect(try Multiaddr(text: address.description) == address, "\(address)")
            #expect(Multiaddr(components: address.components) == address)
            _ = (address.isPublic, address.isPrivate, address.peerID, address.withoutPeerID())
        }
        #expect(accepted > 20)
    }

    @Test func `addresses in text`() throws {
        var mutator = Mutator("addresses in text")
        let inputs = Self.addresses.map { Array($0.utf8) }
        var accepted = 0
        for _ in 0..<Mutator.inputCount {
            let text = String(decoding: mutator.mutate(inputs), as: UTF8.self)
            // As above.
            guard let address = try? Multiaddr(text: text) else { continue }
            accepted += 1
            #expect(try Multiaddr(address.bytes) == address)
            #expect(try Multiaddr(text: address.description) == address, "\(text)")
        }
        #expect(accepted > 20)
    }

    @Test func `peer IDs`() throws {
        var mutator = Mutator("peer IDs")
        let inputs = KeyVector.all.map { [UInt8](hex: $0.peerIdMultihash) }
        let texts = KeyVector.all.flatMap {
            [$0.peerIdBase58, $0.peerIdCidBase32, $0.peerIdCidBase36].map { Array($0.utf8) }
        }
        for _ in 0..<Mutator.inputCount {
            let bytes = mutator.mutate(inputs)
            // As above.
            if let peer = try? PeerID(bytes) { #expect(peer.bytes == bytes) }
            let text = String(decoding: mutator.mutate(texts), as: UTF8.self)
            // As above.
            if let peer = try? PeerID(text: text) {
                #expect(try PeerID(text: peer.description) == peer)
            }
        }
    }

    @Test func `keys`() throws {
        var mutator = Mutator("keys")
        let publicKeys = KeyVector.all.map { [UInt8](hex: $0.publicKeyProtobuf) }
        let privateKeys = KeyVector.all.map { [UInt8](hex: $0.privateKeyProtobuf) }
        for _ in 0..<Mutator.inputCount {
            // As above.
            if let key = try? PublicKey(protobuf: mutator.mutate(publicKeys)) {
                #expect(try PublicKey(protobuf: key.protobuf) == key)
                #expect(!key.verify(mutator.noise(atMost: 80), of: [1]))
            }
            // As above.
            _ = try? PrivateKey(protobuf: mutator.mutate(privateKeys))
        }
    }

    @Test func `envelopes open unchanged only`() {
        var mutator = Mutator("envelopes")
        for _ in 0..<Mutator.inputCount {
            let bytes = mutator.mutate([envelope, envelope, key.publicKey.protobuf])
            // As above. Fields that nobody knows may come along.
            guard let opened = try? PeerRecord.open(bytes) else { continue }
            #expect(opened.record == record)
        }
    }

    @Test func `messages of identify`() throws {
        var mutator = Mutator("identify")
        var message = IdentifyMessage()
        message.publicKey = key.publicKey.protobuf
        message.protocols = ["/a", "/b"]
        message.listenAddresses = record.addresses
        message.observedAddress = record.addresses.first
        message.agentVersion = "cairn"
        message.signedPeerRecord = envelope
        let place = try Multiaddr(text: "/ip4/8.8.4.4/tcp/1")
        for _ in 0..<Mutator.inputCount {
            var read = IdentifyMessage()
            do throws(IdentifyError) {
                for _ in 0..<2 { try read.merge(mutator.mutate(message.messages)) }
                let peer = try read.verified(for: record.peerID, from: place)
                #expect(peer.publicKey == nil || peer.publicKey == key.publicKey)
                #expect(peer.record == nil || peer.record == record)
                #expect(peer.addresses.allSatisfy { !$0.isPrivate })
            } catch {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test func `protobuf of any kind`() throws {
        var mutator = Mutator("protobuf")
        let inputs = [envelope, record.protobuf, [UInt8](hex: "0d010203041101020304050607081a00")]
        for _ in 0..<Mutator.inputCount {
            let bytes = mutator.mutate(inputs)
            var reader = ProtobufReader(bytes)
            var byteCount = 0
            do throws(ProtobufError) {
                while let (_, type) = try reader.next() {
                    if type == .bytes {
                        byteCount += try reader.bytes().count
                    } else {
                        try reader.skip(type)
                    }
                }
                #expect(reader.offset == bytes.count)
            } catch {
                #expect(reader.offset <= bytes.count)
            }
            #expect(byteCount <= bytes.count)
        }
    }

    @Test func `negotiations`() throws {
        var mutator = Mutator("negotiations")
        let header = MultistreamTests.header
        let initiating = MultistreamInitiator(["/noise", "/yamux/1.0.0"]).start()
        let inputs = [
            initiating, [UInt8](hex: header + MultistreamTests.na + MultistreamTests.yamux),
            [UInt8](hex: header + MultistreamTests.ls + MultistreamTests.noise + "0102"),
        ]
        for _ in 0..<Mutator.inputCount {
            let bytes = mutator.mutate(inputs)
            var initiator = MultistreamInitiator(["/noise", "/yamux/1.0.0"])
            var responder = MultistreamResponder(["/noise", "/yamux/1.0.0"])
            do throws(MultistreamError) {
                for piece in mutator.pieces(bytes) {
                    let step = try initiator.receive(piece)
                    #expect(step.output.count <= 15)
                    if step.agreed != nil { break }
                }
            } catch { #expect(!error.description.isEmpty) }
            do throws(MultistreamError) {
                for piece in mutator.pieces(bytes) {
                    let step = try responder.receive(piece)
                    #expect(step.output.count <= 15 + 4 * MultistreamResponder.maximumProposalCount)
                    if step.agreed != nil { break }
                }
            } catch { #expect(!error.description.isEmpty) }
        }
    }

    @Test func `delimited messages`() async {
        var mutator = Mutator("delimited messages")
        let inputs = [[3, 1, 2, 3, 0, 1, 9], [0x80, 0x02] + [UInt8](repeating: 7, count: 256)]
        for _ in 0..<Mutator.inputCount {
            let bytes = mutator.mutate(inputs)
            var reader = MessageReader(ScriptedStream(mutator.pieces(bytes)), maximumByteCount: 200)
            var byteCount = 0
            do {
                while let message = try await reader.next() {
                    #expect(message.count <= 200)
                    byteCount += message.count + 1
                }
            } catch { #expect(error is PeerStreamError) }
            #expect(byteCount <= bytes.count)
        }
    }

    @Test func `files of private networks`() throws {
        var mutator = Mutator("files of private networks")
        let key = try PreSharedKey([UInt8](repeating: 7, count: 32))
        for _ in 0..<Mutator.inputCount {
            let text = String(decoding: mutator.mutate([Array(key.file.utf8)]), as: UTF8.self)
            // As above.
            if let read = try? PreSharedKey(file: text) {
                #expect(try PreSharedKey(file: read.file) == read)
            }
        }
    }
}
