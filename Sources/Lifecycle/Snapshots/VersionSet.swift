// SPDX-License-Identifier: Apache-2.0

/// Some of the trees that are gone through together, by their numbers.
struct VersionSet: Hashable, Sendable {
    private var words: [UInt64] = []

    init() {}

    /// The numbers in `range`.
    init(_ numbers: some Sequence<Int>) {
        for number in numbers { insert(number) }
    }

    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    func contains(_ number: Int) -> Bool {
        let index = number / 64
        return index < words.count && words[index] >> UInt64(number % 64) & 1 == 1
    }

    mutating func insert(_ number: Int) {
        let index = number / 64
        while words.count <= index { words.append(0) }
        words[index] |= 1 << UInt64(number % 64)
    }

    mutating func formUnion(_ other: VersionSet) {
        while words.count < other.words.count { words.append(0) }
        for index in other.words.indices { words[index] |= other.words[index] }
    }

    /// The numbers, ascending.
    var numbers: [Int] {
        words.indices.flatMap { index in
            (0..<64).filter { words[index] >> UInt64($0) & 1 == 1 }.map { index * 64 + $0 }
        }
    }
}
