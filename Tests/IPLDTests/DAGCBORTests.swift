// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import Testing

/// Hex of an item and why it is refused.
struct MalformedCBOR: Sendable {
    let hex: String
    let error: DAGCBORError

    init(_ hex: String, _ error: DAGCBORError) {
        self.hex = hex
        self.error = error
    }

    static let all: [MalformedCBOR] = [
        MalformedCBOR("", .truncated(offset: 0)),
        MalformedCBOR("18", .truncated(offset: 0)),
        MalformedCBOR("1817", .notShortest(offset: 0)),
        MalformedCBOR("1900ff", .notShortest(offset: 0)),
        MalformedCBOR("1a0000ffff", .notShortest(offset: 0)),
        MalformedCBOR("1b00000000ffffffff", .notShortest(offset: 0)),
        MalformedCBOR("3817", .notShortest(offset: 0)),
        MalformedCBOR("590001" + "00", .notShortest(offset: 0)),
        MalformedCBOR("1c", .lengthForm(offset: 0)),
        MalformedCBOR("5fff", .lengthForm(offset: 0)),
        MalformedCBOR("7f6161ff", .lengthForm(offset: 0)),
        MalformedCBOR("9fff", .lengthForm(offset: 0)),
        MalformedCBOR("bfff", .lengthForm(offset: 0)),
        MalformedCBOR("ff", .lengthForm(offset: 0)),
        MalformedCBOR("0000", .trailingBytes(offset: 1)),
        MalformedCBOR("4201", .truncated(offset: 1)),
        MalformedCBOR("5bffffffffffffffff", .truncated(offset: 9)),
        MalformedCBOR("7bffffffffffffffff", .truncated(offset: 9)),
        MalformedCBOR("9bffffffffffffffff", .truncated(offset: 0)),
        MalformedCBOR("bbffffffffffffffff", .truncated(offset: 0)),
        MalformedCBOR("9a7fffffff00", .truncated(offset: 0)),
        MalformedCBOR("8100f6", .trailingBytes(offset: 2)),
        MalformedCBOR("81", .truncated(offset: 0)),
        MalformedCBOR("61ff", .invalidUTF8(offset: 1)),
        MalformedCBOR("62c328", .invalidUTF8(offset: 1)),
        MalformedCBOR("63eda080", .invalidUTF8(offset: 1)),
        MalformedCBOR("f7", .simpleValue(offset: 0)),
        MalformedCBOR("e0", .simpleValue(offset: 0)),
        MalformedCBOR("f814", .simpleValue(offset: 0)),
        MalformedCBOR("f93c00", .floatWidth(offset: 0)),
        MalformedCBOR("fa3f800000", .floatWidth(offset: 0)),
        MalformedCBOR("fb7ff0000000000000", .floatNotFinite(offset: 0)),
        MalformedCBOR("fb7ff8000000000000", .floatNotFinite(offset: 0)),
        MalformedCBOR("a10100", .keyKind(offset: 1)),
        MalformedCBOR("a1416100", .keyKind(offset: 1)),
        MalformedCBOR("a2616200616100", .keyOrder(offset: 4)),
        MalformedCBOR("a262616100616200", .keyOrder(offset: 5)),
        MalformedCBOR("a3636261720363666f6f0163666f6f02", .repeatedKey(offset: 11)),
        MalformedCBOR("c100", .tag(offset: 0, 1)),
        MalformedCBOR("d82b4100", .tag(offset: 0, 43)),
        MalformedCBOR("d82a00", .linkForm(offset: 0)),
        MalformedCBOR("d82a40", .linkForm(offset: 0)),
        MalformedCBOR("d82a450155000000", .linkForm(offset: 0)),
        MalformedCBOR("d82a4100", .link(offset: 0, .varint(.truncated(offset: 0)))),
        MalformedCBOR("d82a460001550000ff", .link(offset: 0, .trailingBytes(offset: 4))),
    ]
}

