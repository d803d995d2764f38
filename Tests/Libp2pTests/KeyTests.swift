// SPDX-License-Identifier: Apache-2.0

import Crypto
import Libp2p
import Multiformats
import Testing

@Suite struct KeyTests {
    @Test(arguments: KeyVector.all)
    func `published keys name their peers`(_ vector: KeyVector) throws {
        let key = try PublicKey(protobuf: [UInt8](hex: vector.publicKeyProtobuf))
        #expect(key.protobuf.hex == vector.publicKeyProtobuf)
        #expect(key.peerID.bytes.hex == vector.peerIdMultihash)
        #expect(key.peerID.description == vector.peerIdBase58)
        #expect(try PeerID(text: vector.peerIdCidBase32) == key.peerID)
        #expect(try PeerID(text: vector.peerIdCidBase36) == key.peerID)
        #expect("\(key.type)".lowercased() == vector.type)
    }

    @Test(arguments: KeyVector.all)
    func `private keys sign, and only what they signed is verified`(_ vector: KeyVector) throws {
        let key = try PrivateKey(protobuf: [UInt8](hex: vector.privateKeyProtobuf))
        #expect(key.protobuf.hex == vector.privateKeyProtobuf)
        #expect(key.publicKey.protobuf.hex == vector.publicKeyProtobuf)
        let message = Array("a stack of stones".utf8)
        let signature = try key.sign(message)
        #expect(key.publicKey.verify(signature, of: message))
        #expect(!key.publicKey.verify(signature, of: message.dropLast()))
        #expect(!key.publicKey.verify(signature.dropLast(), of: message))
        #expect(!key.publicKey.verify([UInt8](), of: message))
        for index in stride(from: 0, to: signature.count, by: 1 + signature.count / 64) {
            var flipped = signature
            flipped[index] ^= 1
            #expect(!key.publicKey.verify(flipped, of: message), "byte \(index)")
        }
        #expect(!"\(key)".contains(vector.privateKeyProtobuf.dropFirst(40)))
    }

