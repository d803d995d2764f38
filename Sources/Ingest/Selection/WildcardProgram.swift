// SPDX-License-Identifier: Apache-2.0

/// The wildcards of one pattern, as the states of an automaton that is always in several at once.
///
/// No pattern makes it slow: it never goes back in the text, and every byte moves each state at
/// most once.
struct WildcardProgram: Hashable, Sendable {
    /// A state: what is expected next.
    enum Token: Hashable, Sendable {
        /// This byte.
        case byte(UInt8)
        /// Any byte but "/".
        case any
        /// One of these bytes, never "/".
        case oneOf(ByteSet)
        /// Any bytes but "/": `*`.
        case star
        /// Any bytes: `**` at the end.
        case starStar
        /// The start of `**/`: nothing, or ``directories``, which stands next.
        case optionalDirectories
        /// Any bytes up to a "/" and that itself.
        case directories
    }

    private let tokens: [Token]

    init(_ tokens: [Token]) {
        self.tokens = tokens
    }

    /// Whether all of `text` matches.
    ///
    /// - Complexity: O(text length × pattern length) at worst, for most patterns O(text length).
    func matches(_ text: Span<UInt8>) -> Bool {
        // One bit per state, the last for acceptance.
        let wordCount = tokens.count / 64 + 1
        return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2 * wordCount) { words in
            words.initialize(repeating: 0)
            // Both halves lie within the allocation.
            var current = StateSet(words: words.extracting(..<wordCount))
            var next = StateSet(words: words.extracting(wordCount...))
            current.insert(0)
            for offset in text.indices {
                next.removeAll()
                step(current, to: next, text[offset])
                if next.isEmpty { return false }
                swap(&current, &next)
            }
            follow(current)
            return current.contains(tokens.count)
        }
    }

    /// Moves every state in `current` over `byte`.
    private func step(_ current: StateSet, to next: StateSet, _ byte: UInt8) {
        let slash = UInt8(ascii: "/")
        var state = current.first(from: 0)
        while let index = state, index < tokens.count {
            switch tokens[index] {
            case .byte(let expected): if byte == expected { next.insert(index + 1) }
            case .any: if byte != slash { next.insert(index + 1) }
            case .oneOf(let set): if set.contains(byte) { next.insert(index + 1) }
            case .star:
                current.insert(index + 1)
                if byte != slash { next.insert(index) }
            case .starStar:
                current.insert(index + 1)
                next.insert(index)
            case .optionalDirectories:
                current.insert(index + 1)
                current.insert(index + 2)
            case .directories:
                next.insert(index)
                if byte == slash { next.insert(index + 1) }
            }
            // States that need no byte lead forward only, so one pass in order finds them all.
            state = current.first(from: index + 1)
        }
    }

    /// Adds the states that are reached without a byte.
    private func follow(_ current: StateSet) {
        var state = current.first(from: 0)
        while let index = state, index < tokens.count {
            switch tokens[index] {
            case .star, .starStar: current.insert(index + 1)
            case .optionalDirectories: current.insert(index + 2)
            case .byte, .any, .oneOf, .directories: break
            }
            state = current.first(from: index + 1)
        }
    }
}

/// A set of states in memory that the caller owns; it is big enough for every state asked for.
private struct StateSet {
    let words: UnsafeMutableBufferPointer<UInt64>

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    func insert(_ state: Int) { words[state / 64] |= 1 << UInt64(state % 64) }

    func contains(_ state: Int) -> Bool { words[state / 64] >> UInt64(state % 64) & 1 == 1 }

    func removeAll() { words.update(repeating: 0) }

    /// The least state that is at least `start`.
    func first(from start: Int) -> Int? {
        var index = start / 64
        guard index < words.count else { return nil }
        var word = words[index] & (UInt64.max << UInt64(start % 64))
        while word == 0 {
            index += 1
            guard index < words.count else { return nil }
            word = words[index]
        }
        return index * 64 + word.trailingZeroBitCount
    }
}

/// A set of bytes.
struct ByteSet: Hashable, Sendable {
    private var words = SIMD4<UInt64>()

    func contains(_ byte: UInt8) -> Bool {
        words[Int(byte / 64)] >> UInt64(byte % 64) & 1 == 1
    }

    mutating func insert(_ byte: UInt8) {
        words[Int(byte / 64)] |= 1 << UInt64(byte % 64)
    }

    mutating func remove(_ byte: UInt8) {
        words[Int(byte / 64)] &= ~(1 << UInt64(byte % 64))
    }

    mutating func invert() {
        words = ~words
    }
}
