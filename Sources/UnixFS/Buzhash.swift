// SPDX-License-Identifier: Apache-2.0

/// Kubo's `buzhash`: a cyclic polynomial over the last 32 bytes.
///
/// The state after a window b0...b31 is the XOR of `T[b_k]` rotated left by 31-k. The chunk ends
/// at the first length from the minimum on whose state has its low 17 bits clear. The window is
/// as wide as the state, so a byte that leaves it has come round to its own word.
enum Buzhash {
    static let minimumByteCount = 128 * 1024
    static let maximumByteCount = 512 * 1024
    private static let windowByteCount = 32
    private static let mask: UInt32 = 1 << 17 - 1

    /// The length of the first chunk of `bytes`, which hold the maximum or all that is left.
    static func chunkByteCount(in bytes: Span<UInt8>) -> Int {
        let end = min(bytes.count, maximumByteCount)
        // The last candidate needs no test: the chunk ends there in any case.
        guard end > minimumByteCount else { return end }
        let words = Self.words
        let table = words.span
        var state: UInt32 = 0
        for offset in minimumByteCount - windowByteCount..<minimumByteCount {
            state = rotated(state) ^ table[Int(bytes[offset])]
        }
        var length = minimumByteCount
        while state & mask != 0 {
            // Bound: minimum <= length < end <= bytes.count, and the minimum exceeds the window.
            let leaving = unsafe bytes[unchecked: length &- windowByteCount]
            let entering = unsafe bytes[unchecked: length]
            // Bound: the table has 256 words.
            let change = unsafe table[unchecked: Int(leaving)] ^ table[unchecked: Int(entering)]
            state = rotated(state) ^ change
            length &+= 1
            if length == end { break }
        }
        return length
    }

    private static func rotated(_ state: UInt32) -> UInt32 {
        state &<< 1 | state &>> 31
    }
}
