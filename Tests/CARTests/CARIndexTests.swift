// SPDX-License-Identifier: Apache-2.0

import CAR
import IPLD
import Multiformats
import Testing

@Suite struct CARIndexTests {
    let basic: BasicFixture

    init() throws { basic = try BasicFixture() }

    @Test(arguments: [0, 1])
    func `an index leads to the section of every block`(_ position: Int) throws {
        let encoded = basic.version2[position].index
        let index = try CARIndex(decoding: encoded.span)
        #expect(index.count == basic.sections.count)
        for section in basic.sections {
            let multihash = section.block.cid.multihash
            #expect(index.offset(of: multihash) == UInt64(section.offset))
        }
        let other = [UInt8](repeating: 1, count: 32)
        #expect(index.offset(of: Multihash(code: .sha2_256, digest: other)) == nil)
        #expect(index.offset(of: Multihash(code: .sha2_256, digest: [1])) == nil)
    }

    @Test func `an index of many hash functions is written in the order of go-car`() throws {
        var builder = CARIndexBuilder(form: .multihashIndexSorted)
        let long = [UInt8](repeating: 2, count: 64)
        let short = [UInt8](repeating: 1, count: 20)
        builder.add(CID(v1: .raw, Multihash(code: .blake3, digest: short)), offset: 5)
        builder.add(CID(v1: .raw, Multihash(code: .sha2_512, digest: long)), offset: 6)
        builder.add(CID(v1: .raw, Multihash(code: .sha2_512, digest: short)), offset: 7)
        let encoded = builder.encode()
        let expected =
            "8108" + "02000000"
            + "1300000000000000" + "02000000"
            + "1c000000" + "1c00000000000000" + hex(short) + "0700000000000000"
            + "48000000" + "4800000000000000" + hex(long) + "0600000000000000"
            + "1e00000000000000" + "01000000"
            + "1c000000" + "1c00000000000000" + hex(short) + "0500000000000000"
        #expect(hex(encoded) == expected)
        let index = try CARIndex(decoding: encoded.span)
        #expect(index.offset(of: Multihash(code: .blake3, digest: short)) == 5)
        #expect(index.offset(of: Multihash(code: .sha2_512, digest: short)) == 7)
        #expect(index.offset(of: Multihash(code: .sha2_256, digest: short)) == nil)
    }

    @Test(arguments: [false, true])
    func `identity CIDs are entered only if all are`(_ isFullyIndexed: Bool) throws {
        let cid = CID(v1: .raw, Multihash(code: .identity, digest: [1, 2]))
        var encoder = CARv2Encoder(isFullyIndexed: isFullyIndexed)
        let start = encoder.start(roots: [cid])
        _ = encoder.section(cid, blockByteCount: 2)
        let ending = encoder.finish()
        let index = try CARIndex(decoding: ending.index.span)
        let offset = isFullyIndexed ? UInt64(start.count - 51) : nil
        #expect(index.offset(of: cid.multihash) == offset)
        #expect(try CARv2Header(decoding: ending.header.span).isFullyIndexed == isFullyIndexed)
    }

    @Test func `equal digests are entered each time`() throws {
        let cid = CID(v1: .raw, Multihash(code: .sha1, digest: [UInt8](repeating: 9, count: 20)))
        var builder = CARIndexBuilder(form: .indexSorted)
        for offset in [UInt64(30), 10, 20] { builder.add(cid, offset: offset) }
        let encoded = builder.encode()
        let index = try CARIndex(decoding: encoded.span)
        #expect(index.count == 3)
        let offset = try #require(index.offset(of: cid.multihash))
        #expect([10, 20, 30].contains(offset))
    }

    @Test(arguments: CARIndex.Form.allCases)
    func `an index of nothing is read back`(_ form: CARIndex.Form) throws {
        let encoded = CARIndexBuilder(form: form).encode()
        #expect(encoded.count == 6)
        #expect(try CARIndex(decoding: encoded.span).count == 0)
    }

    @Test(arguments: [0, 1])
    func `a cut index is refused`(_ position: Int) {
        let index = basic.version2[position].index
        for length in 0..<index.count {
            #expect(throws: CARIndexError.self, "cut at \(length)") {
                try CARIndex(decoding: index.span.extracting(..<length))
            }
        }
    }

    @Test(arguments: [0, 1])
    func `a flipped bit is an error or another index`(_ position: Int) throws {
        let bytes = basic.version2[position].index
        let index = try CARIndex(decoding: bytes.span)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            let decoded = try? CARIndex(decoding: flipped.span)  // nil when refused
            #expect(decoded != index, "bit \(bit)")
        }
    }

    @Test(
        arguments: [
            ("", CARIndexError.varint(.truncated(offset: 0))),
            ("8208", .unknownForm(Multicodec(rawValue: 0x402))),
            ("800801", .truncated(offset: 2)),
            ("8008ffffffff", .groupCount(offset: 2, -1)),
            ("8008ffffff7f", .groupCount(offset: 2, .max)),
            ("8108ffffff7f", .groupCount(offset: 2, .max)),
            ("80080100000007000000" + "0000000000000000", .width(offset: 6, 7)),
            ("800801000000ffffffff" + "0000000000000000", .width(offset: 6, .max)),
            ("80080100000028000000" + "ffffffffffffffff", .groupByteCount(offset: 10, .max)),
            (
                "80080100000009000000" + "0800000000000000" + "0000000000000000",
                .groupByteCount(offset: 10, 8)
            ),
            ("80080000000000", .trailingBytes(offset: 6)),
            (
                "80080100000009000000" + "1200000000000000" + "020000000000000000"
                    + "010000000000000000", .order(offset: 27)
            ),
        ] as [(String, CARIndexError)])
    func `a hostile index is refused at its place`(_ sample: (String, CARIndexError)) {
        #expect(throws: sample.1) { try CARIndex(decoding: bytes(hex: sample.0).span) }
    }
}
