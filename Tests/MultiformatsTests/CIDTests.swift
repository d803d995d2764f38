// SPDX-License-Identifier: Apache-2.0

import Multiformats
import Testing

/// One row of the CID table.
struct CIDVector: Sendable, CustomTestStringConvertible {
    let text: String
    let bytes: [UInt8]
    let version: CID.Version
    let codec: String
    let function: String
    let v1Base58: String
    var testDescription: String { text }

    static let all = Fixture.rows("cids.txt").map {
        CIDVector(
            text: $0[0], bytes: Fixture.bytes(hex: $0[1]), version: $0[2] == "0" ? .v0 : .v1,
            codec: $0[3], function: $0[4], v1Base58: $0[5])
    }
}

@Suite struct CIDTests {
    @Test(arguments: CIDVector.all)
    func `binary CIDs are read`(_ vector: CIDVector) throws {
        let cid = try CID(vector.bytes)
        #expect(cid.bytes == vector.bytes)
        #expect(cid.version == vector.version)
        #expect(cid.codec.name == vector.codec)
        #expect(cid.multihash.code.name == vector.function)
        #expect(cid.multihash.bytes == Array(cid.multihashBytes))
        #expect(try Multihash(Array(cid.multihashBytes)) == cid.multihash)
        let rebuilt =
            cid.version == .v0
            ? CID(v0: cid.multihash) : CID(v1: cid.codec, cid.multihash)
        #expect(rebuilt == cid)
    }

