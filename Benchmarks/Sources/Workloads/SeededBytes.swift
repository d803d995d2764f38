// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

/// The generator SplitMix64, from which all inputs come.
struct SeededBytes {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Bytes that do not compress.
    mutating func noise(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            var word = next()
            for _ in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Words of a small vocabulary, which shrink to about a third.
    mutating func text(_ count: Int) -> [UInt8] {
        let words = (0..<2048).map { _ in
            (0..<2 + Int(next() % 9)).map { _ in UInt8(ascii: "a") + UInt8(next() % 26) }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 16)
        while bytes.count < count {
            // The product of two makes some words common and most rare.
            let index = (next() % 2048) * (next() % 2048) / 2048
            bytes += words[Int(index)]
            bytes.append(UInt8(ascii: " "))
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// The CID of a raw block that nobody has.
    mutating func cid(_ codec: Multicodec = .raw) -> CID {
        CID(v1: codec, Multihash(code: .sha2_256, digest: noise(32)))
    }

    /// A raw block that hashes to its CID.
    mutating func block(_ bytes: [UInt8]) throws -> Block {
        Block(cid: try CIDBuilder().cid(codec: .raw, hashing: bytes.span), bytes: bytes)
    }
}
