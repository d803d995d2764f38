// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Catalog

@Suite struct BlockFilterTests {
    @Test(arguments: [(1, 16), (100, 7), (4_608, 7), (3_225, 10), (2_016, 16)])
    func `a filter never denies its blocks and seldom takes others for them`(
        _ count: Int, _ bitsPerBlock: Int
    ) {
        let hashes = (0..<count).map { BlockFilter.hash(multihash($0).span) }
        let body = BlockFilter.make(of: hashes, bitsPerBlock: bitsPerBlock)
        #expect(body.count <= BlockFilter.maximumByteCount)
        #expect(hashes.allSatisfy { BlockFilter.mayContain($0, in: body.span) })
        let others = (count..<count + 20_000).count { number in
            BlockFilter.mayContain(BlockFilter.hash(multihash(number).span), in: body.span)
        }
        // A quarter above what such filters give when they are full: 1 in 22, 75 and 420.
        let limits = [7: 1_140, 10: 335, 16: 60]
        #expect(others < limits[bitsPerBlock, default: 0])
    }

    @Test func `a key's hash is that of the stored format`() {
        // Stored filters hold bits of these: another value would make blocks look absent.
        let key = (0..<34).map { UInt8($0) }
        let hashes = [0, 1, 7, 8, 9, 34].map { BlockFilter.hash(key.span.extracting(0..<$0)) }
        #expect(hashes == Self.stored)
    }

    private static let stored: [UInt64] = [
        0x0000_0000_0000_0000, 0xef8a_c439_034f_a954, 0xbbf3_d9a8_78f8_9c51,
        0x9cc1_09e9_3256_a367, 0xcf72_ac9a_0fa2_31b1, 0x9841_cb74_c4bb_1541,
    ]

    @Test func `keys are ordered as SQLite orders blobs`() {
        let keys: [[UInt8]] = [
            [], [0], [0, 0], [0, 1], [1], [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8, 0],
            [1, 2, 3, 4, 5, 6, 7, 9], [2], [255], [255, 0],
        ]
        var generator = SplitMix64(seed: 7)
        let shuffled = keys.shuffled(using: &generator)
        #expect(KeyOrder.order(of: shuffled).map { shuffled[$0] } == keys)
    }
}
