// SPDX-License-Identifier: Apache-2.0

/// Keys made for the points they hash to.
///
/// Servers hash the key they are asked for, so a look-up at a chosen place of the key space needs a
/// preimage. These look like peer IDs of RSA keys: `12 20`, then a counter as 4 bytes big-endian,
/// then 28 zero bytes.
enum Preimage {
    /// A key whose point shares exactly `prefixLength` bits with `point`, 0...15, found by trying.
    ///
    /// - Complexity: 2^(`prefixLength` + 1) hashes on average, 65,536 at most lengths; who needs
    ///   many keys takes ``PreimageTable``.
    static func key(
        sharing prefixLength: Int, with point: KadKey,
        using generator: inout some RandomNumberGenerator
    ) -> [UInt8] {
        precondition((0..<16).contains(prefixLength), "prefix of \(prefixLength) bits")
        var counter = UInt32.random(in: 0...UInt32.max, using: &generator)
        var key = key(counter: counter)
        while KadKey(hashing: key).commonPrefixLength(with: point) != prefixLength {
            counter &+= 1
            set(counter, in: &key)
        }
        return key
    }

    static func key(counter: UInt32) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: 34)
        key[0] = 0x12
        key[1] = 0x20
        set(counter, in: &key)
        return key
    }

    static func set(_ counter: UInt32, in key: inout [UInt8]) {
        for index in 0..<4 {
            key[2 + index] = UInt8(truncatingIfNeeded: counter >> UInt32(24 - 8 * index))
        }
    }
}
