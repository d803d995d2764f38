// SPDX-License-Identifier: Apache-2.0

/// Bases in which the bytes are one large number, after a zero digit for each leading zero byte.
///
/// Digits are handled in groups that fit 32 bits, so the squared cost counts groups.
struct PositionalBase {
    private let alphabet: BaseAlphabet
    private let groupDigitCount: Int

    /// The radix to the power of `groupDigitCount`.
    private let groupRadix: UInt64

    init(_ alphabet: BaseAlphabet) {
        var power = UInt64(alphabet.radix)
        var count = 1
        while power * UInt64(alphabet.radix) <= UInt64(UInt32.max) {
            power *= UInt64(alphabet.radix)
            count += 1
        }
        self.alphabet = alphabet
        self.groupDigitCount = count
        self.groupRadix = power
    }

    func encode(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        var zeroCount = 0
        while zeroCount < bytes.count, bytes[zeroCount] == 0 { zeroCount += 1 }
        var limbs = Self.limbs(bytes, from: zeroCount)
        var digits: [UInt8] = []
        var first = 0
        while first < limbs.count {
            var remainder: UInt64 = 0
            for index in first..<limbs.count {
                let dividend = remainder << 32 | UInt64(limbs[index])
                // The remainder is below the divisor, so the quotient fits 32 bits.
                limbs[index] = UInt32(dividend / groupRadix)
                remainder = dividend % groupRadix
            }
            while first < limbs.count, limbs[first] == 0 { first += 1 }
            for _ in 0..<groupDigitCount {
                digits.append(UInt8(remainder % UInt64(alphabet.radix)))
                remainder /= UInt64(alphabet.radix)
            }
        }
        while digits.last == 0 { digits.removeLast() }
        output.append(contentsOf: repeatElement(alphabet.digits[0], count: zeroCount))
        for digit in digits.reversed() { output.append(alphabet.digits[Int(digit)]) }
    }

    func decode(_ text: Span<UInt8>, from start: Int) throws(MultibaseError) -> [UInt8] {
        var zeroCount = 0
        while start + zeroCount < text.count, text[start + zeroCount] == alphabet.digits[0] {
            zeroCount += 1
        }
        /// Least significant first.
        var limbs: [UInt32] = []
        var offset = start + zeroCount
        while offset < text.count {
            var factor: UInt64 = 1
            var carry: UInt64 = 0
            for _ in 0..<min(groupDigitCount, text.count - offset) {
                factor *= UInt64(alphabet.radix)
                carry =
                    carry * UInt64(alphabet.radix)
                    + UInt64(try alphabet.value(text, at: offset))
                offset += 1
            }
            for index in limbs.indices {
                // At most (2^32-1)^2 + 2^32-1, which fits 64 bits.
                carry += UInt64(limbs[index]) * factor
                limbs[index] = UInt32(truncatingIfNeeded: carry)
                carry >>= 32
            }
            if carry > 0 { limbs.append(UInt32(carry)) }
        }
        return Self.bytes(limbs, after: zeroCount)
    }

    /// The number that the bytes from `offset` on are, most significant limb first.
    private static func limbs(_ bytes: Span<UInt8>, from offset: Int) -> [UInt32] {
        let byteCount = bytes.count - offset
        var limbs = [UInt32](repeating: 0, count: (byteCount + 3) / 4)
        for index in 0..<byteCount {
            let place = byteCount - 1 - index
            limbs[limbs.count - 1 - place / 4] |=
                UInt32(bytes[offset + index]) << UInt32(8 * (place % 4))
        }
        return limbs
    }

    /// The bytes of a number, least significant limb first, behind `zeroCount` zeros.
    private static func bytes(_ limbs: [UInt32], after zeroCount: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: zeroCount)
        bytes.reserveCapacity(zeroCount + 4 * limbs.count)
        for limb in limbs.reversed() {
            for shift: UInt32 in [24, 16, 8, 0] {
                let byte = UInt8(truncatingIfNeeded: limb >> shift)
                if byte != 0 || bytes.count > zeroCount { bytes.append(byte) }
            }
        }
        return bytes
    }
}
