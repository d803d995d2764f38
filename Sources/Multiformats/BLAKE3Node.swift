// SPDX-License-Identifier: Apache-2.0

/// The last compression of a chunk or a parent, put off until it is known whether it is the root.
struct BLAKE3Node {
    private let value: SIMD8<UInt32>
    private let block: SIMD16<UInt32>
    private let byteCount: UInt32
    private let counter: UInt64
    private let flags: UInt32

    init(
        _ value: SIMD8<UInt32>, block: SIMD16<UInt32>, byteCount: UInt32, counter: UInt64,
        flags: UInt32
    ) {
        self.value = value
        self.block = block
        self.byteCount = byteCount
        self.counter = counter
        self.flags = flags
    }

    init(parentOf left: SIMD8<UInt32>, _ right: SIMD8<UInt32>) {
        self.init(
            BLAKE3Lanes.initialization, block: SIMD16(lowHalf: left, highHalf: right),
            byteCount: 64, counter: 0, flags: BLAKE3Lanes.parent)
    }

    /// The chaining value, if this is not the root.
    var chainingValue: SIMD8<UInt32> {
        lanes(counter: SIMD4(repeating: UInt32(truncatingIfNeeded: counter)), flags: flags)
            .chainingValue(lane: 0)
    }

    /// Appends output as the root: the four lanes are the first four blocks of 64 bytes.
    func appendRootOutput(byteCount: Int, to output: inout [UInt8]) {
        let blocks = lanes(counter: SIMD4(0, 1, 2, 3), flags: flags | BLAKE3Lanes.root)
        for index in 0..<byteCount {
            let word = index / 4 % 16
            let lane = index / 64
            let bits =
                word < 8
                ? blocks.words[word][lane] ^ blocks.words[word + 8][lane]
                : blocks.words[word][lane] ^ value[word - 8]
            output.append(UInt8(truncatingIfNeeded: bits >> UInt32(8 * (index % 4))))
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
