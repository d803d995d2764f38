// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import Testing

/// Text and why it is refused.
struct MalformedJSON: Sendable {
    let text: String
    let error: DAGJSONError

    init(_ text: String, _ error: DAGJSONError) {
        self.text = text
        self.error = error
    }

    static let all: [MalformedJSON] = [
        MalformedJSON("", .truncated(offset: 0)),
        MalformedJSON("  ", .truncated(offset: 2)),
        MalformedJSON("nul", .truncated(offset: 3)),
        MalformedJSON("nulL", .unexpected(offset: 3, 0x4c)),
        MalformedJSON("null null", .trailingBytes(offset: 5)),
        MalformedJSON("NaN", .unexpected(offset: 0, 0x4e)),
        MalformedJSON("+1", .unexpected(offset: 0, 0x2b)),
        MalformedJSON("-", .number(offset: 0)),
        MalformedJSON("01", .number(offset: 0)),
        MalformedJSON("1.", .number(offset: 0)),
        MalformedJSON("1.e1", .number(offset: 0)),
        MalformedJSON("1e", .number(offset: 0)),
        MalformedJSON("1e+", .number(offset: 0)),
        MalformedJSON(".5", .unexpected(offset: 0, 0x2e)),
        MalformedJSON("1e400", .floatTooLarge(offset: 0)),
        MalformedJSON("18446744073709551616", .integerTooLarge(offset: 0)),
        MalformedJSON("-18446744073709551617", .integerTooLarge(offset: 0)),
        MalformedJSON(String(repeating: "9", count: 100), .integerTooLarge(offset: 0)),
        MalformedJSON("[1,]", .unexpected(offset: 3, 0x5d)),
        MalformedJSON("[1 2]", .unexpected(offset: 3, 0x32)),
        MalformedJSON("[1", .truncated(offset: 2)),
        MalformedJSON("{\"a\":1,}", .unexpected(offset: 7, 0x7d)),
        MalformedJSON("{a:1}", .unexpected(offset: 1, 0x61)),
        MalformedJSON("{\"a\" 1}", .unexpected(offset: 5, 0x31)),
        MalformedJSON("{\"foo\":1,\"foo\":2,\"bar\":3}", .repeatedKey(offset: 9)),
        MalformedJSON("{\"a\":1,\"b\":2,\"\\u0061\":3}", .repeatedKey(offset: 13)),
        MalformedJSON("\"a", .truncated(offset: 0)),
        MalformedJSON("\"a\nb\"", .unexpected(offset: 2, 0x0a)),
        MalformedJSON("\"\\x\"", .escape(offset: 1)),
        MalformedJSON("\"\\u12g4\"", .escape(offset: 1)),
        MalformedJSON("\"\\ud800\"", .escape(offset: 1)),
        MalformedJSON("\"\\ud800\\u0041\"", .escape(offset: 1)),
        MalformedJSON("\"\\udc00\"", .escape(offset: 1)),
        MalformedJSON("{\"/\":\"foo\"}", .link(offset: 0)),
        MalformedJSON("{\"/\":\"\"}", .link(offset: 0)),
        MalformedJSON("{\"/\":\"foo\",\"bar\":\"baz\"}", .reserved(offset: 0)),
        MalformedJSON("{\"/\":{\"bytes\":\"a\"}}", .base64(offset: 0)),
        MalformedJSON("{\"/\":{\"bytes\":\"YQ==\"}}", .base64(offset: 0)),
        MalformedJSON("{\"/\":{\"bytes\":\"YR\"}}", .base64(offset: 0)),
        MalformedJSON("{\"/\":{\"bytes\":\"foo\",\"car\":1}}", .reserved(offset: 0)),
        MalformedJSON("[{\"/\":{\"bytes\":\"foo\"},\"bar\":1}]", .reserved(offset: 1)),
    ]
}

@Suite struct DAGJSONTests {
    @Test(arguments: MalformedJSON.all)
    func `malformed text is refused at its place`(_ sample: MalformedJSON) {
        let bytes = Array(sample.text.utf8)
        #expect(throws: sample.error) { try DAGJSON.decode(bytes.span) }
    }

    @Test func `text that is not UTF-8 is refused`() {
        let bytes: [UInt8] = [0x20, 0x22, 0xff, 0x22]
        #expect(throws: DAGJSONError.invalidUTF8(offset: 1)) { try DAGJSON.decode(bytes.span) }
    }

