// SPDX-License-Identifier: Apache-2.0

/// Reads JSON strings: RFC 8259, section 7.
enum DAGJSONText {
    /// Reads the string whose opening quote is at `cursor`, which moves past the closing one.
    static func read(
        from bytes: Span<UInt8>, at cursor: inout Int
    ) throws(DAGJSONError) -> String {
        let start = cursor
        cursor += 1
        var unescaped: [UInt8] = []
        var plainStart = cursor
        while true {
            guard cursor < bytes.count else { throw .truncated(offset: start) }
            switch bytes[cursor] {
            case UInt8(ascii: "\""):
                let plain = plainStart..<cursor
                cursor += 1
                // Most text has no escapes and is checked where it lies.
                if unescaped.isEmpty { return try text(bytes.extracting(plain), start: start) }
                unescaped += bytes.copied(plain)
                return try text(unescaped.span, start: start)
            case UInt8(ascii: "\\"):
                unescaped += bytes.copied(plainStart..<cursor)
                try appendEscape(in: bytes, at: &cursor, to: &unescaped)
                plainStart = cursor
            case ..<0x20: throw .unexpected(offset: cursor, bytes[cursor])
            default: cursor += 1
            }
        }
    }

    private static func text(
        _ bytes: Span<UInt8>, start: Int
    ) throws(DAGJSONError) -> String {
        do { return String(copying: try UTF8Span(validating: bytes)) } catch {
            throw .invalidUTF8(offset: start)
        }
    }

    /// Appends what the escape at `cursor` stands for, at least one byte.
    private static func appendEscape(
        in bytes: Span<UInt8>, at cursor: inout Int, to output: inout [UInt8]
    ) throws(DAGJSONError) {
        let start = cursor
        guard bytes.count - start >= 2 else { throw .truncated(offset: start) }
        cursor += 2
        switch bytes[start + 1] {
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "n"): output.append(0x0a)
        case UInt8(ascii: "f"): output.append(0x0c)
        case UInt8(ascii: "r"): output.append(0x0d)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            output.append(bytes[start + 1])
        case UInt8(ascii: "u"):
            var value = try codeUnit(in: bytes, at: &cursor, start: start)
            if 0xd800..<0xdc00 ~= value {
                guard bytes.count - cursor >= 2, bytes[cursor] == UInt8(ascii: "\\"),
                    bytes[cursor + 1] == UInt8(ascii: "u")
                else { throw .escape(offset: start) }
                cursor += 2
                let low = try codeUnit(in: bytes, at: &cursor, start: start)
                guard 0xdc00..<0xe000 ~= low else { throw .escape(offset: start) }
                value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
            }
            // Nil is half of a surrogate pair.
            guard let scalar = Unicode.Scalar(value) else { throw .escape(offset: start) }
            output.append(contentsOf: String(Character(scalar)).utf8)
        default: throw .escape(offset: start)
        }
    }

    private static func codeUnit(
        in bytes: Span<UInt8>, at cursor: inout Int, start: Int
    ) throws(DAGJSONError) -> UInt32 {
        guard bytes.count - cursor >= 4 else { throw .truncated(offset: start) }
        var value: UInt32 = 0
        for index in cursor..<cursor + 4 {
            let byte = bytes[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw .escape(offset: start)
            }
            value = value << 4 | UInt32(digit)
        }
        cursor += 4
        return value
    }
}
