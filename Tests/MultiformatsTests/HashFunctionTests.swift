// SPDX-License-Identifier: Apache-2.0

import Multiformats
import TestSupport
import Testing

@Suite struct HashFunctionTests {
    struct DigestVector: Sendable, CustomTestStringConvertible {
        let function: String
        let byteCount: Int
        let digest: String
        var testDescription: String { "\(function) of \(byteCount) bytes" }

        static let all = Fixture.rows("digests.txt").map {
            DigestVector(function: $0[0], byteCount: Int($0[1]) ?? -1, digest: $0[2])
        }
        static let made = all.filter { HashFunction(name: $0.function) != nil }
        static let blake2b = all.filter { $0.function.hasPrefix("blake2b-") }
        static let blake3 = all.filter { $0.function == "blake3" }
    }

    @Test(arguments: DigestVector.made)
    func `published digests are reproduced`(_ vector: DigestVector) throws {
        let function = try #require(HashFunction(name: vector.function))
        let message = Fixture.message(byteCount: vector.byteCount)
        let digest = try function.digest(of: message.span)
        #expect(Fixture.hex(digest) == vector.digest.prefix(2 * digest.count))
        #expect(digest.count == function.digestByteCount)
        let multihash = try function.multihash(of: message.span)
        #expect(multihash == Multihash(code: function.code, digest: digest))
    }

    @Test(arguments: DigestVector.blake2b)
    func `BLAKE2b gives digests of every length`(_ vector: DigestVector) {
        var state = BLAKE2b(digestByteCount: vector.digest.count / 2)
        var digest: [UInt8] = []
        unsafe Fixture.message(byteCount: vector.byteCount).withUnsafeBytes {
            unsafe state.update($0)
        }
        state.finalize(appendingTo: &digest)
        #expect(Fixture.hex(digest) == vector.digest)
    }

    @Test func `BLAKE2b gives the digest of RFC 7693 for abc`() {
        var state = BLAKE2b(digestByteCount: 64)
        var digest: [UInt8] = []
        unsafe Array("abc".utf8).withUnsafeBytes { unsafe state.update($0) }
        state.finalize(appendingTo: &digest)
        #expect(
            Fixture.hex(digest)
                == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")
    }

    @Test(arguments: DigestVector.blake3)
    func `BLAKE3 gives long output`(_ vector: DigestVector) {
        var state = BLAKE3()
        var output: [UInt8] = []
        unsafe Fixture.message(byteCount: vector.byteCount).withUnsafeBytes {
            unsafe state.update($0)
        }
        state.finalize(byteCount: vector.digest.count / 2, appendingTo: &output)
        #expect(Fixture.hex(output) == vector.digest)
    }

    @Test(arguments: HashFunction.allCases.filter { $0 != .identity })
    func `the digest does not depend on how the message is cut`(_ function: HashFunction) throws {
        var random = SeededGenerator(seed: 0x5eed_0001)
        let message = random.bytes(70_000)
        let whole = try function.multihash(of: message.span)
        for pieceLimit in [1, 7, 64, 65, 128, 129, 1023, 1024, 1025, 4097, 17_000, 40_000] {
            let byteCount = pieceLimit == 1 ? 3000 : message.count
            var hasher = MultihashHasher(function)
            var offset = 0
            while offset < byteCount {
                let end = min(byteCount, offset + Int.random(in: 0...pieceLimit, using: &random))
                hasher.update(message.span.extracting(offset..<end))
                offset = end
            }
            let expected =
                byteCount == message.count
                ? whole : try function.multihash(of: message.span.extracting(0..<byteCount))
            #expect(try hasher.finalize() == expected, "pieces of at most \(pieceLimit)")
        }
    }

    @Test func `an identity digest holds at most 128 bytes`() throws {
        let most = Fixture.message(byteCount: 128)
        let longest = try HashFunction.identity.multihash(of: most.span)
        #expect(longest.digest == most[...])
        let empty = try HashFunction.identity.multihash(of: most.span.extracting(0..<0))
        #expect(empty.bytes == [0, 0])
        let over = Fixture.message(byteCount: 129)
        #expect(throws: HashingError.identityTooLong(byteCount: 129)) {
            try HashFunction.identity.multihash(of: over.span)
        }
    }

    @Test(arguments: HashFunction.allCases)
    func `a function is found by its name and by its code`(_ function: HashFunction) {
        #expect(HashFunction(name: function.name) == function)
        #expect(HashFunction(code: function.code) == function)
    }

    @Test func `functions that are not made have no name here`() {
        #expect(HashFunction(name: "sha1") == nil)
        #expect(HashFunction(code: .sha1) == nil)
    }
}
