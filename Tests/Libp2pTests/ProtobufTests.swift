// SPDX-License-Identifier: Apache-2.0

import Libp2p
import Testing

@Suite struct ProtobufTests {
    @Test func `what is written is read`() throws {
        var writer = ProtobufWriter()
        writer.varint(1, .max)
        writer.varint(2, 0)
        writer.bytes(3, [9, 8, 7])
        writer.string(4, "Größe")
        writer.message(5) { inner in
            inner.bool(1, true)
            inner.message(2) { $0.varint(0x1fff_ffff, 1) }
        }
        var reader = ProtobufReader(writer.bytes)
        #expect(try reader.next()?.field == 1)
        #expect(try reader.varint() == .max)
        #expect(try reader.next()?.field == 2)
        #expect(try reader.varint() == 0)
        #expect(try reader.next()?.field == 3)
        #expect(try Array(reader.bytes()) == [9, 8, 7])
        #expect(try reader.next()?.type == .bytes)
        #expect(try reader.string() == "Größe")
        #expect(try reader.next()?.field == 5)
        var inner = ProtobufReader(try reader.bytes())
        #expect(try inner.next()?.field == 1)
        #expect(try inner.bool())
        #expect(try inner.next()?.field == 2)
        var innermost = ProtobufReader(try inner.bytes())
        #expect(try innermost.next()?.field == 0x1fff_ffff)
        #expect(try innermost.varint() == 1)
        #expect(try innermost.next() == nil && inner.next() == nil && reader.next() == nil)
    }

    @Test func `fixed fields and negative numbers are read`() throws {
        var reader = ProtobufReader(
            [UInt8](hex: "0d01020304" + "110102030405060708" + "18ffffffffffffffffff01"))
        #expect(try reader.next()?.type == .fixed32)
        #expect(try reader.fixed32() == 0x0403_0201)
        #expect(try reader.next()?.type == .fixed64)
        #expect(try reader.fixed64() == 0x0807_0605_0403_0201)
        #expect(try reader.next()?.type == .varint)
        #expect(try reader.int32() == -1)
    }

    @Test(
        arguments: [
            ("08", .truncated(offset: 1)), ("0880", .truncated(offset: 1)),
            ("80", .truncated(offset: 0)),
            ("0880808080808080808080", .varintTooLong(offset: 1)),
            ("1205616263", .truncated(offset: 1)),
            ("12ffffffffffffffffff01", .truncated(offset: 1)), ("0d010203", .truncated(offset: 1)),
            ("1101", .truncated(offset: 1)), ("0b", .wireType(offset: 0)),
            ("0c", .wireType(offset: 0)),
            ("0f", .wireType(offset: 0)), ("00", .fieldNumber(offset: 0)),
            ("02", .fieldNumber(offset: 0)),
            ("f8ffffffff0f", .fieldNumber(offset: 0)), ("08010a", .truncated(offset: 3)),
        ] as [(String, ProtobufError)])
    func `a message that is none is refused at its field`(_ hex: String, _ error: ProtobufError) {
        #expect(throws: error) {
            var reader = ProtobufReader([UInt8](hex: hex))
            while let (_, type) = try reader.next() { try reader.skip(type) }
        }
    }

    @Test func `a field of another type, too long or no text is refused`() throws {
        let bytes = [UInt8](hex: "1203ff6161")
        #expect(throws: ProtobufError.wrongType(field: 2, offset: 1)) {
            var reader = ProtobufReader(bytes)
            _ = try reader.next()
            _ = try reader.varint()
        }
        #expect(throws: ProtobufError.tooLong(offset: 1, byteCount: 3)) {
            var reader = ProtobufReader(bytes)
            _ = try reader.next()
            _ = try reader.bytes(atMost: 2)
        }
        #expect(throws: ProtobufError.notUTF8(offset: 1)) {
            var reader = ProtobufReader(bytes)
            _ = try reader.next()
            _ = try reader.string()
        }
    }

    @Test func `a field that is not read is skipped, and an error stays`() throws {
        var reader = ProtobufReader([UInt8](hex: "0a02ffff1001"))
        #expect(try reader.next()?.field == 1)
        #expect(try reader.next()?.field == 2)
        #expect(throws: ProtobufError.wrongType(field: 2, offset: 5)) { try reader.bytes() }
        #expect(throws: ProtobufError.wrongType(field: 2, offset: 5)) { try reader.varint() }
        #expect(throws: ProtobufError.wrongType(field: 2, offset: 5)) { try reader.next() }
    }

    @Test func `offsets count from the start of the message, wherever it lies`() {
        let all = [UInt8](hex: "ffffff0880")
        #expect(throws: ProtobufError.truncated(offset: 1)) {
            var reader = ProtobufReader(all[3...])
            _ = try reader.next()
            _ = try reader.varint()
        }
    }
}
