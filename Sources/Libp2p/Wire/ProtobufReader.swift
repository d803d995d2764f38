// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of one protobuf message, in the order in which they lie.
///
/// Made for messages of strangers: every length is checked before bytes are taken, nothing nests
/// unless the caller makes a reader of a field's bytes, and slices share the storage of the input.
/// ```swift
/// var reader = ProtobufReader(bytes)
/// while let (field, type) = try reader.next() {
///     switch field {
///     case 1: name = try reader.string()
///     default: try reader.skip(type)
///     }
/// }
/// ```
/// A field that is neither read nor skipped is skipped by the next ``next()``. Reading a field as
/// another type than it has throws; after an error, everything throws that error again, so that
/// nothing is read out of step.
/// Encoding: <https://protobuf.dev/programming-guides/encoding/>.
public struct ProtobufReader: Sendable {
    /// How a field's value is laid out.
    public enum WireType: UInt8, Hashable, Sendable {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private let input: ArraySlice<UInt8>
    private var cursor: Int
    private var pending: (field: Int, type: WireType)?
    private var failure: ProtobufError?

    /// Reads `bytes`, all of which are the message.
    public init(_ bytes: ArraySlice<UInt8>) {
        input = bytes
        cursor = bytes.startIndex
    }

    /// Reads `bytes`, all of which are the message.
    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    /// Where the reader is, in bytes from the start of the message.
    public var offset: Int { cursor - input.startIndex }

    /// Reads the tag of the next field; nil at the end of the message.
    ///
    /// - Throws: ``ProtobufError``.
    /// - Complexity: O(1); does not allocate.
    public mutating func next() throws(ProtobufError) -> (field: Int, type: WireType)? {
        if let failure { throw failure }
        if let pending { try skip(pending.type) }
        guard cursor < input.endIndex else { return nil }
        let start = offset
        let tag = try rawVarint()
        guard let type = WireType(rawValue: UInt8(tag & 7)) else {
            throw failed(.wireType(offset: start))
        }
        guard 1...0x1fff_ffff ~= tag >> 3 else { throw failed(.fieldNumber(offset: start)) }
        pending = (Int(tag >> 3), type)
        return pending
    }

    /// The value of a varint field.
    ///
    /// - Throws: ``ProtobufError``.
    public mutating func varint() throws(ProtobufError) -> UInt64 {
        try take(.varint)
        return try rawVarint()
    }

    /// The value of a varint field that is a boolean.
    ///
    /// - Throws: ``ProtobufError``.
    public mutating func bool() throws(ProtobufError) -> Bool { try varint() != 0 }

    /// The value of a varint field that is an `int32` or an enumeration, cut to 32 bits as
    /// protobuf has it.
    ///
    /// - Throws: ``ProtobufError``.
    public mutating func int32() throws(ProtobufError) -> Int32 {
        Int32(truncatingIfNeeded: try varint())
    }

    /// The value of a field of bytes, a string or a message, which shares the input's storage.
    ///
    /// - Throws: ``ProtobufError``, with `tooLong` for more than `limit` bytes.
    /// - Complexity: O(1); does not allocate.
    public mutating func bytes(
        atMost limit: Int = .max
    ) throws(ProtobufError) -> ArraySlice<UInt8> {
        try take(.bytes)
        let start = offset
        let byteCount = try rawVarint()
        guard byteCount <= UInt64(input.endIndex - cursor) else {
            throw failed(.truncated(offset: start))
        }
        guard byteCount <= UInt64(limit) else {
            throw failed(.tooLong(offset: start, byteCount: Int(byteCount)))
        }
        defer { cursor += Int(byteCount) }
        return input[cursor..<cursor + Int(byteCount)]
    }

    /// The value of a string field.
    ///
    /// - Throws: ``ProtobufError``, with `notUTF8` for bytes that are no text.
    public mutating func string(atMost limit: Int = .max) throws(ProtobufError) -> String {
        let start = offset
        guard let text = String(validating: try bytes(atMost: limit), as: UTF8.self) else {
            throw failed(.notUTF8(offset: start))
        }
        return text
    }

