// SPDX-License-Identifier: Apache-2.0

import Testing
import UnixFS

/// The UnixFS message against bytes that Kubo writes and takes.
struct UnixFSDataTests {
    struct Sample: CustomTestStringConvertible, Sendable {
        let name: String
        let message: UnixFSData
        let bytes: [UInt8]
        var testDescription: String { name }
    }

    static let samples: [Sample] = [
        Sample(
            name: "empty file", message: UnixFSData(kind: .file, filesize: 0),
            bytes: [0x08, 2, 0x18, 0]),
        Sample(name: "empty directory", message: UnixFSData(kind: .directory), bytes: [0x08, 1]),
        Sample(
            name: "inner block",
            message: UnixFSData(kind: .file, filesize: 300, blocksizes: [200, 100]),
            bytes: [0x08, 2, 0x18, 0xac, 2, 0x20, 0xc8, 1, 0x20, 100]),
        Sample(
            name: "leaf with mode",
            message: UnixFSData(
                kind: .raw, data: [0x61], filesize: 1, metadata: UnixFSMetadata(mode: 0o755)),
            bytes: [0x08, 0, 0x12, 1, 0x61, 0x18, 1, 0x38, 0xed, 3]),
        Sample(
            name: "directory with mode zero",
            message: UnixFSData(kind: .directory, metadata: UnixFSMetadata(mode: 0)),
            bytes: [0x08, 1, 0x38, 0]),
        Sample(
            name: "symlink before 1970",
            message: UnixFSData(
                kind: .symlink, data: [0x62],
                metadata: UnixFSMetadata(
                    mtime: UnixFSTimestamp(seconds: -1, nanoseconds: 500_000_000))),
            bytes: [0x08, 4, 0x12, 1, 0x62, 0x42, 16, 0x08]
                + [UInt8](repeating: 0xff, count: 9) + [1, 0x15, 0x00, 0x65, 0xcd, 0x1d]),
        Sample(
            name: "shard",
            message: UnixFSData(kind: .hamtShard, data: [1, 0], hashType: 0x22, fanout: 256),
            bytes: [0x08, 5, 0x12, 2, 1, 0, 0x28, 0x22, 0x30, 0x80, 2]),
        Sample(
            name: "data present and empty", message: UnixFSData(kind: .symlink, data: []),
            bytes: [0x08, 4, 0x12, 0]),
    ]

    @Test(arguments: samples)
    func `a message is written byte by byte as Kubo writes it`(_ sample: Sample) throws {
        #expect(sample.message.encode() == sample.bytes)
        #expect(try UnixFSData(decoding: sample.bytes.span) == sample.message)
    }

    @Test(arguments: samples)
    func `a message cut short is an error or a shorter message`(_ sample: Sample) {
        for length in sample.bytes.indices {
            let cut = Array(sample.bytes[..<length])
            do {
                let message = try UnixFSData(decoding: cut.span)
                #expect(message != sample.message, "cut at \(length)")
            } catch {
                #expect(Self.offset(of: error) ?? 0 <= length)
            }
        }
    }

    @Test(arguments: samples)
    func `a flipped bit never goes unseen`(_ sample: Sample) {
        for bit in 0..<8 * sample.bytes.count {
            var bytes = sample.bytes
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            do {
                let message = try UnixFSData(decoding: bytes.span)
                #expect(message != sample.message, "bit \(bit)")
            } catch {
                #expect(Self.offset(of: error) ?? 0 <= bytes.count)
            }
        }
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        let error: UnixFSError
        var testDescription: String { name }
    }

