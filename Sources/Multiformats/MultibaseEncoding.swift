// SPDX-License-Identifier: Apache-2.0

/// The bases of the multibase table that IPFS uses.
///
/// Decoding is strict about length, padding and stray bits, so that bytes have one text each, but
/// takes both cases in bases 16, 32 and 36, which the multibase tests ask for.
public enum MultibaseEncoding: Hashable, Sendable, CaseIterable {
    case base16, base16Upper
    case base32, base32Upper, base32Pad, base32PadUpper
    case base32Hex, base32HexUpper, base32HexPad, base32HexPadUpper
    case base36, base36Upper
    case base58btc
    case base64, base64Pad, base64URL, base64URLPad

    /// The encoding with this multibase prefix, an ASCII character; nil if none is known here.
    public init?(prefix: UInt8) {
        guard let encoding = Self.allCases.first(where: { $0.prefix == prefix }) else {
            return nil
        }
        self = encoding
    }

    /// The encoding with this multibase name, such as `base32upper`; nil if none is known here.
    public init?(name: String) {
        guard let encoding = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = encoding
    }

    /// The multibase prefix, an ASCII character.
    public var prefix: UInt8 { row.prefix }

    /// The name in the multibase table.
    public var name: String { row.name }

    /// The longest text that is decoded, in UTF-8 bytes.
    ///
    /// 4 MiB where the cost is linear, enough for a block in base64; 8 KiB for bases 36 and 58,
    /// where it is squared and a CID or a key is the longest thing met. Both are guesses.
    public var maximumTextByteCount: Int {
        switch self {
        case .base36, .base36Upper, .base58btc: 8 << 10
        default: 4 << 20
        }
    }

    /// The text of `bytes`, without a multibase prefix.
    ///
    /// - Complexity: O(bytes), squared for bases 36 and 58.
    public func encode(_ bytes: Span<UInt8>) -> String { encode(bytes, after: []) }

    /// The bytes of `text`, which has no multibase prefix.
    ///
    /// - Throws: ``MultibaseError`` with the offset of the UTF-8 byte in `text`.
    /// - Complexity: O(text), squared for bases 36 and 58.
    public func decode(_ text: String) throws(MultibaseError) -> [UInt8] {
        let digits = [UInt8](text.utf8)
        return try decode(digits.span, from: 0)
    }

    func encode(_ bytes: Span<UInt8>, after prefix: [UInt8]) -> String {
        var output = prefix
        switch self {
        case .base36, .base36Upper, .base58btc:
            PositionalBase(row.alphabet).encode(bytes, to: &output)
        default:
            BitGroupBase(row.alphabet, isPadded: isPadded).encode(bytes, to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Decodes the digits from `offset` on.
    func decode(_ digits: Span<UInt8>, from offset: Int) throws(MultibaseError) -> [UInt8] {
        guard digits.count <= maximumTextByteCount else { throw .tooLong(byteCount: digits.count) }
        switch self {
        case .base36, .base36Upper, .base58btc:
            return try PositionalBase(row.alphabet).decode(digits, from: offset)
        default:
            return try BitGroupBase(row.alphabet, isPadded: isPadded).decode(digits, from: offset)
        }
    }

    private var isPadded: Bool {
        switch self {
        case .base32Pad, .base32PadUpper, .base32HexPad, .base32HexPadUpper, .base64Pad,
            .base64URLPad:
            true
        default: false
        }
    }

    /// The row of <https://github.com/multiformats/multibase/blob/master/multibase.csv>.
    private var row: (prefix: UInt8, name: String, alphabet: BaseAlphabet) {
        switch self {
        case .base16: (UInt8(ascii: "f"), "base16", .base16)
        case .base16Upper: (UInt8(ascii: "F"), "base16upper", .base16Upper)
        case .base32: (UInt8(ascii: "b"), "base32", .base32)
        case .base32Upper: (UInt8(ascii: "B"), "base32upper", .base32Upper)
        case .base32Pad: (UInt8(ascii: "c"), "base32pad", .base32)
        case .base32PadUpper: (UInt8(ascii: "C"), "base32padupper", .base32Upper)
        case .base32Hex: (UInt8(ascii: "v"), "base32hex", .base32Hex)
        case .base32HexUpper: (UInt8(ascii: "V"), "base32hexupper", .base32HexUpper)
        case .base32HexPad: (UInt8(ascii: "t"), "base32hexpad", .base32Hex)
        case .base32HexPadUpper: (UInt8(ascii: "T"), "base32hexpadupper", .base32HexUpper)
        case .base36: (UInt8(ascii: "k"), "base36", .base36)
        case .base36Upper: (UInt8(ascii: "K"), "base36upper", .base36Upper)
        case .base58btc: (UInt8(ascii: "z"), "base58btc", .base58btc)
        case .base64: (UInt8(ascii: "m"), "base64", .base64)
        case .base64Pad: (UInt8(ascii: "M"), "base64pad", .base64)
        case .base64URL: (UInt8(ascii: "u"), "base64url", .base64URL)
        case .base64URLPad: (UInt8(ascii: "U"), "base64urlpad", .base64URL)
        }
    }
}
