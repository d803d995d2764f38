// SPDX-License-Identifier: Apache-2.0

/// One pattern in the syntax of `gitignore(5)`, over names that are bytes.
package struct IgnorePattern: Hashable, Sendable {
    /// The longest pattern that is accepted, in bytes.
    package static let byteCountLimit = 4096

    /// Whether the pattern takes entries back in: it began with "!".
    let isNegated: Bool
    /// Whether only directories match: it ended with "/".
    let needsDirectory: Bool
    /// Whether the pattern is held against the name alone: it had no other "/".
    private let isName: Bool
    private let shape: Shape

    /// What is compared; the first three need no automaton.
    private enum Shape: Hashable, Sendable {
        case nothing
        case literal([UInt8])
        case suffix(ArraySlice<UInt8>)
        /// Literal bytes, then wildcards.
        case wildcards(prefix: ArraySlice<UInt8>, WildcardProgram)
    }

    /// Reads a pattern without the line's comment, end and trailing spaces.
    package init(_ text: ArraySlice<UInt8>) {
        var text = text
        isNegated = text.first == UInt8(ascii: "!")
        if isNegated { text = text.dropFirst() }
        needsDirectory = text.last == UInt8(ascii: "/")
        if needsDirectory { text = text.dropLast() }
        isName = !text.contains(UInt8(ascii: "/"))
        if text.first == UInt8(ascii: "/") { text = text.dropFirst() }
        shape = Self.shape(text, isName: isName)
    }

    private static func shape(_ text: ArraySlice<UInt8>, isName: Bool) -> Shape {
        guard !text.isEmpty else { return .nothing }
        guard let special = text.firstIndex(where: WildcardProgram.isSpecial) else {
            return .literal(Array(text))
        }
        let rest = text[(special + 1)...]
        if isName, special == text.startIndex, text[special] == UInt8(ascii: "*"),
            !rest.contains(where: WildcardProgram.isSpecial)
        {
            return .suffix(rest)
        }
        // Git, too, cuts the literal bytes off first, so that in "a/b**/c" the stars stand at a
        // beginning and cross slashes.
        guard let program = WildcardProgram(parsing: text[special...]) else { return .nothing }
        return .wildcards(prefix: text[..<special], program)
    }

    /// Whether an entry matches.
    ///
    /// `path` leads to the entry from the directory that the pattern belongs to; its name starts
    /// at `nameOffset`.
    package func matches(_ path: Span<UInt8>, nameOffset: Int, isDirectory: Bool) -> Bool {
        if needsDirectory, !isDirectory { return false }
        let text = isName ? path.extracting(nameOffset...) : path
        switch shape {
        case .nothing: return false
        case .literal(let literal):
            return text.count == literal.count && Self.hasPrefix(text, literal[...])
        case .suffix(let suffix):
            guard text.count >= suffix.count else { return false }
            return Self.hasPrefix(text.extracting((text.count - suffix.count)...), suffix)
        case .wildcards(let prefix, let program):
            guard Self.hasPrefix(text, prefix) else { return false }
            return program.matches(text.extracting(prefix.count...))
        }
    }

    private static func hasPrefix(_ text: Span<UInt8>, _ prefix: ArraySlice<UInt8>) -> Bool {
        guard text.count >= prefix.count else { return false }
        var offset = 0
        for byte in prefix {
            if text[offset] != byte { return false }
            offset += 1
        }
        return true
    }
}
