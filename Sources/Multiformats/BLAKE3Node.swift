// SPDX-License-Identifier: Apache-2.0

/// The last compression of a chunk or a parent, put off until it is known whether it is the root.
struct BLAKE3Node {
    private let value: SIMD8<UInt32>
    private let block: SIMD16<UInt32>
    private let byteCount: UInt32
    private let counter: UInt64
    private let flags: UInt32

    /// The last compression of a chunk whose last block, filled up with zeros, is at `start`.
    ///
    /// `chunk` must hold whole blocks; `byteCount` bytes of the last one count.
    @unsafe init(
        lastBlockAt start: Int, of chunk: UnsafeRawBufferPointer, byteCount: Int,
        chunkIndex: UInt64
    ) {
        // The caller guarantees the blocks before `start` and the one there.
        value = unsafe BLAKE3Lanes.chainingValue(
            ofChunkAt: chunk, index: chunkIndex, blockCount: start / 64)
        var block = SIMD16<UInt32>()
        for word in block.indices {
            block[word] = UInt32(
                littleEndian: unsafe chunk.loadUnaligned(
                    fromByteOffset: start + word * 4, as: UInt32.self))
        }
        self.block = block
        self.byteCount = UInt32(byteCount)
        counter = chunkIndex
        flags = BLAKE3Lanes.chunkEnd | (start == 0 ? BLAKE3Lanes.chunkStart : 0)
    }

    /// The parent of two subtrees.
    init(parentOf left: SIMD8<UInt32>, _ right: SIMD8<UInt32>) {
        value = BLAKE3Lanes.initialization
        block = SIMD16(lowHalf: left, highHalf: right)
        byteCount = 64
        counter = 0
        flags = BLAKE3Lanes.parent
    }

    /// The chaining value, if this is not the root.
    var chainingValue: SIMD8<UInt32> {
        lanes(counter: SIMD4(repeating: UInt32(truncatingIfNeeded: counter)), flags: flags)
            .chainingValue(lane: 0)
    }

    /// Appends output as the root: the four lanes are the first four blocks of 64 bytes.
    func appendRootOutput(byteCount: Int, to output: inout [UInt8]) {
        let words = lanes(counter: SIMD4(0, 1, 2, 3), flags: flags | BLAKE3Lanes.root).words
        for offset in stride(from: 0, to: byteCount, by: 4) {
            let word = offset / 4 % 16
            let mask = word < 8 ? words[word + 8] : SIMD4(repeating: value[word - 8])
            let bits = (words[word] ^ mask)[offset / 64]
            for index in 0..<min(4, byteCount - offset) {
                output.append(UInt8(truncatingIfNeeded: bits >> UInt32(8 * index)))
            }
        }
    }

    /// The same compression in four lanes, apart from the low half of the counter.
    private func lanes(counter low: SIMD4<UInt32>, flags: UInt32) -> BLAKE3Lanes {
        let high = flags & BLAKE3Lanes.root == 0 ? UInt32(truncatingIfNeeded: counter >> 32) : 0
        return BLAKE3Lanes(
            values: InlineArray { SIMD4(repeating: value[$0]) }, counterLow: low,
            counterHigh: SIMD4(repeating: high), byteCount: byteCount, flags: flags
        ).compressed(InlineArray { SIMD4(repeating: block[$0]) })
    }
}
