// SPDX-License-Identifier: Apache-2.0

/// Finds what somebody meant who mistyped a word.
public enum NearestWord {
    /// Words longer than this are not compared.
    private static let lengthLimit = 64

    /// The word of `known` that is nearest to `word`; nil if none is near.
    ///
    /// Near are words of which a third of the letters, and one at least, was inserted, left out,
    /// exchanged or swapped with its neighbour.
    /// - Complexity: O(`known` × length²).
    public static func of(_ word: String, in known: [String]) -> String? {
        let word = Array(word.lowercased())
        guard word.count <= lengthLimit else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in known {
            let distance = distance(word, Array(candidate.lowercased()))
            guard distance <= max(1, candidate.count / 3) else { continue }
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// Edits from one word to the other (optimal string alignment).
    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var older: [Int] = []
        var last = Array(0...b.count)
        for (row, letter) in a.enumerated() {
            var next = [row + 1]
            for (column, other) in b.enumerated() {
                var cost = min(last[column + 1], next[column]) + 1
                cost = min(cost, last[column] + (letter == other ? 0 : 1))
                if row > 0, column > 0, letter == b[column - 1], a[row - 1] == other {
                    cost = min(cost, older[column - 1] + 1)
                }
                next.append(cost)
            }
            older = last
            last = next
        }
        return last[b.count]
    }

    /// The end of a message about `word`: a guess, or all words.
    static func advice(_ word: String, in known: [String]) -> String {
        if let near = of(word, in: known) { return "did you mean \(near)?" }
        return "known are \(known.joined(separator: ", "))"
    }
}