    @Test(arguments: [
        (" { \"b\" : [ 1 , 2 ] ,\r\n\t\"a\" : {} } ", "{\"a\":{},\"b\":[1,2]}"),
        ("\"\\u0041\\/\\u00e9\\ud801\\udc37\\b\\f\\u0001\"", "\"A/é𐐷\\b\\f\\u0001\""),
        ("-0", "0"),
        ("1e0", "1.0"),
        ("{\"/\":true,\"bar\":1}", "{\"/\":true,\"bar\":1}"),
        ("{\"/\":{\"bytes\":true}}", "{\"/\":{\"bytes\":true}}"),
        ("{\"/\":{\"abar\":1,\"bytes\":\"foo\"}}", "{\"/\":{\"abar\":1,\"bytes\":\"foo\"}}"),
        ("{\"!\":1,\"/\":\"foo\"}", "{\"!\":1,\"/\":\"foo\"}"),
        ("{\"/\":{\"/\":\"bafkqaaa\"}}", "{\"/\":{\"/\":\"bafkqaaa\"}}"),
    ])
    func `lenient text is written in the canonical form`(_ sample: (String, String)) throws {
        let bytes = Array(sample.0.utf8)
        let encoded = try DAGJSON.encode(DAGJSON.decode(bytes.span))
        #expect(String(decoding: encoded, as: UTF8.self) == sample.1)
    }

    @Test(
        arguments: [
            (0.0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-1, "-1.0"), (100, "100.0"), (0.1, "0.1"),
            (123456.789, "123456.789"), (1e15, "1000000000000000.0"), (1e16, "10000000000000000.0"),
            (123456789012345683968, "123456789012345680000.0"), (1e20, "100000000000000000000.0"),
            (1e21, "1.0e+21"), (1.5e300, "1.5e+300"), (0.000001, "0.000001"),
            (0.00000123, "0.00000123"), (1e-7, "1e-7"), (1.5e-10, "1.5e-10"),
            (.leastNonzeroMagnitude, "5e-324"), (1.7976931348623157e308, "1.7976931348623157e+308"),
        ] as [(Double, String)])
    func `floats are written shortest and never as integers`(
        _ sample: (value: Double, text: String)
    ) throws {
        let encoded = try DAGJSON.encode(.float(sample.value))
        #expect(String(decoding: encoded, as: UTF8.self) == sample.text)
        #expect(try DAGJSON.decode(encoded.span) == .float(sample.value))
    }

    @Test(
        arguments: [
            ["/": .string("a")], ["/": .string("a"), "b": .null],
            ["/": .map(["bytes": .string("a")])],
            ["/": .map(["bytes": .string("a"), "c": .null]), "d": .null],
        ] as [IPLDMap])
    func `maps that would read as links or bytes are not written`(_ map: IPLDMap) {
        #expect(throws: DAGJSONError.unwritableMap) { try DAGJSON.encode(.map(map)) }
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}"), ("{\"/\":", "}"), ("[{\"/\":", "}]")])
    func `nesting is read to the limit and no deeper`(_ brackets: (String, String)) throws {
        func nested(_ depth: Int) -> [UInt8] {
            let opening = String(repeating: brackets.0, count: depth)
            return Array((opening + "0" + String(repeating: brackets.1, count: depth)).utf8)
        }
        let levels = brackets.0.count == 6 ? 2 : 1
        let deepest = nested(DAGJSON.defaultMaximumDepth / levels)
        #expect(try DAGJSON.encode(DAGJSON.decode(deepest.span)) == deepest)
        for depth in [DAGJSON.defaultMaximumDepth / levels + 1, 100_000] {
            let bomb = nested(depth)
            let error = #expect(throws: DAGJSONError.self) { try DAGJSON.decode(bomb.span) }
            guard case .tooDeep = error else {
                Issue.record("\(String(describing: error)) at depth \(depth)")
                return
            }
        }
    }

    @Test func `bytes and links may lie at the deepest level`() throws {
        let opening = String(repeating: "[", count: DAGJSON.defaultMaximumDepth)
        let closing = String(repeating: "]", count: DAGJSON.defaultMaximumDepth)
        for inner in ["{\"/\":\"bafkqaaa\"}", "{\"/\":{\"bytes\":\"YQ\"}}"] {
            let text = Array((opening + inner + closing).utf8)
            #expect(try DAGJSON.encode(DAGJSON.decode(text.span)) == text)
        }
    }
}
