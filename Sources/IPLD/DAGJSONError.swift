// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not DAG-JSON, or a value has no such form; offsets count from the first byte.
public enum DAGJSONError: Error, Hashable, Sendable {
    /// The input ends inside a value.
    case truncated(offset: Int)
    /// The byte at `offset` cannot stand there.
    case unexpected(offset: Int, UInt8)
    /// The number at `offset` is not written as JSON demands.
    case number(offset: Int)
    /// The integer at `offset` is outside of -2^64 … 2^64-1.
    case integerTooLarge(offset: Int)
    /// The float at `offset` is too large for 64 bits.
    case floatTooLarge(offset: Int)
    /// The escape at `offset` is unknown, or is half of a surrogate pair.
    case escape(offset: Int)
    /// The text at `offset` is not UTF-8.
    case invalidUTF8(offset: Int)
    /// The key at `offset` occurs a second time in its map.
    case repeatedKey(offset: Int)
    /// The map at `offset` looks like a link or like bytes but has more entries.
    case reserved(offset: Int)
    /// The text of the link at `offset` is not that of a CID.
    case link(offset: Int)
    /// The text of the bytes at `offset` is not base64.
    case base64(offset: Int)
    /// The value at `offset` is nested deeper than allowed.
    case tooDeep(offset: Int)
    /// Something other than space follows the value, from `offset` on.
    case trailingBytes(offset: Int)
    /// An integer outside of -2^64 … 2^64-1 cannot be written.
    case integerRange(Int128)
    /// A float that is not a finite number cannot be written.
    case unwritableFloat
    /// A map that would read as a link or as bytes cannot be written.
    case unwritableMap
}

extension DAGJSONError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .truncated(let offset): "the text ends too early, at byte \(offset)"
        case .unexpected(let offset, let byte): "the byte \(byte) cannot stand at \(offset)"
        case .number(let offset): "the number at byte \(offset) is not one of JSON"
        case .integerTooLarge(let offset):
            "the integer at byte \(offset) does not fit in 64 bits and a sign"
        case .floatTooLarge(let offset): "the float at byte \(offset) does not fit in 64 bits"
        case .escape(let offset): "the escape at byte \(offset) is unknown"
        case .invalidUTF8(let offset): "the text at byte \(offset) is not UTF-8"
        case .repeatedKey(let offset): "the key at byte \(offset) is there twice"
        case .reserved(let offset):
            "the map at byte \(offset) is like a link or bytes but is neither"
        case .link(let offset): "the link at byte \(offset) is not a CID"
        case .base64(let offset): "the bytes at byte \(offset) are not base64"
        case .tooDeep(let offset): "the value at byte \(offset) is nested too deep"
        case .trailingBytes(let offset): "text follows the value, from byte \(offset) on"
        case .integerRange(let value): "\(value) does not fit in 64 bits and a sign"
        case .unwritableFloat: "the float is not a finite number"
        case .unwritableMap: "the map would be read as a link or as bytes"
        }
    }
}
