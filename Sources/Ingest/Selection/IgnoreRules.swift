// SPDX-License-Identifier: Apache-2.0

/// The patterns of one ignore file, or of the command line; the last that matches decides.
///
/// Syntax: <https://git-scm.com/docs/gitignore>.
public struct IgnoreRules: Hashable, Sendable {
    /// The largest file that is read, in bytes.
    public static let byteCountLimit = 1 << 20

    /// The most patterns that are kept.
    public static let patternCountLimit = 10_000

    private var patterns: [IgnorePattern] = []

    /// Rules without a pattern.
    public init() {}

    /// Reads the lines of an ignore file.
    ///
    /// - Throws: ``IgnoreRulesError``; a line that Git would never match is no error.
    public init(parsing bytes: [UInt8]) throws(IgnoreRulesError) {
        guard bytes.count <= Self.byteCountLimit else {
            throw .tooLarge(byteCount: bytes.count)
        }
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
        var number = 0
        for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let pattern = Self.pattern(of: line)
            guard !pattern.isEmpty else { continue }
            try append(pattern, line: number)
        }
    }

    /// Whether there is no pattern.
    public var isEmpty: Bool { patterns.isEmpty }

    /// Adds a pattern from the command line, where "#" and spaces mean themselves.
    ///
    /// - Throws: ``IgnoreRulesError``.
    mutating func append(argument: String) throws(IgnoreRulesError) {
        let bytes = Array(argument.utf8)
        guard !bytes.isEmpty else { throw .emptyArgument }
        guard bytes.first != UInt8(ascii: "!") else { throw .negatedArgument(argument) }
        try append(bytes[...], line: nil)
    }

    private mutating func append(
        _ pattern: ArraySlice<UInt8>, line: Int?
    ) throws(IgnoreRulesError) {
        guard pattern.count <= IgnorePattern.byteCountLimit else {
            throw .patternTooLong(line: line, byteCount: pattern.count)
        }
        guard patterns.count < Self.patternCountLimit else { throw .tooManyPatterns }
        patterns.append(IgnorePattern(pattern))
    }

    /// Whether the last pattern that matches ignores the entry; nil if none matches.
    func verdict(_ path: Span<UInt8>, nameOffset: Int, isDirectory: Bool) -> Bool? {
        for index in patterns.indices.reversed()
        where patterns[index].matches(path, nameOffset: nameOffset, isDirectory: isDirectory) {
            return !patterns[index].isNegated
        }
        return nil
    }

    /// A line without comment, carriage return and trailing spaces that are not escaped.
    private static func pattern(of line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard line.first != UInt8(ascii: "#") else { return [] }
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        var end = line.startIndex
        var position = line.startIndex
        while position < line.endIndex {
            switch line[position] {
            case UInt8(ascii: " "): break
            case UInt8(ascii: "\\"):
                position = min(position + 1, line.endIndex - 1)
                end = position + 1
            default: end = position + 1
            }
            position += 1
        }
        return line[..<end]
    }
}

/// Why patterns are refused.
public enum IgnoreRulesError: Error, Hashable, Sendable {
    /// The file is over ``IgnoreRules/byteCountLimit``.
    case tooLarge(byteCount: Int)
    /// There are more than ``IgnoreRules/patternCountLimit`` patterns.
    case tooManyPatterns
    /// A pattern is over 4096 bytes; the line is nil on the command line.
    case patternTooLong(line: Int?, byteCount: Int)
    /// A pattern on the command line is empty.
    case emptyArgument
    /// A pattern on the command line starts with "!".
    case negatedArgument(String)
}

extension IgnoreRulesError: CustomStringConvertible {
    /// What is wrong and what to do about it.
    public var description: String {
        switch self {
        case .tooLarge(let byteCount):
            "\(byteCount) bytes of ignore rules are over the limit of "
                + "\(IgnoreRules.byteCountLimit): use wider patterns, or ignore files in "
                + "directories below"
        case .tooManyPatterns:
            "more than \(IgnoreRules.patternCountLimit) ignore patterns: use wider patterns, or "
                + "ignore files in directories below"
        case .patternTooLong(let line, let byteCount):
            (line.map { "line \($0): " } ?? "")
                + "a pattern of \(byteCount) bytes is over the limit of "
                + "\(IgnorePattern.byteCountLimit): shorten it with wildcards"
        case .emptyArgument: "--exclude and --include need a pattern, such as '*.tmp'"
        case .negatedArgument(let text):
            "pattern \"\(text)\" starts with \"!\": use --include to take entries back in, or "
                + "\"\\!\" for a name that starts so"
        }
    }
}
