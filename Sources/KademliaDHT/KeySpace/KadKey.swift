// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Multiformats

/// A point of the key space: SHA-256 of a key's bytes, ordered as a 256-bit big-endian number.
///
/// Keys are hashed exactly once: a peer's point is that of its ID's bytes, a block's that of its
/// multihash.
/// Spec: <https://github.com/libp2p/specs/blob/master/kad-dht/README.md>.
public struct KadKey: Hashable, Sendable {
    /// The number of bits of a point.
    public static let bitCount = 256

    /// The point as four words, the most significant first.
    var words: (UInt64, UInt64, UInt64, UInt64)

    /// The point of zero bits.
    public static let zero = KadKey(words: (0, 0, 0, 0))

    init(words: (UInt64, UInt64, UInt64, UInt64)) { self.words = words }

    /// Hashes the bytes of a key.
    public init(hashing key: [UInt8]) {
        var hasher = SHA256()
        key.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        let digest = hasher.finalize()
        self = digest.withUnsafeBytes { Self(loading: $0) }
    }

    /// The point of a peer.
    public init(_ peer: PeerID) { self.init(hashing: peer.bytes) }

    /// The point of a block.
    public init(_ multihash: Multihash) { self.init(hashing: multihash.bytes) }

    /// Takes the 32 bytes of a point; nil if there are not 32.
    public init?(digest: [UInt8]) {
        guard digest.count == 32 else { return nil }
        self = digest.withUnsafeBytes { Self(loading: $0) }
    }

    /// Takes a point out of 32 bytes, which are read within this call only.
    private init(loading bytes: UnsafeRawBufferPointer) {
        func word(_ index: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self))
        }
        words = (word(0), word(1), word(2), word(3))
    }

    /// The 32 bytes, the most significant first.
    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return bytes
    }

    /// The first 16 bits.
    public var prefix16: UInt16 { UInt16(truncatingIfNeeded: words.0 >> 48) }

    /// The bit at `index`, 0 being the most significant.
    public func bit(at index: Int) -> Bool {
        precondition(index >= 0 && index < Self.bitCount, "bit \(index) of 256")
        let word =
            switch index >> 6 {
            case 0: words.0
            case 1: words.1
            case 2: words.2
            default: words.3
            }
        return word >> UInt64(63 - index & 63) & 1 == 1
    }

    /// The XOR distance of two points, itself a number of 256 bits.
    public static func ^ (left: KadKey, right: KadKey) -> KadKey {
        KadKey(
            words: (
                left.words.0 ^ right.words.0, left.words.1 ^ right.words.1,
                left.words.2 ^ right.words.2, left.words.3 ^ right.words.3
            ))
    }

    /// The number of leading zero bits, 256 for zero.
    public var leadingZeroBitCount: Int {
        if words.0 != 0 { return words.0.leadingZeroBitCount }
        if words.1 != 0 { return 64 + words.1.leadingZeroBitCount }
        if words.2 != 0 { return 128 + words.2.leadingZeroBitCount }
        return 192 + words.3.leadingZeroBitCount
    }

    /// How many leading bits both points share (CPL).
    public func commonPrefixLength(with other: KadKey) -> Int {
        (self ^ other).leadingZeroBitCount
    }

    /// Whether this point is nearer to `target` than `other` is.
    public func isNearer(to target: KadKey, than other: KadKey) -> Bool {
        self ^ target < other ^ target
    }
}

extension KadKey: Comparable {
    /// Whether all bits are the same.
    public static func == (left: KadKey, right: KadKey) -> Bool {
        left.words == right.words
    }

    /// The order of the numbers.
    public static func < (left: KadKey, right: KadKey) -> Bool { left.words < right.words }

    /// Hashes the first word, which is evenly spread, and the last.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.3)
    }
}

extension KadKey: CustomStringConvertible {
    /// The bytes in hexadecimal.
    public var description: String { MultibaseEncoding.base16.encode(bytes.span) }
}

/// A peer with its point, so that the point is computed once.
public struct KadPeer: Hashable, Sendable {
    /// Who.
    public let id: PeerID
    /// Where in the key space.
    public let key: KadKey

    /// Computes the point of a peer.
    public init(_ id: PeerID) { self.init(id, key: KadKey(id)) }

    /// Takes a peer whose point is known.
    public init(_ id: PeerID, key: KadKey) {
        self.id = id
        self.key = key
    }

    /// Whether both are the same peer; the point follows from the ID.
    public static func == (left: KadPeer, right: KadPeer) -> Bool { left.key == right.key }

    /// Hashes the point.
    public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

extension Sequence<KadPeer> {
    /// The `count` peers nearest to `target`, nearest first.
    ///
    /// - Complexity: O(n log n) comparisons of distances that are computed once; one allocation.
    public func nearest(to target: KadKey, count: Int) -> [KadPeer] {
        var ranked = map { (distance: $0.key ^ target, peer: $0) }
        ranked.sort { $0.distance < $1.distance }
        return ranked.prefix(count).map(\.peer)
    }
}
