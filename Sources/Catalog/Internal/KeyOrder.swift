// SPDX-License-Identifier: Apache-2.0

/// Byte strings in the order in which SQLite compares blobs.
enum KeyOrder {
    /// Below zero, zero or above: the left one comes first, they are equal, it comes last.
    static func compare(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
        let count = min(left.count, right.count)
        for index in 0..<count where left[index] != right[index] {
            return Int(left[index]) - Int(right[index])
        }
        return left.count - right.count
    }

    /// As for spans.
    static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int { compare(left.span, right.span) }

    /// Whether the left key comes before the right one.
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        compare(left.span, right.span) < 0
    }

    /// How many leading bytes the two share.
    static func commonPrefix(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Int {
        let count = min(left.count, right.count)
        for index in 0..<count where left[index] != right[index] { return index }
        return count
    }

    /// The first eight bytes as one word, with zeros after a shorter key.
    ///
    /// Keys whose heads differ are in the order of their heads; equal heads tell nothing.
    static func head(_ key: Span<UInt8>) -> UInt64 {
        if key.count >= 8 {
            // Eight bytes from offset 0, of at least eight.
            return unsafe UInt64(
                bigEndian: key.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
        }
        var head: UInt64 = 0
        for index in 0..<key.count { head |= UInt64(key[index]) << UInt64(56 - index * 8) }
        return head
    }

    /// The indices of keys, sorted by key, equal keys by index.
    ///
    /// - Complexity: O(n log n) comparisons, nearly all of them of two words.
    static func order(of keys: [[UInt8]]) -> [Int] {
        var entries: [(head: UInt64, index: Int)] = []
        entries.reserveCapacity(keys.count)
        for (index, key) in keys.enumerated() { entries.append((head(key.span), index)) }
        entries.sort { left, right in
            if left.head != right.head { return left.head < right.head }
            let order = compare(keys[left.index], keys[right.index])
            return order == 0 ? left.index < right.index : order < 0
        }
        return entries.map(\.index)
    }
}
