// SPDX-License-Identifier: Apache-2.0

/// Reads JSON numbers: RFC 8259, section 6.
enum DAGJSONNumber {
    /// Reads the number at `cursor`, which moves past it.
    static func read(
        from bytes: Span<UInt8>, at cursor: inout Int
    ) throws(DAGJSONError) -> IPLDValue {
        let start = cursor
        let isNegative = bytes[cursor] == UInt8(ascii: "-")
        if isNegative { cursor += 1 }
        let whole = skipDigits(in: bytes, at: &cursor)
        let hasLeadingZero = whole.count > 1 && bytes[whole.lowerBound] == UInt8(ascii: "0")
        guard !whole.isEmpty, !hasLeadingZero else { throw .number(offset: start) }
        var isFloat = false
        if byte(in: bytes, at: cursor) == UInt8(ascii: ".") {
            isFloat = true
            cursor += 1
            if skipDigits(in: bytes, at: &cursor).isEmpty { throw .number(offset: start) }
        }
        if let letter = byte(in: bytes, at: cursor), letter | 0x20 == UInt8(ascii: "e") {
            isFloat = true
            cursor += 1
            let sign = byte(in: bytes, at: cursor)
            if sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { cursor += 1 }
            if skipDigits(in: bytes, at: &cursor).isEmpty { throw .number(offset: start) }
        }
        return isFloat
            ? .float(try float(bytes, start..<cursor))
            : .integer(try integer(bytes, whole, isNegative: isNegative, start: start))
    }

    private static func integer(
        _ bytes: Span<UInt8>, _ digits: Range<Int>, isNegative: Bool, start: Int
    ) throws(DAGJSONError) -> Int128 {
        // 2^64 has 20 digits, so that no sum below comes near the bounds of Int128.
        guard digits.count <= 20 else { throw .integerTooLarge(offset: start) }
        var value: Int128 = 0
        for index in digits { value = value * 10 + Int128(bytes[index] - UInt8(ascii: "0")) }
        if isNegative { value = -value }
        guard DAGJSON.integers.contains(value) else { throw .integerTooLarge(offset: start) }
        return value
    }

    private static func float(
        _ bytes: Span<UInt8>, _ range: Range<Int>
    ) throws(DAGJSONError) -> Double {
        let text = String(decoding: bytes.copied(range), as: UTF8.self)
        guard let value = Double(text) else { throw .number(offset: range.lowerBound) }
        guard value.isFinite else { throw .floatTooLarge(offset: range.lowerBound) }
        return value
    }

    private static func byte(in bytes: Span<UInt8>, at offset: Int) -> UInt8? {
        offset < bytes.count ? bytes[offset] : nil
    }

    private static func skipDigits(in bytes: Span<UInt8>, at cursor: inout Int) -> Range<Int> {
        let start = cursor
        while cursor < bytes.count,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[cursor])
        {
            cursor += 1
        }
        return start..<cursor
    }
}
