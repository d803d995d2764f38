// SPDX-License-Identifier: Apache-2.0

/// Bases whose digits are groups of 4, 5 or 6 bits, first bits first (RFC 4648).
struct BitGroupBase {
    private let alphabet: BaseAlphabet
    private let digitBitCount: Int

    /// Padded text is a whole number of groups of this many digits; 1 for no padding.
    private let groupDigitCount: Int

    private static let padding = UInt8(ascii: "=")

    /// The alphabet must have 16, 32 or 64 digits.
    init(_ alphabet: BaseAlphabet, isPadded: Bool) {
        self.alphabet = alphabet
        self.digitBitCount = alphabet.radix.trailingZeroBitCount
        // The fewest digits that are whole bytes: 8 of 5 bits, 4 of 6 bits.
        self.groupDigitCount = isPadded ? (digitBitCount == 5 ? 8 : 4) : 1
    }

    func encode(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        let digitCount = (bytes.count * 8 + digitBitCount - 1) / digitBitCount
        let paddedCount = (digitCount + groupDigitCount - 1) / groupDigitCount * groupDigitCount
        output.reserveCapacity(output.count + paddedCount)
        let mask = (1 << digitBitCount) - 1
        var bits = 0
        var bitCount = 0
        for index in bytes.indices {
            bits = (bits << 8 | Int(bytes[index])) & 0xffff
            bitCount += 8
            while bitCount >= digitBitCount {
                bitCount -= digitBitCount
                output.append(alphabet.digits[bits >> bitCount & mask])
            }
        }
        if bitCount > 0 {
            output.append(alphabet.digits[bits << (digitBitCount - bitCount) & mask])
        }
        for _ in digitCount..<paddedCount { output.append(Self.padding) }
    }

    func decode(_ text: Span<UInt8>, from start: Int) throws(MultibaseError) -> [UInt8] {
        let end = try digitsEnd(text, from: start)
        var output: [UInt8] = []
        output.reserveCapacity((end - start) * digitBitCount / 8)
        var bits = 0
        var bitCount = 0
        for offset in start..<end {
            bits = (bits << digitBitCount | Int(try alphabet.value(text, at: offset))) & 0xffff
            bitCount += digitBitCount
            if bitCount >= 8 {
                bitCount -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
        }
        guard bitCount < digitBitCount else { throw .invalidLength(offset: end - 1) }
        guard bits & ((1 << bitCount) - 1) == 0 else { throw .strayBits(offset: end - 1) }
        return output
    }

    /// Where the digits end, after a check that the right padding fills the rest.
    private func digitsEnd(_ text: Span<UInt8>, from start: Int) throws(MultibaseError) -> Int {
        guard groupDigitCount > 1 else { return text.count }
        var end = text.count
        while end > start, text[end - 1] == Self.padding { end -= 1 }
        let expected = (groupDigitCount - (end - start) % groupDigitCount) % groupDigitCount
        guard text.count - end == expected else { throw .invalidPadding(offset: end) }
        return end
    }
}
