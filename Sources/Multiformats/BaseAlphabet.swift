// SPDX-License-Identifier: Apache-2.0

/// The digits of a base, and what each byte is worth as a digit.
struct BaseAlphabet: Sendable {
    /// The digits by value.
    let digits: [UInt8]

    /// The value of each byte as a digit, `notADigit` for most.
    private let values: [UInt8]

    private static let notADigit: UInt8 = 0xff

    /// The number of digits.
    var radix: Int { digits.count }

    private init(_ text: String, bothCases: Bool) {
        digits = [UInt8](text.utf8)
        var values = [UInt8](repeating: Self.notADigit, count: 256)
        for (value, digit) in digits.enumerated() {
            values[Int(digit)] = UInt8(value)
            let isLetter = (0x41...0x5a).contains(digit & 0xdf)
            // Bit 0x20 is all that parts an ASCII letter's cases.
            if bothCases && isLetter { values[Int(digit ^ 0x20)] = UInt8(value) }
        }
        self.values = values
    }

    /// The value of the digit at `offset` of `text`.
    func value(_ text: Span<UInt8>, at offset: Int) throws(MultibaseError) -> UInt8 {
        let value = values[Int(text[offset])]
        guard value != Self.notADigit else { throw .invalidDigit(offset: offset) }
        return value
    }

    static let base16 = BaseAlphabet("0123456789abcdef", bothCases: true)
    static let base16Upper = BaseAlphabet("0123456789ABCDEF", bothCases: true)
    static let base32 = BaseAlphabet("abcdefghijklmnopqrstuvwxyz234567", bothCases: true)
    static let base32Upper = BaseAlphabet("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bothCases: true)
    static let base32Hex = BaseAlphabet("0123456789abcdefghijklmnopqrstuv", bothCases: true)
    static let base32HexUpper = BaseAlphabet("0123456789ABCDEFGHIJKLMNOPQRSTUV", bothCases: true)
    static let base36 = BaseAlphabet("0123456789abcdefghijklmnopqrstuvwxyz", bothCases: true)
    static let base36Upper = BaseAlphabet("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", bothCases: true)
    static let base58btc = BaseAlphabet(
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", bothCases: false)
    static let base64 = BaseAlphabet(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", bothCases: false)
    static let base64URL = BaseAlphabet(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", bothCases: false)
}
