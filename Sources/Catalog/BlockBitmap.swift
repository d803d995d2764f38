// SPDX-License-Identifier: Apache-2.0

/// A set of blocks of one pack: bit `i` stands for ordinal `i`.
///
/// Takes a bit for each block of the pack, however many are in the set.
public struct BlockBitmap: Hashable, Sendable {
    /// How many blocks the pack has: one more than the highest ordinal.
    public let count: Int
    private var words: [UInt64]

    /// The empty set of blocks of a pack of `count` blocks.
    public init(count: Int) {
        precondition(count >= 0, "a pack of \(count) blocks")
        self.count = count
        words = Array(repeating: 0, count: (count + 63) / 64)
    }

    /// All blocks of a pack of `count` blocks.
    public static func all(count: Int) -> BlockBitmap {
        var bitmap = BlockBitmap(count: count)
        for index in bitmap.words.indices { bitmap.words[index] = .max }
        bitmap.clearTail()
        return bitmap
    }

    /// Reads what ``bytes`` gives; nil if the length is not that of `count` blocks.
    ///
    /// Bits beyond `count` are dropped.
    public init?(_ bytes: some Collection<UInt8>, count: Int) {
        guard count >= 0, bytes.count == (count + 7) / 8 else { return nil }
        self.init(count: count)
        for (index, byte) in bytes.enumerated() {
            words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8)
        }
        clearTail()
    }

    /// One bit for each block, ordinal 0 in the lowest bit of the first byte.
    public var bytes: [UInt8] {
        (0..<(count + 7) / 8).map {
            UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8))
        }
    }

    /// Whether the set is empty.
    public var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// How many blocks are in the set.
    ///
    /// - Complexity: O(count / 64).
    public var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Whether the block is in the set; ordinals beyond ``count`` are in none.
    public func contains(_ ordinal: Int) -> Bool {
        guard ordinal >= 0, ordinal < count else { return false }
        return words[ordinal / 64] & (1 << UInt64(ordinal % 64)) != 0
    }

    /// Adds a block, whose ordinal must be below ``count``.
    ///
    /// - Returns: whether it was not there before.
    @discardableResult
    public mutating func insert(_ ordinal: Int) -> Bool {
        precondition(ordinal >= 0 && ordinal < count, "block \(ordinal) of \(count)")
        let bit: UInt64 = 1 << UInt64(ordinal % 64)
        let isNew = words[ordinal / 64] & bit == 0
        words[ordinal / 64] |= bit
        return isNew
    }

    /// Removes a block.
    public mutating func remove(_ ordinal: Int) {
        guard ordinal >= 0, ordinal < count else { return }
        words[ordinal / 64] &= ~(1 << UInt64(ordinal % 64))
    }

    /// Adds the blocks of `other`, which must be of the same pack.
    public mutating func formUnion(_ other: BlockBitmap) {
        precondition(count == other.count, "\(count) and \(other.count) blocks")
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// Keeps those blocks that are in `other`, too, which must be of the same pack.
    public mutating func formIntersection(_ other: BlockBitmap) {
        precondition(count == other.count, "\(count) and \(other.count) blocks")
        for index in words.indices { words[index] &= other.words[index] }
    }

    /// Removes the blocks of `other`, which must be of the same pack.
    public mutating func subtract(_ other: BlockBitmap) {
        precondition(count == other.count, "\(count) and \(other.count) blocks")
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    /// The first block of the set whose ordinal is `ordinal` or higher.
    ///
    /// - Complexity: O(count / 64).
    public func next(atOrAfter ordinal: Int) -> Int? {
        var index = max(ordinal, 0) / 64
        guard index < words.count else { return nil }
        var word = words[index] & (.max << UInt64(max(ordinal, 0) % 64))
        while word == 0 {
            index += 1
            guard index < words.count else { return nil }
            word = words[index]
        }
        return index * 64 + word.trailingZeroBitCount
    }

    /// The last block of the set whose ordinal is `ordinal` or lower.
    ///
    /// - Complexity: O(count / 64).
    public func previous(atOrBefore ordinal: Int) -> Int? {
        let last = min(ordinal, count - 1)
        guard last >= 0 else { return nil }
        var index = last / 64
        var word = words[index] & (.max >> UInt64(63 - last % 64))
        while word == 0 {
            guard index > 0 else { return nil }
            index -= 1
            word = words[index]
        }
        return index * 64 + 63 - word.leadingZeroBitCount
    }

    private mutating func clearTail() {
        if count % 64 != 0 { words[words.count - 1] &= (1 << UInt64(count % 64)) - 1 }
    }
}
