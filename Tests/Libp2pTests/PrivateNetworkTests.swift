// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

// The bare key stream, beside what libsodium gives.
@testable import Libp2p

@Suite struct PrivateNetworkTests {
    struct Stream: Decodable {
        let key, nonce, streamFromByte32: String
    }

    @Test(arguments: [1, 13, 64, 1000])
    func `the key stream is that of libsodium`(_ pieceByteCount: Int) throws {
        let vector = Vectors.load("xsalsa20", as: Stream.self)
        var cipher = XSalsa20(key: [UInt8](hex: vector.key), nonce: [UInt8](hex: vector.nonce))
        var stream: [UInt8] = []
        for piece in [UInt8](repeating: 0, count: 232).pieces(of: pieceByteCount) {
            var piece = piece
            cipher.apply(to: &piece)
            stream += piece
        }
        #expect(Array(stream[32...]).hex == vector.streamFromByte32)
    }

    @Test func `both sides of a network understand each other, and strangers do not`() throws {
        var random = SeededGenerator(seed: 3)
        let key = try PreSharedKey([UInt8](repeating: 7, count: 32))
        var left = PrivateNetworkChannel(key: key, using: &random)
        var right = PrivateNetworkChannel(key: key, using: &random)
        var stranger = PrivateNetworkChannel(
            key: try PreSharedKey([UInt8](repeating: 8, count: 32)), using: &random)
        #expect(left.start().count == 24 && left.start() != right.start())
        let sent = left.start() + left.seal([1, 2, 3]) + left.seal([4])
        var received: [UInt8] = []
        for byte in sent { received += right.open([byte]) }
        #expect(received == [1, 2, 3, 4])
        #expect(stranger.open(sent) != [1, 2, 3, 4])
        #expect(left.open(right.start() + right.seal([9])) == [9])
    }

    @Test func `key files are read and written`() throws {
        let hex = String(repeating: "0a", count: 32)
        let key = try PreSharedKey(file: "/key/swarm/psk/1.0.0/\n/base16/\n\(hex)\n")
        #expect(key.bytes == [UInt8](repeating: 10, count: 32))
        #expect(try PreSharedKey(file: key.file) == key)
        let base64 = "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo="
        #expect(try PreSharedKey(file: "/key/swarm/psk/1.0.0/\r\n/base64/\r\n\(base64)") == key)
        #expect(!"\(key)".contains("0a0a"))
    }

    @Test(
        arguments: [
            ("", .header), ("/key/swarm/psk/2.0.0/\n/base16/\n00", .header),
            ("/key/swarm/psk/1.0.0/\n", .form), ("/key/swarm/psk/1.0.0/\n/bin/\n00", .encoding),
            ("/key/swarm/psk/1.0.0/\n/base16/\nxx", .form),
            ("/key/swarm/psk/1.0.0/\n/base16/\n0011", .length(byteCount: 2)),
        ] as [(String, PreSharedKeyError)])
    func `what is no key file is refused`(_ text: String, _ error: PreSharedKeyError) {
        #expect(throws: error) { try PreSharedKey(file: text) }
    }
}
