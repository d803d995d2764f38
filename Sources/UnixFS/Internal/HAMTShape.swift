// SPDX-License-Identifier: Apache-2.0

/// The arithmetic of a HAMT of one width: buckets, bit fields, link names.
///
/// Bits of a name's hash are consumed from the most significant on.
/// Spec: <https://specs.ipfs.tech/unixfs/#dag-pb-hamtdirectory>.
package struct HAMTShape: Hashable, Sendable {
    /// The widest shard; wider ones have been used to exhaust readers (CVE-2023-23625).
    package static let maximumFanout = 1024

    /// Buckets per shard.
    package let fanout: Int
    /// Bits of the hash that one level consumes.
    package let bitsPerLevel: Int
    /// Levels until the 64 bits of the hash run out.
    package let levelCount: Int
    /// Hexadecimal digits before each link's name.
    package let prefixByteCount: Int

    /// Nil unless `fanout` is a power of two in 8...1024.
    package init?(fanout: Int) {
        guard (8...Self.maximumFanout).contains(fanout), fanout & (fanout - 1) == 0 else {
            return nil
        }
        self.fanout = fanout
        bitsPerLevel = fanout.trailingZeroBitCount
        levelCount = 64 / bitsPerLevel
        prefixByteCount = (bitsPerLevel + 3) / 4
    }

    /// The bucket of a name with this hash at `level`, which is below ``levelCount``.
    package func bucket(of hash: UInt64, level: Int) -> Int {
        let shift = 64 - bitsPerLevel * (level + 1)
        return Int(truncatingIfNeeded: hash >> UInt64(shift)) & (fanout - 1)
    }

    /// How many levels two hashes go the same way.
    package func commonLevels(_ left: UInt64, _ right: UInt64) -> Int {
        min((left ^ right).leadingZeroBitCount / bitsPerLevel, levelCount)
    }

    /// The link-name prefix of a bucket: uppercase hexadecimal, padded with zeros.
    package func prefix(of bucket: Int) -> [UInt8] {
        (0..<prefixByteCount).reversed().map { digit in
            let value = UInt8(truncatingIfNeeded: bucket >> (4 * digit)) & 0xf
            return value < 10 ? 0x30 + value : 0x41 + value - 10
        }
    }

    /// The bit field with these buckets set: big-endian, leading zero bytes trimmed.
    package func bitfield(of buckets: [Int]) -> [UInt8] {
        let byteCount = ((buckets.max() ?? -1) + 8) / 8
        var bytes = [UInt8](repeating: 0, count: byteCount)
        for bucket in buckets { bytes[byteCount - 1 - bucket / 8] |= 1 << UInt8(bucket % 8) }
        return bytes
    }

    /// The buckets set in a bit field, ascending; nil if it is longer than the fanout allows.
    package func buckets(in bitfield: [UInt8]) -> [Int]? {
        guard bitfield.count <= fanout / 8 else { return nil }
        var buckets: [Int] = []
        for (index, byte) in bitfield.reversed().enumerated() where byte != 0 {
            for bit in 0..<8 where byte & (1 << UInt8(bit)) != 0 {
                buckets.append(index * 8 + bit)
            }
        }
        return buckets
    }
}
