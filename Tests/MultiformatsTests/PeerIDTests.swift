// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@Suite struct PeerIDTests {
    static let base58 = "12D3KooWLU2znyJMtDiHArqAGbZn8CgUGp92kxDBtefftEEaHSZS"

    @Test(arguments: [
        base58, "bafzaajaiaejcbhr3im6l2mocxctoxpoktgf5b5gccqojzgxviixjoycrwhtdv4kn",
        "k51qzi5uqu5dk4kbd5bpmklj30q0q8n3091bncahugkx18e84p1od2rk25olsd",
    ])
    func `all texts of a peer ID are one`(_ text: String) throws {
        let peer = try PeerID(text: text)
        #expect(peer.description == Self.base58)
        #expect(try PeerID(peer.bytes) == peer)
        #expect(peer.bytes.count == 38)
        #expect(peer.cid.text(in: .base36).hasPrefix("k51"))
    }

    @Test(
        arguments: [
            ("", .text), ("1", .multihash(.varint(.truncated(offset: 1)))),
            ("12D3KooW0", .text), ("Qm", .multihash(.truncated(offset: 0))),
            ("bafkqaaa", .otherCodec(.raw)), ("/p2p/" + base58, .text),
            (String(repeating: "1", count: 321), .text),
            // 43 inline bytes, and a SHA2-256 cut to 31.
            ("bafzaak" + "2" + String(repeating: "a", count: 3), .text),
        ] as [(String, PeerIDError)])
    func `text that is no peer ID is refused`(_ text: String, _ error: PeerIDError) {
        #expect(throws: error) { try PeerID(text: text) }
    }

    @Test func `only inline keys and whole SHA2-256 digests are peer IDs`() throws {
        for byteCount in 0...64 {
            let inline = Multihash(code: .identity, digest: [UInt8](repeating: 1, count: byteCount))
            let digest = Multihash(code: .sha2_256, digest: [UInt8](repeating: 1, count: byteCount))
            if 1...42 ~= byteCount {
                #expect(try PeerID(inline).multihash == inline)
            } else {
                #expect(throws: PeerIDError.notAPeerID) { try PeerID(inline) }
            }
            if byteCount == 32 {
                #expect(try PeerID(digest).bytes == digest.bytes)
            } else {
                #expect(throws: PeerIDError.notAPeerID) { try PeerID(digest) }
            }
        }
    }
}
