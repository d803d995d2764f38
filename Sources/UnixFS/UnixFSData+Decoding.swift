// SPDX-License-Identifier: Apache-2.0

import IPLD

extension UnixFSData {
    /// Parses a message that fills `bytes` exactly.
    ///
    /// As Go's decoder does, this takes block sizes packed or unpacked, fields in any order, the
    /// last of a repeated scalar, and skips unknown fields. A modification time whose nanoseconds
    /// are a second or more is dropped, as Kubo drops it.
    /// - Throws: ``UnixFSError`` with the byte offset of the field.
    /// - Complexity: O(byte count); memory at most eight times the input.
    public init(decoding bytes: Span<UInt8>) throws(UnixFSError) {
        var message = UnixFSData(kind: .raw)
        var hasKind = false
        var cursor = 0
        while cursor < bytes.count {
            let tag = try ProtobufWire.readTag(bytes, at: &cursor, end: bytes.count)
            if tag.field == Field.kind {
                message.kind = try Self.readKind(bytes, at: &cursor, tag: tag)
                hasKind = true
            } else {
                try message.readField(bytes, at: &cursor, tag: tag)
            }
        }
        guard hasKind else { throw .missingType }
        self = message
    }

    private static func readKind(
        _ bytes: Span<UInt8>, at cursor: inout Int, tag: ProtobufWire.Tag
    ) throws(UnixFSError) -> Kind {
        let value = try readScalar(bytes, at: &cursor, tag: tag)
        guard let raw = UInt8(exactly: value), let kind = Kind(rawValue: raw) else {
            throw .unknownType(offset: tag.offset, value)
        }
        return kind
    }

    private static func readScalar(
        _ bytes: Span<UInt8>, at cursor: inout Int, tag: ProtobufWire.Tag
    ) throws(UnixFSError) -> UInt64 {
        try require(ProtobufWire.varint, tag)
        return try ProtobufWire.readVarint(bytes, at: &cursor, end: bytes.count)
    }

    private static func require(
        _ wireType: UInt64, _ tag: ProtobufWire.Tag
    ) throws(UnixFSError) {
        guard tag.wireType == wireType else {
            throw .wrongWireType(offset: tag.offset, field: tag.field)
        }
    }

    private mutating func readField(
        _ bytes: Span<UInt8>, at cursor: inout Int, tag: ProtobufWire.Tag
    ) throws(UnixFSError) {
        switch tag.field {
        case Field.data:
            try Self.require(ProtobufWire.bytes, tag)
            let range = try ProtobufWire.readLengthDelimited(
                bytes, at: &cursor, end: bytes.count, tag: tag)
            data = bytes.copied(range)
        case Field.filesize:
            filesize = try Self.readScalar(bytes, at: &cursor, tag: tag)
        case Field.blocksizes where tag.wireType == ProtobufWire.bytes:
            let range = try ProtobufWire.readLengthDelimited(
                bytes, at: &cursor, end: bytes.count, tag: tag)
            var position = range.lowerBound
            while position < range.upperBound {
                blocksizes.append(
                    try ProtobufWire.readVarint(bytes, at: &position, end: range.upperBound))
            }
        case Field.blocksizes:
            blocksizes.append(try Self.readScalar(bytes, at: &cursor, tag: tag))
        case Field.hashType:
            hashType = try Self.readScalar(bytes, at: &cursor, tag: tag)
        case Field.fanout:
            fanout = try Self.readScalar(bytes, at: &cursor, tag: tag)
        case Field.mode:
            // A uint32 that was written wider loses its high bits, as in every protobuf decoder.
            metadata.mode = UInt32(
                truncatingIfNeeded: try Self.readScalar(bytes, at: &cursor, tag: tag))
        case Field.mtime:
            try Self.require(ProtobufWire.bytes, tag)
            let range = try ProtobufWire.readLengthDelimited(
                bytes, at: &cursor, end: bytes.count, tag: tag)
            metadata.mtime = try Self.readTimestamp(bytes, in: range, tag: tag)
        default:
            try ProtobufWire.skip(tag, bytes, at: &cursor, end: bytes.count)
        }
    }

    private static func readTimestamp(
        _ bytes: Span<UInt8>, in range: Range<Int>, tag: ProtobufWire.Tag
    ) throws(UnixFSError) -> UnixFSTimestamp? {
        var seconds: UInt64?
        var nanoseconds: UInt32 = 0
        var cursor = range.lowerBound
        let end = range.upperBound
        while cursor < end {
            let inner = try ProtobufWire.readTag(bytes, at: &cursor, end: end)
            switch inner.field {
            case Field.mtimeSeconds:
                try require(ProtobufWire.varint, inner)
                seconds = try ProtobufWire.readVarint(bytes, at: &cursor, end: end)
            case Field.mtimeNanoseconds:
                try require(ProtobufWire.fixed32, inner)
                nanoseconds = try ProtobufWire.readFixed32(
                    bytes, at: &cursor, end: end, tag: inner)
            default:
                try ProtobufWire.skip(inner, bytes, at: &cursor, end: end)
            }
        }
        guard let seconds else { throw .missingSeconds(offset: tag.offset) }
        guard nanoseconds < 1_000_000_000 else { return nil }
        return UnixFSTimestamp(
            seconds: Int64(bitPattern: seconds), nanoseconds: nanoseconds)
    }
}
