// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import Testing

/// A sha2-256 multihash of zeros with one byte set, and so a version 0 CID.
private let cidHex = "1220" + String(repeating: "00", count: 31) + "2a"
private let cidV0 = try? CID(bytes(hex: cidHex))

/// Hex of a block, `CID` for the one above, and what is wrong with it.
struct Malformed: Sendable {
    let bytes: [UInt8]
    let error: DAGPBError

    init(_ digits: String, _ error: DAGPBError) {
        let parts = digits.split(separator: " ").map { $0 == "CID" ? cidHex : String($0) }
        self.bytes = IPLDTests.bytes(hex: parts.joined())
        self.error = error
    }
}

private let malformed: [Malformed] = [
    Malformed("0801", .wireType(offset: 0, 0)),
    Malformed("1a00", .unknownField(offset: 0, number: 3)),
    Malformed("0a0100 0a0100", .repeatedField(offset: 3, number: 1)),
    Malformed("0a05000102", .truncated(offset: 0)),
    Malformed("0aff", .varint(offset: 1)),
    Malformed("ffffffffffffffffff7f", .varint(offset: 0)),
    Malformed("0a80808080808080808000 08", .wireType(offset: 11, 0)),
    Malformed("1200", .missingHash(offset: 0)),
    Malformed("12000a0100", .missingHash(offset: 0)),
    Malformed("12021200", .missingHash(offset: 0)),
    Malformed("12021800", .missingHash(offset: 0)),
    Malformed("12020a00", .hash(.varint(.truncated(offset: 4)))),
    Malformed("12250a23 CID 00", .hashByteCount(offset: 4)),
    Malformed("12260a22 CID 2000", .unknownField(offset: 38, number: 4)),
    Malformed("12260a22 CID 0a00", .repeatedField(offset: 38, number: 1)),
    Malformed("12280a22 CID 12001200", .repeatedField(offset: 40, number: 2)),
    Malformed("12280a22 CID 18001200", .fieldOrder(offset: 40, number: 2)),
    Malformed("12260a22 CID 1a00", .wireType(offset: 38, 2)),
    Malformed("122f0a22 CID 1880808080808080808001", .tsizeTooLarge(offset: 38)),
    Malformed("12240a22 CID 0a0100 12240a22 CID", .splitLinks(offset: 41)),
    Malformed("12270a22 CID 120261", .truncated(offset: 38)),
]

@Suite struct PBNodeTests {
    private let cid: CID

    init() throws { cid = try #require(cidV0) }

    @Test func `an empty node is zero bytes`() throws {
        #expect(PBNode().encode().isEmpty)
        #expect(try PBNode(decoding: [UInt8]().span) == PBNode())
    }

    @Test func `links are written before data and fields in order`() {
        let node = PBNode(links: [PBLink(hash: cid, name: [0x61], tsize: 300)], data: [8, 1])
        #expect(hex(node.encode()) == "122a" + "0a22" + cidHex + "120161" + "18ac02" + "0a020801")
    }

    @Test(arguments: [
        (name: [UInt8]?.none, tsize: UInt64?.none, hex: ""),
        (name: [], tsize: nil, hex: "1200"),
        (name: nil, tsize: 0, hex: "1800"),
        (name: [], tsize: 0, hex: "12001800"),
        (name: [], tsize: 1 << 63 - 1, hex: "120018ffffffffffffffff7f"),
    ])
    func `absent and empty link fields are told apart`(
        _ sample: (name: [UInt8]?, tsize: UInt64?, hex: String)
    ) throws {
        let node = PBNode(links: [PBLink(hash: cid, name: sample.name, tsize: sample.tsize)])
        let encoded = node.encode()
        #expect(hex(encoded).hasSuffix(cidHex + sample.hex))
        #expect(encoded.count == node.encodedByteCount)
        #expect(try PBNode(decoding: encoded.span) == node)
    }

    @Test func `empty data and no data are different blocks`() throws {
        #expect(PBNode(data: []).encode() == [0x0a, 0])
        #expect(try PBNode(decoding: [0x0a, 0].span).data == [])
    }

    @Test func `data in front of links is read and written behind them`() throws {
        let link = "12240a22" + cidHex
        let node = try PBNode(decoding: bytes(hex: "0a0101" + link).span)
        #expect(node == PBNode(links: [PBLink(hash: cid, name: nil)], data: [1]))
        #expect(hex(node.encode()) == link + "0a0101")
    }

    @Test func `sorting is by name bytes and keeps equal names in order`() {
        func link(_ name: [UInt8]?, _ tsize: UInt64) -> PBLink {
            PBLink(hash: cid, name: name, tsize: tsize)
        }
        var node = PBNode(links: [
            link([0xc3], 0), link([0x62], 1), link([], 2), link([0x61, 0x61], 3), link(nil, 4),
            link([0x61], 5), link([0x62], 6),
        ])
        #expect(!node.hasSortedLinks)
        node.sortLinks()
        #expect(node.links.map(\.tsize) == [2, 4, 5, 3, 1, 6, 0])
        #expect(node.hasSortedLinks)
    }

    @Test func `a node of many links keeps its byte count`() throws {
        let links = (0..<2000).map { number in
            PBLink(hash: cid, name: Array("file\(number)".utf8), tsize: UInt64(number * number))
        }
        let node = PBNode(links: links, data: [8, 1])
        let encoded = node.encode()
        #expect(encoded.count == node.encodedByteCount)
        #expect(try PBNode(decoding: encoded.span) == node)
    }

    @Test(arguments: malformed)
    func `a malformed block is refused at its place`(_ sample: Malformed) {
        #expect(throws: sample.error) { try PBNode(decoding: sample.bytes.span) }
    }

    @Test func `every truncation is an error or a shorter node`() {
        let node = PBNode(links: [PBLink(hash: cid, tsize: 300)], data: [8, 1])
        let encoded = node.encode()
        for length in 0..<encoded.count {
            let cut = encoded.span.extracting(..<length)
            let decoded = try? PBNode(decoding: cut)  // nil when refused
            #expect(decoded != node, "cut at \(length)")
        }
    }

    @Test func `every flipped bit is an error or another node`() {
        let node = PBNode(links: [PBLink(hash: cid, name: [0x61], tsize: 300)], data: [8, 1])
        let encoded = node.encode()
        for bit in 0..<encoded.count * 8 {
            var flipped = encoded
            flipped[bit / 8] ^= 1 << (bit % 8)
            let decoded = try? PBNode(decoding: flipped.span)  // nil when refused
            #expect(decoded != node, "bit \(bit)")
        }
    }
}
