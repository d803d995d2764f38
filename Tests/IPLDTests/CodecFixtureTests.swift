// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import TestSupport
import Testing

@Suite struct CodecFixtureTests {
    @Test func `all tables are there`() {
        #expect(FixtureValue.all.count == 104)
        #expect(FixtureRefusal.all.count == 78)
    }

    @Test(arguments: FixtureValue.all)
    func `a published value has the known CID in every codec`(_ fixture: FixtureValue) throws {
        let value = try DAGJSON.decode(fixture.json.span)
        for (codec, text) in fixture.cids {
            let bytes = try IPLDCodec.encode(codec, value)
            #expect(try cid(codec, of: bytes).description == text)
            #expect(try IPLDCodec.decode(codec, bytes.span) == value)
        }
        #expect(try DAGJSON.encode(value) == fixture.json)
    }

    @Test(arguments: FixtureValue.all)
    func `every codec gives the same links`(_ fixture: FixtureValue) throws {
        let value = try DAGJSON.decode(fixture.json.span)
        var expected: [CID] = []
        value.appendLinks(to: &expected)
        for (codec, _) in fixture.cids {
            let bytes = try IPLDCodec.encode(codec, value)
            let block = Block(cid: try cid(codec, of: bytes), bytes: bytes)
            #expect(try IPLDCodec.links(of: block) == expected)
        }
    }

    @Test(arguments: FixtureRefusal.all)
    func `a value of another form is no DAG-PB node`(_ refusal: FixtureRefusal) throws {
        let value = try DAGJSON.decode(refusal.json.span)
        let error = #expect(throws: DAGPBFormError.self) { try PBNode(dataModel: value) }
        #expect(error.map { "\($0)" } == refusal.error)
    }

    @Test(arguments: FixtureValue.all)
    func `a value cut short is refused in every codec`(_ fixture: FixtureValue) throws {
        let value = try DAGJSON.decode(fixture.json.span)
        for (codec, _) in fixture.cids where codec != .dagPB {
            let bytes = try IPLDCodec.encode(codec, value)
            for length in 0..<bytes.count {
                let cut = bytes.span.extracting(..<length)
                let decoded = try? IPLDCodec.decode(codec, cut)  // nil when refused
                // A number in DAG-JSON cut short can be another number.
                #expect(decoded == nil || codec == .dagJSON && decoded != value, "cut at \(length)")
            }
        }
    }

    @Test(arguments: FixtureValue.all)
    func `a flipped bit is an error or another value`(_ fixture: FixtureValue) throws {
        let value = try DAGJSON.decode(fixture.json.span)
        for (codec, _) in fixture.cids where codec != .dagPB {
            var bytes = try IPLDCodec.encode(codec, value)
            guard bytes.count < 300 else { continue }  // the rest adds time but no cases
            for bit in 0..<bytes.count * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8)
                let decoded = try? IPLDCodec.decode(codec, bytes.span)  // nil when refused
                if codec == .dagCBOR { #expect(decoded != value, "bit \(bit)") }
                guard let decoded else {
                    bytes[bit / 8] ^= 1 << (bit % 8)
                    continue
                }
                let encoded = try IPLDCodec.encode(codec, decoded)
                // DAG-JSON reads more than it writes: an E for an e, say.
                #expect(encoded == bytes || codec == .dagJSON, "bit \(bit)")
                #expect(try IPLDCodec.decode(codec, encoded.span) == decoded, "bit \(bit)")
                bytes[bit / 8] ^= 1 << (bit % 8)
            }
        }
    }

    @Test func `random values come back from both codecs`() throws {
        var generator = SeededGenerator(seed: 20_261_122)
        for _ in 0..<2000 {
            let value = generator.value(depth: 4)
            let cbor = try DAGCBOR.encode(value)
            #expect(try DAGCBOR.decode(cbor.span) == value)
            let json = try DAGJSON.encode(value)
            let decoded = try DAGJSON.decode(json.span)
            #expect(decoded == value)
            #expect(try DAGJSON.encode(decoded) == json)
        }
    }

    @Test func `raw blocks have no links and other codecs are refused`() throws {
        let raw = Block(cid: try cid(.raw, of: [1]), bytes: [1])
        #expect(try IPLDCodec.links(of: raw).isEmpty)
        let key = Block(cid: try cid(.libp2pKey, of: [1]), bytes: [1])
        #expect(throws: IPLDCodecError.unsupportedCodec(.libp2pKey)) {
            try IPLDCodec.links(of: key)
        }
        #expect(throws: IPLDCodecError.notBytes) { try IPLDCodec.encode(.raw, .null) }
    }
}
