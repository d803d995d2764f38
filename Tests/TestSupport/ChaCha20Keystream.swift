// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// The ChaCha20 key stream that published DAG vectors are made from: the same bytes everywhere.
///
/// The key is the SHA2-256 of a seed text, nonce and counter start at zero. Spec: RFC 8439.
public struct ChaCha20Keystream: Sendable {
    private var state: [UInt32]
    private var block: [UInt8] = []
    private var used = 0

    /// Starts the stream of `seed`.
    public init(seed: String) {
        state = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]
        let key: [UInt8]
        do {
            key = try HashFunction.sha2_256.digest(of: Array(seed.utf8).span)
        } catch {
            preconditionFailure("SHA2-256 of a text failed: \(error)")
        }
        for word in 0..<8 {
            state.append(
                (0..<4).reduce(0) { $0 | UInt32(key[4 * word + $1]) << UInt32(8 * $1) })
        }
        state += [0, 0, 0, 0]
    }

    /// The next `count` bytes.
    public mutating func next(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            if used == block.count {
                block = nextBlock()
                used = 0
            }
            let taken = min(count - bytes.count, block.count - used)
            bytes.append(contentsOf: block[used..<used + taken])
            used += taken
        }
        return bytes
    }

    private mutating func nextBlock() -> [UInt8] {
        var words = state
        words.withUnsafeMutableBufferPointer { w in
            for _ in 0..<10 {
                Self.quarter(w, 0, 4, 8, 12)
                Self.quarter(w, 1, 5, 9, 13)
                Self.quarter(w, 2, 6, 10, 14)
                Self.quarter(w, 3, 7, 11, 15)
                Self.quarter(w, 0, 5, 10, 15)
                Self.quarter(w, 1, 6, 11, 12)
                Self.quarter(w, 2, 7, 8, 13)
                Self.quarter(w, 3, 4, 9, 14)
            }
        }
        var bytes = [UInt8](repeating: 0, count: 64)
        for index in 0..<16 {
            let word = words[index] &+ state[index]
            bytes[4 * index] = UInt8(truncatingIfNeeded: word)
            bytes[4 * index + 1] = UInt8(truncatingIfNeeded: word >> 8)
            bytes[4 * index + 2] = UInt8(truncatingIfNeeded: word >> 16)
            bytes[4 * index + 3] = UInt8(truncatingIfNeeded: word >> 24)
        }
        // The counter is 64 bits wide, so that no test runs out of stream.
        state[12] &+= 1
        if state[12] == 0 { state[13] &+= 1 }
        return bytes
    }

    private static func quarter(
        _ w: UnsafeMutableBufferPointer<UInt32>, _ ia: Int, _ ib: Int, _ ic: Int, _ id: Int
    ) {
        var (a, b, c, d) = (w[ia], w[ib], w[ic], w[id])
        a = a &+ b
        d ^= a
        d = d &<< 16 | d &>> 16
        c = c &+ d
        b ^= c
        b = b &<< 12 | b &>> 20
        a = a &+ b
        d ^= a
        d = d &<< 8 | d &>> 24
        c = c &+ d
        b ^= c
        b = b &<< 7 | b &>> 25
        (w[ia], w[ib], w[ic], w[id]) = (a, b, c, d)
    }
}
