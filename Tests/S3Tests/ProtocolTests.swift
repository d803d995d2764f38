// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import S3

struct ProtocolTests {
    @Test(
        arguments: [
            (0, "19700101T000000Z"), (1_369_353_600, "20130524T000000Z"),
            (951_782_399, "20000228T235959Z"), (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"), (1_798_761_599, "20261231T235959Z"),
            (4_107_542_400, "21000301T000000Z"), (4_107_456_000, "21000228T000000Z"),
        ] as [(Int64, String)])
    func `times are written as they are signed`(_ seconds: Int64, _ text: String) {
        #expect(UTCTime(seconds: seconds).basic == text)
    }

    @Test func `times are read as servers write them`() {
        #expect(UTCTime(httpDate: "Fri, 24 May 2013 00:00:00 GMT")?.seconds == 1_369_353_600)
        #expect(UTCTime(httpDate: "Tue, 29 Feb 2000 00:00:01 GMT")?.seconds == 951_782_401)
        #expect(UTCTime(extended: "2013-05-24T00:00:00.000Z")?.seconds == 1_369_353_600)
        #expect(UTCTime(extended: "2000-02-29T00:00:01Z")?.seconds == 951_782_401)
    }

    @Test(arguments: [
        "", "Fri", "Fri, 24 Mai 2013 00:00:00 GMT", "Fri, 24 May 2013 00:00 GMT",
        "Fri, 99 May 2013 00:00:00 GMT", "2013-05-24T00:00:00", "2013-05T00:00:00Z",
        "2013-13-24T00:00:00Z", "99999999999999999999-01-01T00:00:00Z", "T", "TZ",
    ])
    func `what is no time is none`(_ text: String) {
        #expect(UTCTime(httpDate: text) == nil)
        #expect(UTCTime(extended: text) == nil)
    }

    @Test func `percent-encoding leaves unreserved characters, and comes back`() {
        let text = "a-z_0.9~/ +%ä\u{0}"
        #expect(PercentEncoding.encode(text) == "a-z_0.9~%2F%20%2B%25%C3%A4%00")
        #expect(PercentEncoding.encode("/a b/", keepsSlashes: true) == "/a%20b/")
        #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
        #expect(PercentEncoding.decode("a+b") == "a+b")
        for broken in ["%", "%2", "a%zz", "%%"] { #expect(PercentEncoding.decode(broken) == nil) }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `base64 is that of RFC 4648`(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }

    @Test func `hexadecimal digits come back`() {
        let bytes: [UInt8] = [0, 1, 15, 16, 0xAB, 255]
        #expect(Hexadecimal.encode(bytes) == "00010f10abff")
        #expect(Hexadecimal.decode("00010F10abff") == bytes)
        for broken in ["0", "0g", "0x", "é1"] { #expect(Hexadecimal.decode(broken) == nil) }
    }
}
