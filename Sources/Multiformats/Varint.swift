// SPDX-License-Identifier: Apache-2.0

/// Unsigned varints as multiformats use them: minimal, at most nine bytes, up to 2^63-1.
///
/// Not the protobuf varint, which allows ten bytes and 64 bits.
/// Spec: <https://github.com/multiformats/unsigned-varint>.
public enum Varint {
    /// The largest number of bytes one encoded value takes.
    public static let maximumByteCount = 9

    /// The number of bytes that `value` takes when encoded.
    ///
    /// - Complexity: O(1).
    public static func byteCount(of value: UInt64) -> Int {
        value == 0 ? 1 : (64 - value.leadingZeroBitCount + 6) / 7
    }

    /// Appends the minimal encoding of `value` to `output`.
    ///
    /// `value` must be at most 2^63-1; larger ones are a mistake of the caller.
    public static func append(_ value: UInt64, to output: inout [UInt8]) {
        precondition(value >> 63 == 0, "varint value \(value) is over 2^63-1")
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Reads one varint at `cursor`, which moves only on success.
    ///
    /// - Throws: ``VarintError`` with the byte offset at which the varint starts.
    /// - Complexity: O(1), at most nine bytes; does not allocate.
    public static func read(
        from bytes: Span<UInt8>, at cursor: inout Int
    ) throws(VarintError) -> UInt64 {
        var value: UInt64 = 0
        var position = cursor
        while position < bytes.count {
            let byte = bytes[position]
            let index = position - cursor
            if index == maximumByteCount { throw .tooLong(offset: cursor) }
            value |= UInt64(byte & 0x7f) << UInt64(7 * index)
            position += 1
            if byte < 0x80 {
                if byte == 0 && index > 0 { throw .notMinimal(offset: cursor) }
                cursor = position
                return value
            }
        }
        if position - cursor >= maximumByteCount { throw .tooLong(offset: cursor) }
        throw .truncated(offset: cursor)
    }
}

/// Why bytes are not a varint; every case carries the offset of the varint's first byte.
public enum VarintError: Error, Hashable, Sendable {
    /// The input ended inside the varint.
    case truncated(offset: Int)
    /// A shorter encoding of the same value exists.
    case notMinimal(offset: Int)
    /// The varint goes on past nine bytes.
    case tooLong(offset: Int)
}

extension VarintError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .truncated(let offset): "the varint at byte \(offset) is cut short"
        case .notMinimal(let offset): "the varint at byte \(offset) is not minimal"
        case .tooLong(let offset): "the varint at byte \(offset) is longer than nine bytes"
        }
    }
}
