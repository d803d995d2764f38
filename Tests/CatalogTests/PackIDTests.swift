// SPDX-License-Identifier: Apache-2.0

import BlockStore
import Testing

@Suite struct PackIDTests {
    @Test func `an ID is the UUIDv7 of its time and random bits`() {
        // RFC 9562, appendix A.6.
        let id = PackID.make(milliseconds: 0x017f_22e2_79b0, random: (0xcc3, 0x18c4_dc0c_0c07_398f))
        #expect(id.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
        #expect(id.milliseconds == 0x017f_22e2_79b0)
        #expect(PackID(id.description) == id)
        #expect(PackID(id.bytes) == id)
    }

    @Test func `IDs sort by time, then by their random bits`() {
        let ids = [
            PackID.make(milliseconds: 1, random: (0, 9)), .make(milliseconds: 1, random: (1, 0)),
            .make(milliseconds: 2, random: (0, 0)),
        ]
        #expect(ids.reversed().sorted() == ids)
        #expect(ids.map(\.description).sorted() == ids.map(\.description))
    }

    @Test(arguments: [
        "", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f", "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
    ])
    func `text that is no lower-case UUIDv7 is no ID`(_ text: String) {
        #expect(PackID(text) == nil)
    }

    @Test func `bytes of another length are no ID`() {
        let bytes = PackID.make().bytes
        for count in 0..<16 { #expect(PackID(bytes.prefix(count)) == nil) }
        #expect(PackID(bytes + [0]) == nil)
    }

    @Test(arguments: ["", "Hot", "a/b", "..", "h\u{f6}t", String(repeating: "a", count: 65)])
    func `a name that is no plain path component is no tier`(_ name: String) {
        #expect(PackTier(name) == nil)
    }
}
