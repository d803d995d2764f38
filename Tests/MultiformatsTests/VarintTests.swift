// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

@Suite struct VarintTests {
    @Test(
        arguments: [
            (0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (255, "ff01"), (300, "ac02"),
            (16384, "808001"), (2_147_483_647, "ffffffff07"),
            (9_223_372_036_854_775_807, "ffffffffffffffff7f"),
        ] as [(UInt64, String)])
    func `a value has one encoding`(_ value: UInt64, _ hex: String) throws {
        var encoded: [UInt8] = [0xaa]
        Varint.append(value, to: &encoded)
        #expect(Fixture.hex(encoded) == "aa" + hex)
        #expect(Varint.byteCount(of: value) == encoded.count - 1)
        var cursor = 1
        let read = try Varint.read(from: encoded.span, at: &cursor)
        #expect(read == value)
        #expect(cursor == encoded.count)
    }

    @Test(
        arguments: [
            ("", .truncated(offset: 0)), ("80", .truncated(offset: 0)),
            ("ffffffffffffffff", .truncated(offset: 0)), ("8000", .notMinimal(offset: 0)),
            ("8100", .notMinimal(offset: 0)), ("ffffffffffffffff00", .notMinimal(offset: 0)),
            ("ffffffffffffffffff", .tooLong(offset: 0)),
            ("ffffffffffffffffff01", .tooLong(offset: 0)),
            ("8080808080808080808001", .tooLong(offset: 0)),
        ] as [(String, VarintError)])
    func `what is not a varint is reported at its first byte`(_ hex: String, _ error: VarintError) {
        let bytes = Fixture.bytes(hex: hex)
        var cursor = 0
        #expect(throws: error) { try Varint.read(from: bytes.span, at: &cursor) }
        #expect(cursor == 0)
    }

    @Test func `all encodings of up to two bytes are unique`() {
        var encodings: [UInt64: [UInt8]] = [:]
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let bytes = [first, second]
                var cursor = 0
                guard let value = try? Varint.read(from: bytes.span, at: &cursor) else {
                    continue  // the vectors above say what is refused
                }
                let used = Array(bytes[..<cursor])
                #expect(encodings.updateValue(used, forKey: value) ?? used == used)
                #expect(used.count == Varint.byteCount(of: value))
            }
        }
        #expect(encodings.count == 1 << 14)
    }
}