    @Test(arguments: CIDVector.all)
    func `a CID inside a buffer is read and the cursor moves past it`(
        _ vector: CIDVector
    ) throws {
        let bytes = [0xff] + vector.bytes + [0xff, 0xff]
        var cursor = 1
        let cid = try CID.read(from: bytes.span, at: &cursor)
        #expect(cid.bytes == vector.bytes)
        #expect(cursor == 1 + vector.bytes.count)
        #expect(throws: CIDError.trailingBytes(offset: vector.bytes.count)) {
            try CID(vector.bytes + [0])
        }
    }

    @Test(arguments: CIDVector.all)
    func `a CID cut short is reported at the part that is cut`(_ vector: CIDVector) throws {
        let hash = try CID(vector.bytes).multihash
        let multihashOffset = vector.bytes.count - hash.bytes.count
        let codeByteCount = Varint.byteCount(of: hash.code.rawValue)
        let digestOffset = vector.bytes.count - hash.digest.count
        for length in 0..<vector.bytes.count {
            let expected: CIDError =
                switch (vector.version, length) {
                case (_, 0): .varint(.truncated(offset: 0))
                // One byte of a version 0 CID looks like a version.
                case (.v0, 1): .unknownVersion(offset: 0, 0x12)
                case (.v0, _): .truncated(offset: 0)
                case (.v1, ..<multihashOffset): .varint(.truncated(offset: 1))
                case (.v1, ..<(multihashOffset + codeByteCount)):
                    .multihash(.varint(.truncated(offset: multihashOffset)))
                case (.v1, ..<digestOffset):
                    .multihash(.varint(.truncated(offset: multihashOffset + codeByteCount)))
                case (.v1, _): .multihash(.truncated(offset: multihashOffset))
                }
            #expect(throws: expected, "cut at \(length)") {
                try CID(Array(vector.bytes[..<length]))
            }
        }
    }

    @Test(arguments: CIDVector.all)
    func `a flipped bit gives another CID or an error`(_ vector: CIDVector) throws {
        let cid = try CID(vector.bytes)
        let prefixByteCount = vector.bytes.count - cid.multihash.digest.count
        for bit in 0..<vector.bytes.count * 8 {
            var flipped = vector.bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            guard let other = try? CID(flipped) else {  // the error is the expected end
                #expect(bit / 8 < prefixByteCount, "bit \(bit)")
                continue
            }
            #expect(other.bytes == flipped)
            #expect(other != cid)
            #expect(try CID(text: other.description) == other)
        }
    }

    @Test(
        arguments: [
            ([0x00, 0x55, 0x00, 0x00], .unknownVersion(offset: 0, 0)),
            ([0x02, 0x55, 0x00, 0x00], .unknownVersion(offset: 0, 2)),
            ([0x03, 0x55, 0x00, 0x00], .unknownVersion(offset: 0, 3)),
            ([0x81, 0x00, 0x55, 0x00, 0x00], .varint(.notMinimal(offset: 0))),
            ([0x01, 0xd5, 0x00, 0x00, 0x00], .varint(.notMinimal(offset: 1))),
            ([0x01, 0x55, 0x00, 0x80, 0x00], .multihash(.varint(.notMinimal(offset: 3)))),
            (
                [0x01, 0x55, 0x00, 0x81, 0x01],
                .multihash(.digestTooLong(offset: 2, byteCount: 129))
            ),
        ] as [([UInt8], CIDError)])
    func `bytes that are no CID are refused`(_ bytes: [UInt8], _ error: CIDError) {
        #expect(throws: error) { try CID(bytes) }
    }

    @Test func `version 0 needs a whole sha2-256 digest`() {
        let digest = [UInt8](repeating: 1, count: 32)
        #expect(CID(v0: Multihash(code: .sha2_256, digest: digest)) != nil)
        #expect(CID(v0: Multihash(code: .sha2_256, digest: digest.dropLast())) == nil)
        #expect(CID(v0: Multihash(code: .blake3, digest: digest)) == nil)
    }

    @Test func `CIDs are equal, hashed and ordered by their bytes`() throws {
        let cids = try CIDVector.all.map { try CID($0.bytes) }
        #expect(Set(cids).count == CIDVector.all.count)
        let sorted = cids.sorted().map(\.bytes)
        #expect(sorted == CIDVector.all.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
        for (cid, vector) in zip(cids, CIDVector.all) {
            let again = try CID(text: vector.text)
            #expect(again == cid)
            #expect(again.hashValue == cid.hashValue)
        }
    }

    @Test(arguments: ["00701220", "01551220", "01711220", "0170a0e40220"])
    func `a prefix is read and written`(_ hex: String) throws {
        let prefix = try CID.Prefix(Fixture.bytes(hex: hex))
        #expect(Fixture.hex(prefix.bytes) == hex)
        #expect(prefix.digestByteCount == 32)
        #expect(prefix.version == (hex.hasPrefix("00") ? .v0 : .v1))
    }

    @Test(arguments: CIDVector.all)
    func `a CID is its prefix and its digest`(_ vector: CIDVector) throws {
        let cid = try CID(vector.bytes)
        let bytes = cid.prefix.bytes
        #expect(try CID.Prefix(bytes) == cid.prefix)
        let shown: [UInt8] = vector.version == .v0 ? [0, 0x70] + cid.bytes : cid.bytes
        #expect(bytes + cid.multihash.digest == shown)
        for length in 0..<bytes.count {
            #expect(throws: CIDError.self, "cut at \(length)") {
                try CID.Prefix(Array(bytes[..<length]))
            }
        }
    }

    @Test(
        arguments: [
            ("02551220", .unknownVersion(offset: 0, 2)), ("00551220", .notVersion0(offset: 0)),
            ("00701320", .notVersion0(offset: 0)), ("0070121f", .notVersion0(offset: 0)),
            ("0155122000", .trailingBytes(offset: 4)), ("015512", .varint(.truncated(offset: 3))),
            ("0155008101", .multihash(.digestTooLong(offset: 2, byteCount: 129))),
        ] as [(String, CIDError)])
    func `bytes that are no prefix are refused`(_ hex: String, _ error: CIDError) {
        #expect(throws: error) { try CID.Prefix(Fixture.bytes(hex: hex)) }
    }
}
