// SPDX-License-Identifier: Apache-2.0

extension BLAKE3Lanes {
    /// The chaining value after the first `blockCount` blocks of a chunk, at most 15 of them.
    @unsafe static func chainingValue(
        ofChunkAt chunk: UnsafeRawBufferPointer, index: UInt64, blockCount: Int
    ) -> SIMD8<UInt32> {
        guard blockCount > 0, let start = chunk.baseAddress else { return initialization }
        let lanes = unsafe chunkValues(
            at: start, stride: 0, firstChunk: index, blockCount: blockCount)
        return value(of: lanes, lane: 0)
    }

    /// The chaining value of a subtree of 1, 4 or 16 whole chunks that is not the root.
    ///
    /// `start` must be followed by `chunkCount` times 1024 readable bytes.
    @unsafe static func chainingValue(
        ofSubtreeAt start: UnsafeRawPointer, firstChunk: UInt64, chunkCount: Int
    ) -> SIMD8<UInt32> {
        if chunkCount == 1 {
            let lanes = unsafe chunkValues(at: start, stride: 0, firstChunk: firstChunk)
            return value(of: lanes, lane: 0)
        }
        var values = InlineArray<16, SIMD8<UInt32>>(repeating: SIMD8())
        for first in stride(from: 0, to: chunkCount, by: 4) {
            // Chunks `first` to `first + 3` of the subtree.
            let lanes = unsafe chunkValues(
                at: start + first * 1024, stride: 1024, firstChunk: firstChunk + UInt64(first))
            for lane in 0..<4 { values[first + lane] = value(of: lanes, lane: lane) }
        }
        var count = chunkCount
        while count > 1 {
            mergePairs(&values, count: count)
            count /= 2
        }
        return values[0]
    }

    /// Replaces `count` values by the `count / 2` values of their parents.
    private static func mergePairs(_ values: inout InlineArray<16, SIMD8<UInt32>>, count: Int) {
        for first in stride(from: 0, to: count / 2, by: 4) {
            let message = InlineArray<16, Word> { word in
                // Lanes past the last parent read a pair again; their results are not kept.
                var lanes = Word()
                for lane in 0..<4 {
                    let pair = 2 * min(first + lane, count / 2 - 1)
                    lanes[lane] = values[pair + word / 8][word % 8]
                }
                return lanes
            }
            let parents = BLAKE3Lanes(
                values: InlineArray { Word(repeating: initialization[$0]) }, counterLow: Word(),
                counterHigh: Word(), byteCount: 64, flags: parent
            ).compressed(message)
            for lane in 0..<min(4, count / 2 - first) {
                values[first + lane] = parents.chainingValue(lane: lane)
            }
        }
    }

    /// The chaining values of four chunks `stride` bytes apart, or of one if that is 0, after
    /// their first `blockCount` blocks, word by word.
    @unsafe private static func chunkValues(
        at start: UnsafeRawPointer, stride: Int, firstChunk: UInt64, blockCount: Int = 16
    ) -> InlineArray<8, Word> {
        var values = InlineArray<8, Word> { Word(repeating: initialization[$0]) }
        var low = Word()
        var high = Word()
        for lane in 0..<4 {
            let chunk = firstChunk &+ (stride == 0 ? 0 : UInt64(lane))
            low[lane] = UInt32(truncatingIfNeeded: chunk)
            high[lane] = UInt32(truncatingIfNeeded: chunk >> 32)
        }
        for block in 0..<blockCount {
            let flags = (block == 0 ? chunkStart : 0) | (block == 15 ? chunkEnd : 0)
            values =
                BLAKE3Lanes(
                    values: values, counterLow: low, counterHigh: high, byteCount: 64, flags: flags
                ).compressed(unsafe message(at: start + block * 64, stride: stride)).chainingValues
        }
        return values
    }

    /// Loads one block of 64 bytes for each lane, `stride` bytes apart, and transposes them.
    @unsafe private static func message(
        at start: UnsafeRawPointer, stride: Int
    ) -> InlineArray<16, Word> {
        InlineArray<16, Word> { word in
            // Four bytes at `word * 4` within each of the four blocks.
            let offset = word * 4
            return Word(
                UInt32(
                    littleEndian: unsafe start.loadUnaligned(
                        fromByteOffset: offset, as: UInt32.self)),
                UInt32(
                    littleEndian: unsafe start.loadUnaligned(
                        fromByteOffset: offset + stride, as: UInt32.self)),
                UInt32(
                    littleEndian: unsafe start.loadUnaligned(
                        fromByteOffset: offset + 2 * stride, as: UInt32.self)),
                UInt32(
                    littleEndian: unsafe start.loadUnaligned(
                        fromByteOffset: offset + 3 * stride, as: UInt32.self)))
        }
    }

    private static func value(of lanes: InlineArray<8, Word>, lane: Int) -> SIMD8<UInt32> {
        SIMD8(
            lanes[0][lane], lanes[1][lane], lanes[2][lane], lanes[3][lane],
            lanes[4][lane], lanes[5][lane], lanes[6][lane], lanes[7][lane])
    }
}
