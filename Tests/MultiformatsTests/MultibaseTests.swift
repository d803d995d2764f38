// SPDX-License-Identifier: Apache-2.0

import Multiformats
import TestSupport
import Testing

@Suite struct MultibaseTests {
    struct TextVector: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let text: String
        let isCanonical: Bool
        var testDescription: String { text }

        static let all = Fixture.rows("multibase.txt").map {
            TextVector(
                name: $0[0], bytes: Fixture.bytes(hex: $0[1]), text: $0[2],
                isCanonical: $0[3] == "yes")
        }
    }

    @Test(arguments: TextVector.all)
    func `published texts are read and written`(_ vector: TextVector) throws {
        let encoding = try #require(MultibaseEncoding(name: vector.name))
        let decoded = try Multibase.decode(vector.text)
        #expect(decoded.encoding == encoding)
        #expect(decoded.bytes == vector.bytes)
        #expect(try encoding.decode(String(vector.text.dropFirst())) == vector.bytes)
        let text = Multibase.encode(vector.bytes.span, in: encoding)
        #expect((text == vector.text) == vector.isCanonical)
        #expect(text.lowercased() == vector.text.lowercased() || encoding.name.contains("64"))
    }

    @Test func `the vectors cover every encoding`() {
        #expect(Set(TextVector.all.map(\.name)) == Set(MultibaseEncoding.allCases.map(\.name)))
    }

    @Test(arguments: MultibaseEncoding.allCases)
    func `random bytes come back from their text`(_ encoding: MultibaseEncoding) throws {
        var random = SeededGenerator(seed: 0x5eed_0002)
        for byteCount in Array(0...70) + [255, 256, 1000, 4096] {
            for zeroCount in [0, 1, 2, byteCount] where zeroCount <= byteCount {
                var bytes = random.bytes(byteCount)
                for index in 0..<zeroCount { bytes[index] = 0 }
                let text = Multibase.encode(bytes.span, in: encoding)
                let decoded = try Multibase.decode(text)
                #expect(decoded.bytes == bytes, "\(text)")
                #expect(decoded.encoding == encoding)
            }
        }
    }

    @Test(
        arguments: [
            (.base58btc, [], ""), (.base58btc, [0], "1"), (.base58btc, [0, 0, 0], "111"),
            (.base58btc, [0, 1], "12"), (.base58btc, [57], "z"), (.base58btc, [58], "21"),
            (.base36, [0, 0], "00"), (.base36, [0, 35], "0z"), (.base36, [36], "10"),
        ] as [(MultibaseEncoding, [UInt8], String)])
    func `each leading zero byte is a leading zero digit`(
        _ encoding: MultibaseEncoding, _ bytes: [UInt8], _ text: String
    ) throws {
        let encoded = encoding.encode(bytes.span)
        #expect(encoded == text)
        #expect(try encoding.decode(text) == bytes)
    }

    @Test(
        arguments: [
            ("", .empty), ("Q", .unknownPrefix(0x51)), ("/", .unknownPrefix(0x2f)),
            ("0101", .unknownPrefix(0x30)), ("é", .unknownPrefix(0xc3)), ("\0", .unknownPrefix(0)),
            ("fg0", .invalidDigit(offset: 1)), ("f0", .invalidLength(offset: 1)),
            ("f0é", .invalidDigit(offset: 2)), ("f00 ", .invalidDigit(offset: 3)),
            ("ba", .invalidLength(offset: 1)), ("baaa", .invalidLength(offset: 3)),
            ("baaaaaa", .invalidLength(offset: 6)), ("bab", .strayBits(offset: 2)),
            ("baaaab", .strayBits(offset: 5)), ("baaab", .strayBits(offset: 4)),
            ("ba1", .invalidDigit(offset: 2)), ("baa======", .invalidDigit(offset: 3)),
            ("caa", .invalidPadding(offset: 3)), ("caa=====", .invalidPadding(offset: 3)),
            ("caa=======", .invalidPadding(offset: 3)), ("c========", .invalidPadding(offset: 1)),
            ("ca=======", .invalidLength(offset: 1)), ("caa==a===", .invalidDigit(offset: 3)),
            ("mA", .invalidLength(offset: 1)), ("mAB", .strayBits(offset: 2)),
            ("mAA==", .invalidDigit(offset: 3)), ("mA-", .invalidDigit(offset: 2)),
            ("MAA", .invalidPadding(offset: 3)), ("MAA=", .invalidPadding(offset: 3)),
            ("MAB==", .strayBits(offset: 2)), ("MAAA====", .invalidPadding(offset: 4)),
            ("uA/", .invalidDigit(offset: 2)), ("z0", .invalidDigit(offset: 1)),
            ("z11l", .invalidDigit(offset: 3)), ("k0_", .invalidDigit(offset: 2)),
        ] as [(String, MultibaseError)])
    func `what is not strict multibase is reported at its digit`(
        _ text: String, _ error: MultibaseError
    ) {
        #expect(throws: error) { try Multibase.decode(text) }
    }

    @Test(arguments: MultibaseEncoding.allCases)
    func `text over the limit is refused`(_ encoding: MultibaseEncoding) throws {
        let limit = encoding.maximumTextByteCount
        #expect(throws: MultibaseError.tooLong(byteCount: limit + 1)) {
            try encoding.decode(String(repeating: "0", count: limit + 1))
        }
    }

    @Test func `text of any bytes decodes or throws`() {
        var random = SeededGenerator(seed: 0x5eed_0003)
        for encoding in MultibaseEncoding.allCases {
            for byteCount in 0..<200 {
                let noise = random.bytes(byteCount)
                let text = String(decoding: noise.map { $0 & 0x7f }, as: UTF8.self)
                guard let bytes = try? encoding.decode(text) else { continue }  // refused: fine
                #expect(encoding.encode(bytes.span).lowercased() == text.lowercased())
            }
        }
    }
}
