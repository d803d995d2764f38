// SPDX-License-Identifier: Apache-2.0

/// Why a text is no chunker; the first value of each case is the text.
public enum ChunkerSpecError: Error, Hashable, Sendable {
    /// No chunker has this name.
    case unknown(String)
    /// The number of parts is wrong.
    case form(String, expected: String)
    /// A size is no whole number, or one beyond 64 bits.
    case number(String, found: String)
    /// A label other than the one expected in its place.
    case label(String, expected: String)
    /// A size is below what the chunker needs.
    case tooSmall(String, byteCount: Int, least: Int)
    /// A size is above ``ChunkerSpec/chunkByteCountLimit``.
    case tooLarge(String, byteCount: Int)
    /// Minimum, average and maximum do not rise.
    case order(String)
}

extension ChunkerSpecError: CustomStringConvertible {
    /// What is wrong and what to write instead.
    public var description: String {
        switch self {
        case .unknown(let text):
            "chunker \"\(text)\" is not known: use size-N, rabin, rabin-AVG, "
                + "rabin-MIN-AVG-MAX, buzhash, fastcdc or fastcdc-MIN-AVG-MAX"
        case .form(let text, let expected):
            "chunker \"\(text)\" has the wrong number of parts: write \(expected)"
        case .number(let text, let found):
            "chunker \"\(text)\": \"\(found)\" is not a size: write bytes as a whole number, "
                + "such as 262144"
        case .label(let text, let expected):
            "chunker \"\(text)\" has its labels wrong: write \(expected): in this place, or no "
                + "label"
        case .tooSmall(let text, let byteCount, let least):
            "chunker \"\(text)\": \(byteCount) is too small: use at least \(least) bytes"
        case .tooLarge(let text, let byteCount):
            "chunker \"\(text)\": a chunk of up to \(byteCount) bytes does not fit a block: use "
                + "at most \(ChunkerSpec.chunkByteCountLimit) bytes"
        case .order(let text):
            "chunker \"\(text)\": the sizes must rise: write MIN < AVG < MAX"
        }
    }
}
