// SPDX-License-Identifier: Apache-2.0

extension WildcardProgram {
    /// Whether `byte` is special in a pattern.
    static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "\\"): true
        default: false
        }
    }

    /// Reads wildcards as Git's `wildmatch.c` does; nil if the pattern can match nothing, as with
    /// an open bracket or a backslash at the end.
    init?(parsing pattern: ArraySlice<UInt8>) {
        var parser = WildcardParser(pattern: pattern)
        guard let tokens = parser.tokens() else { return nil }
        self.init(tokens)
    }
}

/// Reads one pattern from left to right.
private struct WildcardParser {
    let pattern: ArraySlice<UInt8>
    var position: Int

    init(pattern: ArraySlice<UInt8>) {
        self.pattern = pattern
        position = pattern.startIndex
    }

    private func byte(at index: Int) -> UInt8? {
        index < pattern.endIndex ? pattern[index] : nil
    }

    private func isByte(_ expected: Unicode.Scalar, at index: Int) -> Bool {
        byte(at: index) == UInt8(ascii: expected)
    }

    mutating func tokens() -> [WildcardProgram.Token]? {
        var tokens: [WildcardProgram.Token] = []
        while let byte = byte(at: position) {
            switch byte {
            case UInt8(ascii: "?"):
                tokens.append(.any)
                position += 1
            case UInt8(ascii: "*"):
                tokens += stars()
            case UInt8(ascii: "["):
                position += 1
                guard let set = bracket() else { return nil }
                tokens.append(.oneOf(set))
            case UInt8(ascii: "\\"):
                guard let escaped = self.byte(at: position + 1) else { return nil }
                tokens.append(.byte(escaped))
                position += 2
            default:
                tokens.append(.byte(byte))
                position += 1
            }
        }
        return tokens
    }

    /// Reads a run of stars: two or more that fill the space between slashes cross them.
    private mutating func stars() -> [WildcardProgram.Token] {
        let start = position
        while isByte("*", at: position) { position += 1 }
        let startsSegment = start == pattern.startIndex || isByte("/", at: start - 1)
        guard position - start > 1, startsSegment else { return [.star] }
        guard let next = byte(at: position) else { return [.starStar] }
        if next == UInt8(ascii: "/") {
            position += 1
            return [.optionalDirectories, .directories]
        }
        // An escaped slash ends the segment, too, but Git then wants it in the text.
        let endsSegment = next == UInt8(ascii: "\\") && isByte("/", at: position + 1)
        return endsSegment ? [.starStar] : [.star]
    }

    /// Reads a bracket expression behind its "["; nil if it is malformed.
    private mutating func bracket() -> ByteSet? {
        var set = ByteSet()
        let isNegated = isByte("!", at: position) || isByte("^", at: position)
        if isNegated { position += 1 }
        // The byte that a "-" would make a range with; none after a range or a class.
        var previous: UInt8?
        // A "]" that comes first stands for itself.
        var isFirst = true
        while isFirst || !isByte("]", at: position) {
            isFirst = false
            guard let byte = byte(at: position) else { return nil }
            if let low = previous, byte == UInt8(ascii: "-"), position + 1 < pattern.endIndex,
                !isByte("]", at: position + 1)
            {
                position += 1
                guard let high = literal() else { return nil }
                if low <= high { for member in low...high { set.insert(member) } }
                previous = nil
            } else if byte == UInt8(ascii: "["), isByte(":", at: position + 1), let end = classEnd()
            {
                guard let members = CharacterClass.members(pattern[position + 2..<end]) else {
                    return nil
                }
                for member in members { set.insert(member) }
                position = end + 2
                previous = nil
            } else {
                guard let member = literal() else { return nil }
                set.insert(member)
                previous = member
            }
        }
        position += 1
        if isNegated { set.invert() }
        set.remove(UInt8(ascii: "/"))
        return set
    }

    /// Reads one byte, escaped or not.
    private mutating func literal() -> UInt8? {
        if isByte("\\", at: position) { position += 1 }
        defer { position += 1 }
        return byte(at: position)
    }

    /// Where the ":]" of the class at the cursor stands; nil if the next "]" is not behind a ":".
    private func classEnd() -> Int? {
        let start = position + 2
        guard let close = pattern[start...].firstIndex(of: UInt8(ascii: "]")) else { return nil }
        return close > start && isByte(":", at: close - 1) ? close - 1 : nil
    }
}

/// The named classes, with the members that Git gives them in ASCII.
private enum CharacterClass {
    static func members(_ name: ArraySlice<UInt8>) -> [UInt8]? {
        let digits = Array(UInt8(ascii: "0")...UInt8(ascii: "9"))
        let upper = Array(UInt8(ascii: "A")...UInt8(ascii: "Z"))
        let lower = Array(UInt8(ascii: "a")...UInt8(ascii: "z"))
        let graphic = Array(UInt8(0x21)...0x7e)
        switch String(decoding: name, as: UTF8.self) {
        case "alnum": return digits + upper + lower
        case "alpha": return upper + lower
        case "blank": return [0x20, 0x09]
        case "cntrl": return Array(0...0x1f) + [0x7f]
        case "digit": return digits
        case "graph": return graphic
        case "lower": return lower
        case "print": return graphic + [0x20]
        case "punct": return graphic.filter { !(digits + upper + lower).contains($0) }
        // Git counts neither vertical tab nor form feed.
        case "space": return [0x20, 0x09, 0x0a, 0x0d]
        case "upper": return upper
        case "xdigit": return digits + Array("abcdefABCDEF".utf8)
        default: return nil
        }
    }
}
