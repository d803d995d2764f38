// SPDX-License-Identifier: Apache-2.0

import Catalog
import Synchronization

/// Lookup keys whose SHA-256 lies in a wanted part of the key space.
///
/// Servers hash the key of a lookup, so asking about a point of the key space takes something that
/// hashes there. The form is that of go-libp2p-kad-dht: the multihash `12 20 | n | 28 zeros` with
/// the least big-endian `n` of four bytes that fits.
final class KeyPreimages: Sendable {
    /// One table for the process: at most 256 KiB.
    static let shared = KeyPreimages()
    /// Longer prefixes are met in their first bits only.
    static let maximumBitCount = 16
    private static let absent = UInt32.max

    private struct Table {
        var numbers = [UInt32](repeating: absent, count: 1 << maximumBitCount)
        var next: UInt32 = 0
    }

    private let table = Mutex(Table())

    /// The lookup key for a number.
    static func key(_ number: UInt32) -> [UInt8] {
        var key: [UInt8] = [0x12, 0x20]
        for shift in [24, 16, 8, 0] as [UInt32] {
            key.append(UInt8(truncatingIfNeeded: number >> shift))
        }
        key.append(contentsOf: repeatElement(0, count: 28))
        return key
    }

    /// A key whose hash begins with the first 16 bits of `prefix`, or all if it has fewer.
    ///
    /// - Complexity: about 2^bits hashes the first time, none once the table is full.
    func key(in prefix: KeyPrefix) -> [UInt8] {
        let bitCount = min(prefix.bitCount, Self.maximumBitCount)
        let first = Int(prefix.lowest.masked(to: bitCount).head >> 48)
        let range = first..<first + 1 << (Self.maximumBitCount - bitCount)
        return table.withLock { table in
            while true {
                if let number = table.numbers[range].min(), number != Self.absent {
                    return Self.key(number)
                }
                // All 65,536 have turned up by n = 753,014.
                for _ in 0..<256 {
                    let slot = Int(AnnounceKey(hashing: Self.key(table.next)).head >> 48)
                    if table.numbers[slot] == Self.absent { table.numbers[slot] = table.next }
                    table.next += 1
                }
            }
        }
    }
}
