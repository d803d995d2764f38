// SPDX-License-Identifier: Apache-2.0

import Multiformats

/// A point of the DHT's key space: the SHA-256 of a multihash or of a peer ID.
///
/// Ordered as a 256-bit big-endian number; the distance of two points is their XOR.
public struct AnnounceKey: Hashable, Sendable, Comparable {
    /// Bits in a key.
    public static let bitCount = 256
    /// All bits zero.
    public static let lowest = AnnounceKey(words: (0, 0, 0, 0))
    /// All bits one.
    public static let highest = AnnounceKey(words: (.max, .max, .max, .max))

    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    /// Puts a key together from its 64-bit words, highest first.
    public init(words: (UInt64, UInt64, UInt64, UInt64)) {
        (first, second, third, fourth) = words
    }

    /// The key of a multihash or peer ID in binary form.
    public init(hashing bytes: [UInt8]) {
        guard let digest = try? HashFunction.sha2_256.digest(of: bytes.span) else {
            // Only the identity function refuses bytes.
            preconditionFailure("SHA-256 refused \(bytes.count) bytes")
        }
        self.init(digest: digest)
    }

    /// Takes 32 bytes that are a SHA-256 already.
    public init(digest: [UInt8]) {
        precondition(digest.count == 32, "a key of \(digest.count) bytes")
        func word(_ start: Int) -> UInt64 {
            digest[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        self.init(words: (word(0), word(8), word(16), word(24)))
    }

    /// The words, highest first.
    public var words: (UInt64, UInt64, UInt64, UInt64) { (first, second, third, fourth) }

    /// The highest 64 bits.
    public var head: UInt64 { first }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [first, second, third, fourth].flatMap { word in
            stride(from: 56, through: 0, by: -8).map {
                UInt8(truncatingIfNeeded: word >> UInt64($0))
            }
        }
    }

    /// The bit at `index`, counted from the highest.
    public func bit(_ index: Int) -> Bool {
        let word = index < 128 ? (index < 64 ? first : second) : (index < 192 ? third : fourth)
        return word >> UInt64(63 - index & 63) & 1 == 1
    }

    /// How many leading bits the two share.
    public func commonPrefixBitCount(with other: AnnounceKey) -> Int {
        if first != other.first { return (first ^ other.first).leadingZeroBitCount }
        if second != other.second { return 64 + (second ^ other.second).leadingZeroBitCount }
        if third != other.third { return 128 + (third ^ other.third).leadingZeroBitCount }
        return 192 + (fourth ^ other.fourth).leadingZeroBitCount
    }

    /// The next key; the highest stays.
    public var successor: AnnounceKey {
        if self == .highest { return self }
        var words = words
        words.3 &+= 1
        if words.3 == 0 { words.2 &+= 1 }
        if words.3 == 0, words.2 == 0 { words.1 &+= 1 }
        if words.3 == 0, words.2 == 0, words.1 == 0 { words.0 &+= 1 }
        return AnnounceKey(words: words)
    }

    /// The order of the numbers.
    public static func < (left: AnnounceKey, right: AnnounceKey) -> Bool {
        left.words < right.words
    }

    /// The distance of two keys.
    public static func ^ (left: AnnounceKey, right: AnnounceKey) -> AnnounceKey {
        AnnounceKey(
            words: (
                left.first ^ right.first, left.second ^ right.second, left.third ^ right.third,
                left.fourth ^ right.fourth
            ))
    }

    /// The first `bitCount` bits, then zeros.
    public func masked(to bitCount: Int) -> AnnounceKey {
        func mask(_ word: UInt64, _ start: Int) -> UInt64 {
            let kept = min(max(bitCount - start, 0), 64)
            return kept == 0 ? 0 : word & ~UInt64(0) << UInt64(64 - kept)
        }
        return AnnounceKey(
            words: (mask(first, 0), mask(second, 64), mask(third, 128), mask(fourth, 192)))
    }

    /// The key with the bit at `index` turned over.
    public func flipping(_ index: Int) -> AnnounceKey {
        func mask(_ start: Int) -> UInt64 {
            start..<start + 64 ~= index ? 1 << UInt64(63 - (index - start)) : 0
        }
        return self ^ AnnounceKey(words: (mask(0), mask(64), mask(128), mask(192)))
    }
}

/// All keys that begin with the same bits.
public struct KeyPrefix: Hashable, Sendable {
    /// The lowest key: the bits, then zeros.
    public let lowest: AnnounceKey
    /// How many bits are fixed, 0 to 256.
    public let bitCount: Int

    /// The whole key space.
    public static let all = KeyPrefix(of: .lowest, bitCount: 0)

    /// The first `bitCount` bits of `key`.
    public init(of key: AnnounceKey, bitCount: Int) {
        precondition(0...AnnounceKey.bitCount ~= bitCount, "a prefix of \(bitCount) bits")
        lowest = key.masked(to: bitCount)
        self.bitCount = bitCount
    }

    /// Parses ``description``.
    public init?(text: String) {
        var key = AnnounceKey.lowest
        guard text != "*" else {
            self = .all
            return
        }
        guard 1...AnnounceKey.bitCount ~= text.utf8.count else { return nil }
        for (index, digit) in text.utf8.enumerated() {
            switch digit {
            case UInt8(ascii: "0"): continue
            case UInt8(ascii: "1"): key = key.flipping(index)
            default: return nil
            }
        }
        self.init(of: key, bitCount: text.utf8.count)
    }

    /// The highest key: the bits, then ones.
    public var highest: AnnounceKey {
        lowest ^ AnnounceKey.highest ^ AnnounceKey.highest.masked(to: bitCount)
    }

    /// Whether `key` begins with the bits.
    public func contains(_ key: AnnounceKey) -> Bool { key.masked(to: bitCount) == lowest }

    /// Whether all keys of `other` begin with the bits; so with the prefix itself.
    public func contains(_ other: KeyPrefix) -> Bool {
        other.bitCount >= bitCount && contains(other.lowest)
    }

    /// The half of the keys whose next bit is `bit`.
    public func child(_ bit: Bool) -> KeyPrefix {
        KeyPrefix(of: bit ? lowest.flipping(bitCount) : lowest, bitCount: bitCount + 1)
    }

    /// The prefix without its last bit; of the whole space itself.
    public var parent: KeyPrefix { KeyPrefix(of: lowest, bitCount: max(bitCount - 1, 0)) }
}

extension KeyPrefix: CustomStringConvertible {
    /// The bits as digits; `*` for the whole key space.
    public var description: String {
        guard bitCount > 0 else { return "*" }
        return String(decoding: (0..<bitCount).map { lowest.bit($0) ? 0x31 : 0x30 }, as: UTF8.self)
    }
}
