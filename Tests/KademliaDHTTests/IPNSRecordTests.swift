// SPDX-License-Identifier: Apache-2.0

import IPLD
import KademliaDHT
import Libp2p
import Multiformats
import TestSupport
import Testing

struct IPNSRecordTests {
    private let key: PrivateKey
    private let name: PeerID

    init() throws {
        key = try PrivateKey(ed25519Seed: [UInt8](0..<32))
        name = key.publicKey.peerID
    }

    @Test
    func `a record is read with all of its fields`() throws {
        var draft = IPNSDraft("/ipfs/x", sequence: .max, until: "2100-01-01T00:00:00.5Z")
        draft.fields["_more"] = .list([.null, .bool(true)])
        let bytes = try draft.sealed(by: key)
        let record = try IPNSRecord(bytes, of: name)
        #expect(record.bytes == bytes)
        #expect(record.value == Array("/ipfs/x".utf8))
        #expect(record.sequence == .max)
        #expect(record.validUntil == .milliseconds(4_102_444_800_500))
        #expect(record.timeToLive == .seconds(300))
        draft.copies = [:]
        #expect(try IPNSRecord(draft.sealed(by: key), of: name).value == record.value)
    }

    @Test
    func `the key is that of the name, wherever it is`() throws {
        let seed = [UInt8](1...32)
        let secp256k1 = try PrivateKey(protobuf: [0x08, 0x02, 0x12, 0x20] + seed)
        var draft = IPNSDraft()
        for holdsKey in [false, true] {
            draft.holdsKey = holdsKey
            for key in [key, secp256k1] {
                let bytes = try draft.sealed(by: key)
                #expect(throws: Never.self) { try IPNSRecord(bytes, of: key.publicKey.peerID) }
            }
        }
        let others = try draft.sealed(by: secp256k1)
        #expect(throws: IPNSError.otherKey) { try IPNSRecord(others, of: name) }
        draft.holdsKey = false
        let unnamed = try draft.sealed(by: secp256k1)
        #expect(throws: IPNSError.signature) { try IPNSRecord(unnamed, of: name) }
        let hashed = try PeerID(.test(1))
        #expect(throws: IPNSError.noKey) { try IPNSRecord(unnamed, of: hashed) }
        #expect(throws: IPNSError.key(.malformed(.ed25519))) {
            try IPNSRecord(unnamed + [0x3a, 4, 0x08, 1, 0x12, 0], of: name)
        }
    }

    @Test
    func `what is not signed by the second scheme is refused`() throws {
        var writer = ProtobufWriter()
        writer.bytes(1, Array("/ipfs/x".utf8))
        writer.bytes(2, try key.sign(Array("/ipfs/x2100-01-01T00:00:00Z0".utf8)))
        writer.bytes(4, Array("2100-01-01T00:00:00Z".utf8))
        let old = writer.bytes
        #expect(throws: IPNSError.unsigned) { try IPNSRecord(old, of: name) }
        writer.bytes(8, [1])
        let empty = writer.bytes
        #expect(throws: IPNSError.unsigned) { try IPNSRecord(empty, of: name) }
        #expect(throws: IPNSError.unsigned) { try IPNSRecord([], of: name) }
        // Signed, but for another purpose.
        let data = try DAGCBOR.encode(.map(IPNSDraft().fields))
        writer.bytes(8, try key.sign(data))
        writer.bytes(9, data)
        let bare = writer.bytes
        #expect(throws: IPNSError.signature) { try IPNSRecord(bare, of: name) }
    }

    @Test(
        arguments: IPNSError.Field.allCases,
        [nil, .string("2100-01-01T00:00:00Z"), .integer(-1), .float(0)] as [IPLDValue?])
    func `a signed field that is missing or of another kind is an error`(
        _ field: IPNSError.Field, _ wrong: IPLDValue?
    ) throws {
        var draft = IPNSDraft()
        draft.fields[field.rawValue] = wrong
        draft.copies = [:]
        let bytes = try draft.sealed(by: key)
        #expect(throws: IPNSError.field(field)) { try IPNSRecord(bytes, of: name) }
    }

    @Test
    func `an end of another kind than a moment is an error`() throws {
        var draft = IPNSDraft()
        draft.fields["ValidityType"] = .integer(1)
        draft.copies = draft.fields
        let bytes = try draft.sealed(by: key)
        #expect(throws: IPNSError.field(.validityType)) { try IPNSRecord(bytes, of: name) }
    }

    static let wrongCopies: [(IPNSError.Field, IPLDValue?)] = [
        (.value, nil), (.value, .bytes([1])), (.validity, nil), (.validity, .bytes([1])),
        (.validityType, .integer(1)), (.sequence, nil), (.sequence, .integer(8)),
        (.timeToLive, nil), (.timeToLive, .integer(1)),
    ]

    @Test(arguments: wrongCopies)
    func `an unsigned copy that differs from its field is an error`(
        _ field: IPNSError.Field, _ wrong: IPLDValue?
    ) throws {
        var draft = IPNSDraft()
        draft.copies[field.rawValue] = wrong
        let bytes = try draft.sealed(by: key)
        #expect(throws: IPNSError.copy(field)) { try IPNSRecord(bytes, of: name) }
    }

    @Test
    func `signed data that are no DAG-CBOR, or no map, are an error`() throws {
        let draft = IPNSDraft()
        // A map whose only key is written in more bytes than it takes.
        let loose = try draft.sealed(by: key, data: [0xa1, 0x78, 0x01, 0x61, 0x00])
        #expect(throws: IPNSError.data(.notShortest(offset: 1))) {
            try IPNSRecord(loose, of: name)
        }
        let list = try draft.sealed(by: key, data: [0x80])
        #expect(throws: IPNSError.field(.value)) { try IPNSRecord(list, of: name) }
        let deep = try draft.sealed(by: key, data: [UInt8](repeating: 0x81, count: 9_000))
        #expect(throws: IPNSError.data(.tooDeep(offset: 256))) { try IPNSRecord(deep, of: name) }
    }

    @Test
    func `a record of 10 KiB is read, and one of a byte more is not`() throws {
        var draft = IPNSDraft()
        draft.padding = 8_000
        draft.padding += IPNSRecord.maximumByteCount - (try draft.sealed(by: key).count)
        let whole = try draft.sealed(by: key)
        #expect(whole.count == IPNSRecord.maximumByteCount)
        #expect(throws: Never.self) { try IPNSRecord(whole, of: name) }
        draft.padding += 1
        let more = try draft.sealed(by: key)
        #expect(throws: IPNSError.tooLong(byteCount: 10_241)) { try IPNSRecord(more, of: name) }
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00.000000001Z", Duration.nanoseconds(1)),
        ("2000-02-29T23:59:59Z", .seconds(951_868_799)),
        ("2026-01-31T12:00:00.123456789123Z", .nanoseconds(1_769_860_800_123_456_789)),
        ("2026-01-31T12:00:00+01:30", .seconds(1_769_855_400)),
        ("2026-01-31T12:00:00-01:30", .seconds(1_769_866_200)),
        ("0001-01-01T00:00:00Z", .seconds(-62_135_596_800)),
        ("9999-12-31T23:59:59Z", .seconds(253_402_300_799)),
    ])
    func `ends are read to the nanosecond, of any time zone`(
        _ text: String, _ expected: Duration
    ) throws {
        let bytes = try IPNSDraft(until: text).sealed(by: key)
        #expect(try IPNSRecord(bytes, of: name).validUntil == expected)
    }

    @Test(arguments: [
        "", "2026", "2026-01-31", "2026-01-31T12:00:00", "2026-01-31T12:00:00.Z",
        "2026-01-31t12:00:00Z", "2026-01-31 12:00:00Z", "2026-02-29T12:00:00Z",
        "2100-02-29T12:00:00Z", "2026-13-01T12:00:00Z", "2026-00-01T12:00:00Z",
        "2026-01-00T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:60Z", "2026-01-31T12:00:00ZZ", "2026-01-31T12:00:00+1:00",
        "2026-01-31T12:00:00+0100", "0000-01-01T00:00:00Z", "+026-01-31T12:00:00Z",
        "２026-01-31T12:00:00Z", "12026-01-31T12:00:00Z",
    ])
    func `an end that is no moment is an error`(_ text: String) throws {
        let bytes = try IPNSDraft(until: text).sealed(by: key)
        #expect(throws: IPNSError.field(.validity)) { try IPNSRecord(bytes, of: name) }
    }

    @Test(arguments: [false, true])
    func `damaged records never trap, and what is read of them is what was signed`(
        _ holdsKey: Bool
    ) throws {
        let seed = SeededGenerator.runSeed
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var draft = IPNSDraft()
        draft.holdsKey = holdsKey
        let sound = try IPNSRecord(draft.sealed(by: key), of: name)
        var readCount = 0
        for round in 0..<5_000 {
            let bytes = Self.damaged(sound.bytes, using: &generator)
            // Refused is fine.
            guard let record = try? IPNSRecord(bytes, of: name) else { continue }
            readCount += 1
            #expect(record.value == sound.value, "round \(round) of \(seed)")
            #expect(record.sequence == sound.sequence, "round \(round) of \(seed)")
            #expect(record.validUntil == sound.validUntil, "round \(round) of \(seed)")
        }
        #expect(readCount > 0)
    }

    @Test
    func `damaged data that are signed never trap`() throws {
        let seed = SeededGenerator.runSeed
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var draft = IPNSDraft()
        draft.copies = [:]
        let data = try DAGCBOR.encode(.map(draft.fields))
        var readCount = 0
        for _ in 0..<2_000 {
            let bytes = try draft.sealed(
                by: key, data: Self.damaged(data, using: &generator))
            // Refused is fine.
            if (try? IPNSRecord(bytes, of: name)) != nil { readCount += 1 }
        }
        #expect(readCount > 0)
    }

    /// `bytes` with one to four of them changed, removed or put in.
    private static func damaged(
        _ bytes: [UInt8], using generator: inout SeededGenerator
    ) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = bytes.indices.randomElement(using: &generator) ?? 0
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: bytes.remove(at: index)
            default: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: index)
            }
        }
        return bytes
    }
}
