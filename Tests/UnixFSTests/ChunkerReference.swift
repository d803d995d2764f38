// SPDX-License-Identifier: Apache-2.0

@testable import UnixFS

/// The definitions of the chunkers, word for word and slow.
enum ChunkerReference {
    static func chunkByteCount(_ bytes: ArraySlice<UInt8>, _ spec: ChunkerSpec) -> Int {
        let end = min(bytes.count, spec.maximumChunkByteCount)
        let minimum = spec.minimumChunkByteCount
        guard end > minimum else { return end }
        return (minimum..<end).first { isCut(bytes.prefix($0), spec) } ?? end
    }

    private static func isCut(_ chunk: ArraySlice<UInt8>, _ spec: ChunkerSpec) -> Bool {
        switch spec.algorithm {
        case .size(let byteCount): return chunk.count == byteCount
        case .rabin(let bounds):
            return remainder(chunk.suffix(16)) & (1 << log2(bounds.average) - 1) == 0
        case .buzhash:
            return chunk.suffix(32).reduce(UInt32(0)) { state, byte in
                (state << 1 | state >> 31) ^ Buzhash.words[Int(byte)]
            } & 0x1ffff == 0
        case .fastCDC(let bounds):
            let hash = chunk.suffix(64).reduce(UInt64(0)) { $0 << 1 &+ FastCDC.gear[Int($1)] }
            let bits = log2(bounds.average) + (chunk.count < bounds.average ? 2 : -2)
            return hash >> UInt64(64 - bits) == 0
        }
    }

    private static func log2(_ number: Int) -> Int {
        var bits = 0
        while number >> (bits + 1) > 0 { bits += 1 }
        return bits
    }

    /// The bytes as a polynomial over GF(2), modulo that of Kubo's chunker, bit by bit.
    private static func remainder(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var remainder: UInt64 = 0
        for byte in bytes {
            for bit in (0..<8).reversed() {
                remainder = remainder << 1 | UInt64(byte >> UInt8(bit) & 1)
                if remainder >> 53 == 1 { remainder ^= 17_437_180_132_763_653 }
            }
        }
        return remainder
    }
}