    @Test(arguments: KeyVector.all)
    func `a key cut short is refused`(_ vector: KeyVector) {
        let publicKey = [UInt8](hex: vector.publicKeyProtobuf)
        for length in 0..<publicKey.count {
            #expect(throws: KeyError.self) { try PublicKey(protobuf: Array(publicKey[..<length])) }
        }
        let privateKey = [UInt8](hex: vector.privateKeyProtobuf)
        for length in 0..<privateKey.count {
            #expect(throws: KeyError.self) {
                try PrivateKey(protobuf: Array(privateKey[..<length]))
            }
        }
    }

    @Test func `ECDSA keys on the larger curves sign SHA-256, too`() throws {
        for der in [
            P384.Signing.PrivateKey().derRepresentation,
            P521.Signing.PrivateKey().derRepresentation,
        ] {
            var message = ProtobufWriter()
            message.varint(1, KeyType.ecdsa.rawValue)
            message.bytes(2, der)
            let key = try PrivateKey(protobuf: message.bytes)
            let signature = try key.sign([1, 2, 3])
            let publicKey = try PublicKey(protobuf: key.publicKey.protobuf)
            #expect(publicKey.verify(signature, of: [1, 2, 3]))
            #expect(!publicKey.verify(signature, of: [1, 2, 4]))
            if let larger = try? P384.Signing.PublicKey(derRepresentation: publicKey.data) {
                // The curve's own digest would be SHA-384; a key of the other curve is skipped.
                let parsed = try P384.Signing.ECDSASignature(derRepresentation: signature)
                #expect(
                    larger.isValidSignature(parsed, for: SHA256.hash(data: [1, 2, 3] as [UInt8])))
                #expect(!larger.isValidSignature(parsed, for: [1, 2, 3] as [UInt8]))
            }
        }
    }

    @Test func `a new Ed25519 key is saved and loaded`() throws {
        let key = PrivateKey.makeEd25519()
        let loaded = try PrivateKey(protobuf: key.protobuf)
        #expect(loaded.publicKey == key.publicKey)
        #expect(loaded.publicKey != PrivateKey.makeEd25519().publicKey)
        #expect(try key.publicKey.verify(loaded.sign([1, 2, 3]), of: [1, 2, 3]))
    }

    @Test func `the older Ed25519 form is read, and halves must belong together`() throws {
        let seed = [UInt8](0..<32)
        let key = try PrivateKey(ed25519Seed: seed)
        let half = key.publicKey.data
        let old = try PrivateKey(protobuf: [8, 1, 18, 96] + seed + half + half)
        #expect(old.publicKey == key.publicKey)
        #expect(old.protobuf == key.protobuf)
        let other = PrivateKey.makeEd25519().publicKey.data
        #expect(throws: KeyError.mismatchedHalves(.ed25519)) {
            try PrivateKey(protobuf: [8, 1, 18, 64] + seed + other)
        }
        #expect(throws: KeyError.mismatchedHalves(.ed25519)) {
            try PrivateKey(protobuf: [8, 1, 18, 96] + seed + half + other)
        }
    }

    @Test(
        arguments: [
            ("", .message(.missing(field: 1))), ("0801", .message(.missing(field: 2))),
            ("1200", .message(.missing(field: 1))), ("08041200", .unknownType(4)),
            ("08011200", .malformed(.ed25519)), ("08021200", .malformed(.secp256k1)),
            ("08031200", .malformed(.ecdsa)), ("08001200", .malformed(.rsa)),
            ("08011221", .message(.truncated(offset: 3))),
            // No point of secp256k1: x is the field's prime.
            (
                "0802122102fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
                .malformed(.secp256k1)
            ),
        ] as [(String, KeyError)])
    func `what is no key is refused`(_ hex: String, _ error: KeyError) {
        #expect(throws: error) { try PublicKey(protobuf: [UInt8](hex: hex)) }
    }

    @Test(arguments: [(1024, false), (2048, true), (8192, true), (8200, false)])
    func `RSA keys have 2048 to 8192 bits`(_ bitCount: Int, _ isAccepted: Bool) {
        // Any odd number of the size is a modulus to who only verifies.
        let modulus = [0x00, 0xc1] + [UInt8](repeating: 0x5b, count: bitCount / 8 - 1)
        let der = Self.rsaKey(modulus: modulus)
        if isAccepted {
            #expect(throws: Never.self) { try PublicKey(.rsa, data: der) }
        } else {
            #expect(throws: KeyError.self) { try PublicKey(.rsa, data: der) }
        }
    }

    @Test func `an endless RSA key costs nothing`() {
        let der = Self.rsaKey(modulus: [0x00, 0xc1] + [UInt8](repeating: 0x5b, count: 7000))
        #expect(throws: KeyError.malformed(.rsa)) { try PublicKey(.rsa, data: der) }
    }

    @Test func `a secp256k1 signature with the larger s is good, too`() throws {
        let vector = try #require(KeyVector.all.first { $0.type == "secp256k1" })
        let key = try PrivateKey(protobuf: [UInt8](hex: vector.privateKeyProtobuf))
        let der = try key.sign([7])
        // DER: 30 len 02 lenR R 02 lenS S; the other s is the order less this one.
        let sStart = 4 + Int(der[3]) + 2
        let small = [UInt8](repeating: 0, count: 33 - (der.count - sStart)) + der[sStart...]
        let order = [UInt8](
            hex: "00fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
        var large = order
        var borrow = 0
        for index in (0..<33).reversed() {
            let difference = Int(order[index]) - Int(small[index]) - borrow
            borrow = difference < 0 ? 1 : 0
            large[index] = UInt8(truncatingIfNeeded: difference)
        }
        let tail: [UInt8] = [0x02, 33] + large
        let other = [0x30, UInt8(sStart - 4 + tail.count)] + Array(der[2..<sStart - 2]) + tail
        #expect(key.publicKey.verify(other, of: [7]))
        #expect(!key.publicKey.verify(other, of: [8]))
    }

    /// A DER SubjectPublicKeyInfo with this modulus and the exponent 65537.
    static func rsaKey(modulus: [UInt8]) -> [UInt8] {
        func item(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
            let length: [UInt8] =
                content.count < 128
                ? [UInt8(content.count)]
                : [0x82, UInt8(content.count >> 8), UInt8(content.count & 0xff)]
            return [tag] + length + content
        }
        let numbers = item(0x30, item(0x02, modulus) + [0x02, 0x03, 0x01, 0x00, 0x01])
        return item(
            0x30, [UInt8](hex: "300d06092a864886f70d0101010500") + item(0x03, [0] + numbers))
    }
}
