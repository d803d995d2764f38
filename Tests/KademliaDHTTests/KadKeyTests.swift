// SPDX-License-Identifier: Apache-2.0

import Multiformats
import TestSupport
import Testing

// `Preimage` is for look-ups alone.
@testable import KademliaDHT

struct KadKeyTests {
    @Test(arguments: KademliaFixture.rows("key"))
    func `a point is the hash of the key's bytes`(_ row: KademliaFixture) {
        #expect(KadKey(hashing: row.bytes(0)).bytes == row.bytes(1))
        #expect(KadKey(hashing: row.bytes(0)).description == row.values[1])
        #expect(KadKey(digest: row.bytes(1)) == KadKey(hashing: row.bytes(0)))
    }

    @Test
    func `a peer's point hashes its ID, a block's its multihash, once`() {
        let peer = PeerID.test(1)
        #expect(KadKey(peer) == KadKey(hashing: peer.bytes))
        let block = Multihash.test(1)
        #expect(KadKey(block) == KadKey(hashing: block.bytes))
        #expect(KadKey(block) != KadKey(hashing: Array(block.digest)))
    }

    @Test(arguments: [0, 1, 63, 64, 127, 128, 200, 255])
    func `the common prefix ends at the first bit that differs`(_ bit: Int) throws {
        var other = [UInt8](repeating: 0, count: 32)
        other[bit / 8] = 0x80 >> UInt8(bit % 8)
        let key = try #require(KadKey(digest: other))
        #expect(key.commonPrefixLength(with: .zero) == bit)
        #expect(key.bit(at: bit))
        #expect((0..<256).count { key.bit(at: $0) } == 1)
        #expect(key.commonPrefixLength(with: key) == 256)
    }

    @Test
    func `only 32 bytes are a point`() {
        #expect(KadKey(digest: [UInt8](repeating: 0, count: 31)) == nil)
        #expect(KadKey(digest: [UInt8](repeating: 0, count: 33)) == nil)
    }

    @Test
    func `distance orders as a big-endian number`() throws {
        let low = try #require(KadKey(digest: [UInt8](repeating: 0, count: 31) + [1]))
        let high = try #require(KadKey(digest: [1] + [UInt8](repeating: 0, count: 31)))
        #expect(low < high)
        #expect(low.isNearer(to: .zero, than: high))
        #expect(high.isNearer(to: high, than: low))
        #expect(low ^ high ^ high == low)
    }

    @Test(arguments: KademliaFixture.rows("counter"))
    func `the table of preimages is that of other implementations`(_ row: KademliaFixture) throws {
        let prefix = try #require(UInt16(row.name, radix: 16))
        #expect(PreimageTable.shared.counter(for: prefix) == UInt32(row.values[0]))
    }

    @Test
    func `each preimage is a peer ID whose point begins with the prefix`() {
        let wrong = (UInt16.min...UInt16.max).filter { prefix in
            KadKey(hashing: PreimageTable.shared.key(for: prefix)).prefix16 != prefix
        }
        #expect(wrong.isEmpty)
        #expect(throws: Never.self) { try PeerID(PreimageTable.shared.key(for: 7)) }
    }

    @Test(arguments: 0..<16)
    func `a preimage shares exactly as many bits as asked`(_ length: Int) {
        var generator = SeededGenerator(seed: UInt64(length))
        let own = KadKey(PeerID.test(99))
        let key = PreimageTable.shared.key(sharing: length, with: own, using: &generator)
        #expect(KadKey(hashing: key).commonPrefixLength(with: own) == length)
        let found = Preimage.key(sharing: length, with: own, using: &generator)
        #expect(KadKey(hashing: found).commonPrefixLength(with: own) == length)
        #expect(throws: Never.self) { try PeerID(found) }
        #expect(Preimage.key(sharing: length, with: own, using: &generator) != found)
    }
}
