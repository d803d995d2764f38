// SPDX-License-Identifier: Apache-2.0

/// Tokens that content is put together from, the frequent ones as often as in real data.
///
/// Rank r comes up in proportion to 1 / (r + 2), as words do in texts and sources. The tokens are
/// the same for every seed, so that corpora of different seeds compress alike.
struct Vocabulary: Sendable {
    /// The longest token; each lies in a slot of that many bytes.
    static let slotByteCount = 32
    /// Random bits that choose a token.
    static let drawBits = 16

    private static let tokenCount = 4096

    /// The tokens, one a slot, followed by bytes of no interest.
    private let slots: [UInt8]
    private let byteCounts: [UInt8]
    /// The token for each draw.
    private let draws: [UInt16]

    private init(_ tokens: [[UInt8]]) {
        var slots = [UInt8](repeating: 0, count: tokens.count * Self.slotByteCount)
        for (index, token) in tokens.enumerated() {
            precondition(
                (1...Self.slotByteCount).contains(token.count), "token of \(token.count) bytes")
            let start = index * Self.slotByteCount
            slots.replaceSubrange(start..<start + token.count, with: token)
        }
        self.slots = slots
        byteCounts = tokens.map { UInt8($0.count) }
        let weights = tokens.indices.map { 1 / Double($0 + 2) }
        let scale = Double(1 << Self.drawBits) / weights.reduce(0, +)
        var (token, reached) = (0, weights[0] * scale)
        draws = (0..<1 << Self.drawBits).map { draw in
            while Double(draw) >= reached, token < tokens.count - 1 {
                token += 1
                reached += weights[token] * scale
            }
            return UInt16(token)
        }
    }

    /// Writes tokens that `random` chooses into `buffer` until it is full; the last one is cut.
    ///
    /// What fits into a shorter buffer is the beginning of what fits into a longer one.
    ///
    /// - Complexity: O(byte count), some 2 GB/s; does not allocate.
    func fill(_ buffer: UnsafeMutableRawBufferPointer, _ random: inout SplitMix) {
        slots.withUnsafeBytes { slots in
            byteCounts.withUnsafeBufferPointer { byteCounts in
                draws.withUnsafeBufferPointer { draws in
                    var offset = 0
                    var (bits, left) = (UInt64(0), 0)
                    while offset < buffer.count {
                        if left == 0 { (bits, left) = (random.next(), 4) }
                        let token = Int(draws[Int(bits & 0xffff)])
                        bits >>= 16
                        left -= 1
                        // Whole slots are copied while there is room: two moves, no branch on the
                        // token's length. What is too much is overwritten by the next token.
                        let room = min(Self.slotByteCount, buffer.count - offset)
                        let start = token * Self.slotByteCount
                        if room == Self.slotByteCount {
                            let slot = slots.loadUnaligned(
                                fromByteOffset: start, as: SIMD32<UInt8>.self)
                            buffer.storeBytes(of: slot, toByteOffset: offset, as: type(of: slot))
                        } else {
                            for index in 0..<room { buffer[offset + index] = slots[start + index] }
                        }
                        offset += Int(byteCounts[token])
                    }
                }
            }
        }
    }
}

extension Vocabulary {
    /// Words, punctuation and phrases, as in prose and in sources.
    static let text = Vocabulary(textTokens())

    /// Instructions, addresses and zeros, as in programs and tables.
    static let binary = Vocabulary(binaryTokens())

    /// Words for names of files and directories.
    static let names: [String] = {
        var random = SplitMix(seed: 3)
        return (0..<512).map { _ in word(&random) }
    }()

    private static func word(_ random: inout SplitMix) -> String {
        let consonants = Array("bcdfghklmnprstvwz"), vowels = Array("aeiou")
        return (0..<random.within(1...4)).reduce(into: "") { word, _ in
            word.append(consonants[random.below(consonants.count)])
            word.append(vowels[random.below(vowels.count)])
            if random.chance(1, of: 3) { word.append(consonants[random.below(consonants.count)]) }
        }
    }

    private static func textTokens() -> [[UInt8]] {
        var random = SplitMix(seed: 1)
        let ends = [" ", " ", " ", " ", " ", ", ", ".\n", " = ", "(", ")\n", ":\n    ", ";\n    "]
        var words: [String] = []
        return (0..<tokenCount).map { rank in
            // One in four is a phrase of words that came before, as lines and idioms recur.
            let isPhrase = rank > 64 && random.chance(1, of: 4)
            let parts = (0..<(isPhrase ? random.within(3...6) : 1)).map { _ in
                isPhrase ? words[random.below(words.count)] : word(&random)
            }
            if !isPhrase { words.append(parts[0]) }
            let token = parts.joined(separator: " ") + ends[random.below(ends.count)]
            return Array(token.utf8.prefix(slotByteCount))
        }
    }

    private static func binaryTokens() -> [[UInt8]] {
        var random = SplitMix(seed: 2)
        return (0..<tokenCount).map { rank in
            if rank % 16 == 15 { return [UInt8](repeating: 0, count: random.within(1...16)) }
            return (0..<random.within(2...8)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
    }
}
