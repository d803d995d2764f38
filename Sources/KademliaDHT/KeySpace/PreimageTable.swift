// SPDX-License-Identifier: Apache-2.0

/// For each prefix of 16 bits a ``Preimage`` whose point begins with it.
///
/// Of each prefix the smallest counter is taken, so the table is the same everywhere (it is that of
/// go-libp2p-kbucket). It takes 256 KiB.
public struct PreimageTable: Sendable {
    /// The table, made on first use with 753,015 hashes: some 0.2 s.
    public static let shared = PreimageTable()

    /// The counter after the last that is needed: all prefixes have appeared by 753,014.
    static let counterEnd: UInt32 = 753_015

    private let counters: [UInt32]

    private init() {
        var counters = [UInt32](repeating: .max, count: 1 << 16)
        var missingCount = counters.count
        var key = Preimage.key(counter: 0)
        for counter in 0..<Self.counterEnd {
            guard missingCount > 0 else { break }
            Preimage.set(counter, in: &key)
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
    public func key(for prefix: UInt16) -> [UInt8] { Preimage.key(counter: counter(for: prefix)) }

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
}