@Suite struct DAGCBORTests {
    @Test(arguments: MalformedCBOR.all)
    func `a malformed item is refused at its place`(_ sample: MalformedCBOR) {
        let bytes = bytes(hex: sample.hex)
        #expect(throws: sample.error) { try DAGCBOR.decode(bytes.span) }
    }

    @Test(
        arguments: [
            (Int128(-1) << 64, "3bffffffffffffffff"), (-(1 << 63) - 1, "3b8000000000000000"),
            (-24, "37"), (-25, "3818"), (23, "17"), (24, "1818"), (1 << 32 - 1, "1affffffff"),
            (1 << 32, "1b0000000100000000"), (1 << 64 - 1, "1bffffffffffffffff"),
        ] as [(Int128, String)])
    func `integers at the borders are written in the shortest form`(
        _ sample: (value: Int128, hex: String)
    ) throws {
        let encoded = try DAGCBOR.encode(.integer(sample.value))
        #expect(hex(encoded) == sample.hex)
        #expect(try DAGCBOR.decode(encoded.span) == .integer(sample.value))
    }

    @Test(arguments: [Int128(1) << 64, -(1 << 64) - 1, .max, .min])
    func `integers over 64 bits are not written`(_ value: Int128) {
        #expect(throws: DAGCBORError.integerRange(value)) { try DAGCBOR.encode(.integer(value)) }
        #expect(throws: DAGJSONError.integerRange(value)) { try DAGJSON.encode(.integer(value)) }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `floats that are no numbers are not written`(_ value: Double) {
        #expect(throws: DAGCBORError.unwritableFloat) { try DAGCBOR.encode(.float(value)) }
        #expect(throws: DAGJSONError.unwritableFloat) { try DAGJSON.encode(.float(value)) }
    }

    @Test func `keys are sorted by length and then by bytes`() throws {
        let keys: [(String, Int128)] = [("é", 1), ("z", 2), ("aa", 3), ("", 4), ("b", 5)]
        let entries = keys.map { IPLDMap.Entry(key: $0, value: .integer($1)) }
        let value = IPLDValue.map(try #require(IPLDMap(unique: entries)))
        let expected = "a5" + "6004" + "616205" + "617a02" + "62616103" + "62c3a901"
        #expect(hex(try DAGCBOR.encode(value)) == expected)
    }

    @Test func `a map gives, takes and drops values by key`() {
        var map: IPLDMap = ["b": .bool(true), "a": .bool(false)]
        map["c"] = .list([])
        map["a"] = nil
        map["b"] = .null
        #expect(map == ["b": .null, "c": .list([])])
        #expect(map["a"] == nil)
        #expect(IPLDValue.map(map)["c"] == .list([]))
        #expect(IPLDValue.null["c"] == nil)
        let entry = IPLDMap.Entry(key: "a", value: .null)
        #expect(IPLDMap(unique: [entry, entry]) == nil)
    }

    @Test func `keys that only look alike are two keys`() throws {
        let value = IPLDValue.map(["\u{e9}": .null, "e\u{301}": .null])
        let encoded = try DAGCBOR.encode(value)
        #expect(try DAGCBOR.decode(encoded.span) == value)
        #expect(IPLDValue.string("\u{e9}") != .string("e\u{301}"))
        #expect(IPLDValue.float(0) != .float(-0.0))
    }

    @Test(arguments: ["81", "a16161"])
    func `nesting is read to the limit and no deeper`(_ opening: String) throws {
        let level = bytes(hex: opening)
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeatElement(level, count: depth).joined()) + [0]
        }
        let deepest = nested(DAGCBOR.defaultMaximumDepth)
        #expect(try DAGCBOR.encode(DAGCBOR.decode(deepest.span)) == deepest)
        for depth in [DAGCBOR.defaultMaximumDepth + 1, 100_000] {
            let bomb = nested(depth)
            let offset = DAGCBOR.defaultMaximumDepth * level.count
            #expect(throws: DAGCBORError.tooDeep(offset: offset)) {
                try DAGCBOR.decode(bomb.span)
            }
        }
    }
}
