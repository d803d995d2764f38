// SPDX-License-Identifier: Apache-2.0

/// FastCDC (2020) with normalised chunking at level 2; Cairn's own parameters.
///
/// Definition: `G` is ``gear``, `bits` is floor(log2 average). The hash at length L is the sum of
/// `G[b] << k` modulo 2^64 over the last 64 bytes, k = 0 for the last one. The chunk ends at the
/// first length L from the minimum on, below the maximum, whose hash has its top `bits + 2` bits
/// clear if L is below the average, its top `bits - 2` bits clear from there on; else at the
/// maximum. The top bits are taken because every byte of the window reaches them.
///
/// The paper starts its hash at the minimum; this one has a full window there, so that a cut
/// depends on the same 64 bytes wherever the chunk began and shifted data falls into step sooner.
/// Paper: Xia et al., "The Design of Fast Content-Defined Chunking for Data Deduplication Based
/// Storage Systems", IEEE TPDS 31(9), 2020.
enum FastCDC {
    static let windowByteCount = 64

    /// How much harder a cut is before the average, and easier after it, in bits.
    private static let normalisationLevel = 2

    /// The length of the first chunk of `bytes`, which hold the maximum or all that is left.
    static func chunkByteCount(in bytes: Span<UInt8>, _ bounds: ChunkerSpec.Bounds) -> Int {
        let end = min(bytes.count, bounds.maximum)
        guard end > bounds.minimum else { return end }
        let bits = bounds.average.bitWidth - 1 - bounds.average.leadingZeroBitCount
        let gear = Self.gear
        let table = gear.span
        var hash: UInt64 = 0
        for offset in bounds.minimum - windowByteCount..<bounds.minimum {
            hash = hash &<< 1 &+ table[Int(bytes[offset])]
        }
        let turn = min(bounds.average, end)
        if let cut = firstCut(
            in: bytes, from: bounds.minimum, to: turn, topBits: bits + normalisationLevel,
            table, &hash)
        {
            return cut
        }
        return firstCut(
            in: bytes, from: turn, to: end, topBits: bits - normalisationLevel, table, &hash)
            ?? end
    }

    /// The first cut among the lengths `start..<end`; leaves the hash at `end` if there is none.
    private static func firstCut(
        in bytes: Span<UInt8>, from start: Int, to end: Int, topBits: Int,
        _ table: Span<UInt64>, _ hash: inout UInt64
    ) -> Int? {
        let mask = ~(UInt64.max >> UInt64(topBits))
        var current = hash
        var length = start
        while length < end {
            if current & mask == 0 { return length }
            // Bound: length < end <= bytes.count, and the table has 256 words.
            let word = unsafe table[unchecked: Int(bytes[unchecked: length])]
            current = current &<< 1 &+ word
            length &+= 1
        }
        hash = current
        return nil
    }

    /// The word of each byte value: the first 256 outputs of SplitMix64 from the state
    /// 0x636169726E636463, "cairncdc" in ASCII.
    ///
    /// Step: add 0x9E3779B97F4A7C15 to the state; of a copy, XOR it with itself >> 30, multiply
    /// by 0xBF58476D1CE4E5B9, XOR with itself >> 27, multiply by 0x94D049BB133111EB, XOR with
    /// itself >> 31.
    static let gear: [UInt64] = {
        var state: UInt64 = 0x6361_6972_6E63_6463
        return (0..<256).map { _ in
            state &+= 0x9E37_79B9_7F4A_7C15
            var word = state
            word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
            word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
            return word ^ word >> 31
        }
    }()
}