    /// The value of a fixed field of four bytes.
    ///
    /// - Throws: ``ProtobufError``.
    public mutating func fixed32() throws(ProtobufError) -> UInt32 {
        try take(.fixed32)
        return UInt32(truncatingIfNeeded: try rawFixed(4))
    }

    /// The value of a fixed field of eight bytes.
    ///
    /// - Throws: ``ProtobufError``.
    public mutating func fixed64() throws(ProtobufError) -> UInt64 {
        try take(.fixed64)
        return try rawFixed(8)
    }

    /// Moves past the value of the field that ``next()`` named.
    ///
    /// - Throws: ``ProtobufError``.
    public mutating func skip(_ type: WireType) throws(ProtobufError) {
        switch type {
        case .varint: _ = try varint()
        case .fixed64: _ = try fixed64()
        case .bytes: _ = try bytes()
        case .fixed32: _ = try fixed32()
        }
    }

    /// Notes that the value of the field is read as `type`.
    private mutating func take(_ type: WireType) throws(ProtobufError) {
        if let failure { throw failure }
        guard let field = pending else { preconditionFailure("next() named no field") }
        guard field.type == type else {
            throw failed(.wrongType(field: field.field, offset: offset))
        }
        pending = nil
    }

    /// Keeps the error for all that follows.
    private mutating func failed(_ error: ProtobufError) -> ProtobufError {
        failure = error
        return error
    }

    /// Up to ten bytes, 64 bits; what is over is dropped, as other readers do.
    private mutating func rawVarint() throws(ProtobufError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while cursor < input.endIndex {
            let byte = input[cursor]
            cursor += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift == 70 { throw failed(.varintTooLong(offset: start)) }
        }
        throw failed(.truncated(offset: start))
    }

    private mutating func rawFixed(_ byteCount: Int) throws(ProtobufError) -> UInt64 {
        guard input.endIndex - cursor >= byteCount else {
            throw failed(.truncated(offset: offset))
        }
        defer { cursor += byteCount }
        return input[cursor..<cursor + byteCount].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Why bytes are no protobuf message, or not the one expected; offsets are those in the message.
public enum ProtobufError: Error, Hashable, Sendable {
    /// The input ends inside the value at `offset`.
    case truncated(offset: Int)
    /// The varint at `offset` is longer than ten bytes.
    case varintTooLong(offset: Int)
    /// The tag at `offset` has a wire type that does not exist, or that of a group.
    case wireType(offset: Int)
    /// The tag at `offset` has the field number 0, or one over 2^29-1.
    case fieldNumber(offset: Int)
    /// The value at `offset` has another wire type than the field's.
    case wrongType(field: Int, offset: Int)
    /// The value at `offset` is longer than allowed.
    case tooLong(offset: Int, byteCount: Int)
    /// The string at `offset` is no UTF-8.
    case notUTF8(offset: Int)
    /// The message lacks a field that it must have.
    case missing(field: Int)
    /// The field has a value that it must not have.
    case invalid(field: Int)
    /// The field, or all of its kind, is there more often than allowed.
    case tooMany(field: Int)
}

extension ProtobufError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .truncated(let offset): "the message is cut short in the value at byte \(offset)"
        case .varintTooLong(let offset): "the varint at byte \(offset) is longer than ten bytes"
        case .wireType(let offset): "the tag at byte \(offset) has an unknown wire type"
        case .fieldNumber(let offset): "the tag at byte \(offset) has no valid field number"
        case .wrongType(let field, let offset):
            "field \(field) at byte \(offset) has another type than it must"
        case .tooLong(let offset, let byteCount):
            "the value at byte \(offset) is too long: \(byteCount) bytes"
        case .notUTF8(let offset): "the string at byte \(offset) is no UTF-8"
        case .missing(let field): "field \(field) is missing"
        case .invalid(let field): "field \(field) has a wrong value"
        case .tooMany(let field): "field \(field) is there too often"
        }
    }
}