    @Test(arguments: [
        Refusal(name: "nothing", bytes: [], error: .missingType),
        Refusal(name: "no type", bytes: [0x18, 0], error: .missingType),
        Refusal(name: "type 6", bytes: [0x08, 6], error: .unknownType(offset: 0, 6)),
        Refusal(
            name: "type as bytes", bytes: [0x0a, 1, 1],
            error: .wrongWireType(offset: 0, field: 1)),
        Refusal(
            name: "data as a number", bytes: [0x08, 2, 0x10, 1],
            error: .wrongWireType(offset: 2, field: 2)),
        Refusal(name: "field 0", bytes: [0x08, 2, 0x02, 0], error: .invalidTag(offset: 2)),
        Refusal(name: "a group", bytes: [0x08, 2, 0x4b, 0x4c], error: .invalidTag(offset: 2)),
        Refusal(
            name: "data longer than the rest", bytes: [0x08, 2, 0x12, 2, 0],
            error: .truncated(offset: 2)),
        Refusal(
            name: "data of 2^63 bytes",
            bytes: [0x08, 2, 0x12] + [UInt8](repeating: 0x80, count: 9) + [1],
            error: .truncated(offset: 2)),
        Refusal(
            name: "a varint of eleven bytes",
            bytes: [0x08, 2, 0x18] + [UInt8](repeating: 0x80, count: 10) + [1],
            error: .varintTooLong(offset: 3)),
        Refusal(
            name: "a varint of 65 bits",
            bytes: [0x08, 2, 0x18] + [UInt8](repeating: 0x80, count: 9) + [2],
            error: .varintTooLong(offset: 3)),
        Refusal(
            name: "time without seconds", bytes: [0x08, 2, 0x42, 5, 0x15, 1, 0, 0, 0],
            error: .missingSeconds(offset: 2)),
        Refusal(
            name: "nanoseconds past the time's end",
            bytes: [0x08, 2, 0x42, 3, 0x08, 1, 0x15, 1, 0, 0, 0],
            error: .truncated(offset: 6)),
    ])
    func `a bad message is refused at its field`(_ refusal: Refusal) {
        #expect(throws: refusal.error) { try UnixFSData(decoding: refusal.bytes.span) }
    }

    @Test func `block sizes are read packed, too`() throws {
        let packed: [UInt8] = [0x08, 2, 0x18, 0xac, 2, 0x22, 3, 0xc8, 1, 100]
        #expect(try UnixFSData(decoding: packed.span).blocksizes == [200, 100])
    }

    @Test func `packed block sizes end with their field`() {
        let packed: [UInt8] = [0x08, 2, 0x22, 1, 0xc8, 1]
        #expect(throws: UnixFSError.truncated(offset: 4)) {
            try UnixFSData(decoding: packed.span)
        }
    }

    @Test func `unknown fields of every wire type are skipped`() throws {
        let bytes: [UInt8] =
            [0x48, 1, 0x08, 1, 0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x5a, 2, 0, 0]
            + [0x65, 1, 2, 3, 4, 0x38, 1]
        let message = UnixFSData(kind: .directory, metadata: UnixFSMetadata(mode: 1))
        #expect(try UnixFSData(decoding: bytes.span) == message)
    }

    @Test func `a time with too many nanoseconds is dropped, as Kubo drops it`() throws {
        let bytes: [UInt8] = [0x08, 1, 0x42, 7, 0x08, 1, 0x15, 0x00, 0xca, 0x9a, 0x3b]
        #expect(try UnixFSData(decoding: bytes.span).metadata.mtime == nil)
    }

    @Test func `attributes of a file system are kept as Kubo keeps them`() {
        let time = UnixFSTimestamp(seconds: 5)
        let yearOne = UnixFSTimestamp(seconds: -62_135_596_800)
        #expect(
            UnixFSMetadata.preserved(mode: 0o100_644, mtime: time, of: .file)
                == UnixFSMetadata(mode: 0o644, mtime: time))
        #expect(UnixFSMetadata.preserved(mode: 0, mtime: yearOne, of: .file).isEmpty)
        #expect(UnixFSMetadata.preserved(mode: 0, mtime: nil, of: .directory).mode == 0)
        #expect(UnixFSMetadata.preserved(mode: 0o777, mtime: nil, of: .symlink).isEmpty)
    }

    private static func offset(of error: UnixFSError) -> Int? {
        switch error {
        case .truncated(let offset), .varintTooLong(let offset), .invalidTag(let offset),
            .wrongWireType(let offset, _), .unknownType(let offset, _),
            .missingSeconds(let offset):
            offset
        default: nil
        }
    }
}
