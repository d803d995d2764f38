// SPDX-License-Identifier: Apache-2.0

/// Text that says in its first character which base the rest is in.
///
/// Spec: <https://github.com/multiformats/multibase>.
public enum Multibase {
    /// The prefix of `encoding`, then `bytes` in that base.
    ///
    /// - Complexity: O(bytes), squared for bases 36 and 58.
    public static func encode(_ bytes: Span<UInt8>, in encoding: MultibaseEncoding) -> String {
        encoding.encode(bytes, after: [encoding.prefix])
    }

    /// The base that `text` says it is in, and its bytes.
    ///
    /// - Throws: ``MultibaseError`` with the offset of the UTF-8 byte in `text`.
    /// - Complexity: O(text), squared for bases 36 and 58.
    public static func decode(
        _ text: String
    ) throws(MultibaseError) -> (encoding: MultibaseEncoding, bytes: [UInt8]) {
        guard let prefix = text.utf8.first else { throw .empty }
        guard let encoding = MultibaseEncoding(prefix: prefix) else {
            throw .unknownPrefix(prefix)
        }
        let digits = [UInt8](text.utf8)
        return (encoding, try encoding.decode(digits.span, from: 1))
    }
}

/// Why text is not multibase, or not in the base it should be in.
///
/// Offsets count the UTF-8 bytes of the text as it was passed.
public enum MultibaseError: Error, Hashable, Sendable {
    /// There is no text, so no prefix.
    case empty
    /// No base that is known here has this prefix, the first byte of the text.
    case unknownPrefix(UInt8)
    /// A byte that is no digit of the base.
    case invalidDigit(offset: Int)
    /// A last digit that cannot stand alone.
    case invalidLength(offset: Int)
    /// Bits of the last digit that belong to no byte are set.
    case strayBits(offset: Int)
    /// Padding that is missing, too short or too long; digits end at the offset.
    case invalidPadding(offset: Int)
    /// More text than ``MultibaseEncoding/maximumTextByteCount``.
    case tooLong(byteCount: Int)
}

extension MultibaseError: CustomStringConvertible {
    /// A sentence for the user.
    public var description: String {
        switch self {
        case .empty: "there is no text"
        case .unknownPrefix(let byte):
            "no multibase prefix: 0x" + String(byte, radix: 16)
        case .invalidDigit(let offset): "byte \(offset) of the text is no digit of its base"
        case .invalidLength(let offset): "the digit at byte \(offset) is one too many or too few"
        case .strayBits(let offset): "the digit at byte \(offset) has stray bits"
        case .invalidPadding(let offset): "the padding at byte \(offset) is wrong"
        case .tooLong(let byteCount): "text of \(byteCount) bytes is too long for its base"
        }
    }
}
