// SPDX-License-Identifier: Apache-2.0

/// The parts of the protobuf wire format that UnixFS needs.
///
/// Spec: <https://protobuf.dev/programming-guides/encoding/>.
enum ProtobufWire {
    static let varint: UInt64 = 0
    static let fixed64: UInt64 = 1
    static let bytes: UInt64 = 2
    static let fixed32: UInt64 = 5

    /// A field's number, wire type and place.
    struct Tag {
        let field: UInt64
        let wireType: UInt64
        let offset: Int
    }

    /// The bytes that `value` takes as a varint: one to ten.
    static func byteCount(of value: UInt64) -> Int {
        value == 0 ? 1 : (64 - value.leadingZeroBitCount + 6) / 7
    }

    /// Appends `value` as a varint.
    static func append(_ value: UInt64, to output: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends the tag of a field whose number is below 16, so that it takes one byte.
    static func appendTag(_ field: UInt64, _ wireType: UInt64, to output: inout [UInt8]) {
        append(field << 3 | wireType, to: &output)
    }

    /// Reads a varint of at most 64 bits; longer encodings than needed are valid in protobuf.
    static func readVarint(
        _ bytes: Span<UInt8>, at cursor: inout Int, end: Int
    ) throws(UnixFSError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<10 {
            let position = cursor + index
            guard position < end else { throw .truncated(offset: cursor) }
            let byte = bytes[position]
            // The tenth byte holds only the 64th bit.
            if index == 9, byte > 1 { throw .varintTooLong(offset: cursor) }
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            if byte < 0x80 {
                cursor = position + 1
                return value
            }
        }
        throw .varintTooLong(offset: cursor)
    }

    /// Reads a field's tag.
    static func readTag(
        _ bytes: Span<UInt8>, at cursor: inout Int, end: Int
    ) throws(UnixFSError) -> Tag {
        let offset = cursor
        let value = try readVarint(bytes, at: &cursor, end: end)
        guard value >> 3 != 0 else { throw .invalidTag(offset: offset) }
        return Tag(field: value >> 3, wireType: value & 7, offset: offset)
    }

    /// Reads a length and returns the range of the bytes it covers, which lie before `end`.
    static func readLengthDelimited(
        _ bytes: Span<UInt8>, at cursor: inout Int, end: Int, tag: Tag
    ) throws(UnixFSError) -> Range<Int> {
        let length = try readVarint(bytes, at: &cursor, end: end)
        guard length <= UInt64(end - cursor) else { throw .truncated(offset: tag.offset) }
        let start = cursor
        cursor += Int(length)
        return start..<cursor
    }

    /// Reads four bytes, least significant first.
    static func readFixed32(
        _ bytes: Span<UInt8>, at cursor: inout Int, end: Int, tag: Tag
    ) throws(UnixFSError) -> UInt32 {
        guard end - cursor >= 4 else { throw .truncated(offset: tag.offset) }
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[cursor + index]) << UInt32(8 * index) }
        cursor += 4
        return value
    }

    /// Moves past a field that means nothing here; groups are refused.
    static func skip(
        _ tag: Tag, _ bytes: Span<UInt8>, at cursor: inout Int, end: Int
    ) throws(UnixFSError) {
        switch tag.wireType {
        case varint: _ = try readVarint(bytes, at: &cursor, end: end)
        case Self.bytes: _ = try readLengthDelimited(bytes, at: &cursor, end: end, tag: tag)
        case fixed32: _ = try readFixed32(bytes, at: &cursor, end: end, tag: tag)
        case fixed64:
            guard end - cursor >= 8 else { throw .truncated(offset: tag.offset) }
            cursor += 8
        default: throw .invalidTag(offset: tag.offset)
        }
    }
}
