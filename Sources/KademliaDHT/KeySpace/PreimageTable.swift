// SPDX-License-Identifier: Apache-2.0

import Crypto

/// For each prefix of 16 bits a key whose point begins with it.
///
/// Servers hash the key they are asked for, so a look-up at a chosen place of the key space needs a
/// preimage. The keys look like peer IDs of RSA keys: `12 20`, then a counter as 4 bytes
/// big-endian, then 28 zero bytes; of each prefix the smallest counter is taken, so the table is
/// the same everywhere (it is that of go-libp2p-kbucket). It takes 256 KiB.
public struct PreimageTable: Sendable {
    /// The table, made on first use in well under a second.
    public static let shared = PreimageTable()

    /// The counter after the last that is needed: all prefixes have appeared by 753,014.
    static let counterEnd: UInt32 = 753_015

    private let counters: [UInt32]

    private init() {
        var counters = [UInt32](repeating: .max, count: 1 << 16)
        var missingCount = counters.count
        var key = Self.key(counter: 0)
        for counter in 0..<Self.counterEnd {
            guard missingCount > 0 else { break }
            Self.set(counter, in: &key)
            let prefix = Int(KadKey(hashing: key).prefix16)
            guard counters[prefix] == .max else { continue }
            counters[prefix] = counter
            missingCount -= 1
        }
        precondition(missingCount == 0, "\(missingCount) prefixes without a preimage")
        self.counters = counters
    }

    /// The counter of the key for `prefix`.
    public func counter(for prefix: UInt16) -> UInt32 { counters[Int(prefix)] }

    /// A key of 34 bytes, a valid peer ID and multihash, whose point begins with `prefix`.
    public func key(for prefix: UInt16) -> [UInt8] { Self.key(counter: counter(for: prefix)) }

    /// A key whose point shares its first 16 bits with `point`.
    public func key(near point: KadKey) -> [UInt8] { key(for: point.prefix16) }

    /// A key whose point shares exactly `prefixLength` bits with `point`, 0...15; the bits after
    /// that are random.
    public func key(
        sharing prefixLength: Int, with point: KadKey,
        using generator: inout some RandomNumberGenerator
    ) -> [UInt8] {
        precondition((0..<16).contains(prefixLength), "prefix of \(prefixLength) bits")
        let differing = UInt16(1) << UInt16(15 - prefixLength)
        let free = differing - 1
        let random = UInt16.random(in: 0...UInt16.max, using: &generator) & free
        return key(for: (point.prefix16 ^ differing) & ~free | random)
    }

    private static func key(counter: UInt32) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: 34)
        key[0] = 0x12
        key[1] = 0x20
        set(counter, in: &key)
        return key
    }

    private static func set(_ counter: UInt32, in key: inout [UInt8]) {
        for index in 0..<4 {
            key[2 + index] = UInt8(truncatingIfNeeded: counter >> UInt32(24 - 8 * index))
        }
    }
}
