// SPDX-License-Identifier: Apache-2.0

/// A Bloom filter over some blocks: it never denies one of them, and rarely takes another for one.
///
/// The bits lie in lines of 64 bytes. A key's hash chooses one line and five bits in it, so that a
/// test costs one or two cache misses. The bits are the same on every machine: they are stored.
enum BlockFilter {
    static let lineByteCount = 64

    /// The longest stored filter: 4,032 bytes, so that its row fills a page.
    static let maximumByteCount = 63 * lineByteCount

    /// How many blocks a stored filter of so many bits per block has room for.
    static func capacity(bitsPerBlock: Int) -> Int { maximumByteCount * 8 / bitsPerBlock }

    /// The filter of blocks with those hashes.
    ///
    /// - Complexity: O(n), one allocation.
    static func make(of hashes: [UInt64], bitsPerBlock: Int) -> [UInt8] {
        let lineBitCount = lineByteCount * 8
        let lineCount = max(1, (hashes.count * bitsPerBlock + lineBitCount - 1) / lineBitCount)
        var body = [UInt8](repeating: 0, count: lineCount * lineByteCount)
        for hash in hashes {
            let start = line(of: hash, lineCount: lineCount) * lineByteCount
            var bits = bits(of: hash)
            for _ in 0..<bitsPerKey {
                body[start + Int(bits >> 3 & 63)] |= 1 << UInt8(bits & 7)
                bits >>= 9
            }
        }
        return body
    }

    /// Whether a block of that hash may be one of the filter's.
    ///
    /// - Parameter body: a positive number of lines.
    static func mayContain(_ hash: UInt64, in body: Span<UInt8>) -> Bool {
        let start = line(of: hash, lineCount: body.count / lineByteCount) * lineByteCount
        var bits = bits(of: hash)
        for _ in 0..<bitsPerKey {
            guard body[start + Int(bits >> 3 & 63)] & 1 << UInt8(bits & 7) != 0 else {
                return false
            }
            bits >>= 9
        }
        return true
    }

    /// The best number for seven bits per block; nearly so for more.
    private static let bitsPerKey = 5

    private static func line(of hash: UInt64, lineCount: Int) -> Int {
        Int(((hash >> 32) &* UInt64(lineCount)) >> 32)
    }

    /// 45 bits, nine for each bit of the line, that do not follow from the line's choice.
    private static func bits(of hash: UInt64) -> UInt64 {
        (hash &* 0x9e37_79b9_7f4a_7c15) >> 19
    }

    /// A key as one word, the same on every machine and in every release.
    ///
    /// For each eight bytes, little-endian, the last ones filled up with zeros: exclusive or,
    /// multiply, fold. Keys are digests already, so this need not spread badly chosen keys well.
    static func hash(_ key: Span<UInt8>) -> UInt64 {
        var hash = UInt64(key.count) &* 0xff51_afd7_ed55_8ccd
        var offset = 0
        while key.count - offset >= 8 {
            // Eight bytes from `offset`, which the loop's condition leaves.
            let word = unsafe UInt64(
                littleEndian: key.bytes.unsafeLoadUnaligned(
                    fromByteOffset: offset, as: UInt64.self))
            hash = mix(hash ^ word)
            offset += 8
        }
        var word: UInt64 = 0
        for index in offset..<key.count { word |= UInt64(key[index]) << UInt64(index % 8 * 8) }
        return mix(hash ^ word)
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        let product = word &* 0xbf58_476d_1ce4_e5b9
        return product ^ product >> 31
    }
}

/// Gathers the hashes of a run's blocks, chunk by chunk, until a filter is full.
struct FilterBuilder {
    private let bitsPerBlock: Int
    /// That of the first chunk gathered.
    private(set) var separator: [UInt8] = []
    private var hashes: [UInt64] = []

    /// - Parameter tier: of the run. The lower the tier, the fewer the blocks and the more the
    ///   runs, so these can afford filters that err less: in one of 420, 75 and 22 tests.
    init(tier: Int64) { bitsPerBlock = tier < 2 ? 16 : tier == 2 ? 10 : 7 }

    var isEmpty: Bool { hashes.isEmpty }

    /// Whether the blocks of one more chunk still fit.
    func fits(_ count: Int) -> Bool {
        isEmpty || hashes.count + count <= BlockFilter.capacity(bitsPerBlock: bitsPerBlock)
    }

    /// Adds a chunk that fits and lies beyond those gathered.
    mutating func append(_ chunk: [UInt64], separator: [UInt8]) {
        if isEmpty { self.separator = separator }
        hashes.append(contentsOf: chunk)
    }

    /// The filter; afterwards the builder is empty.
    mutating func take() -> [UInt8] {
        defer { hashes.removeAll(keepingCapacity: true) }
        return BlockFilter.make(of: hashes, bitsPerBlock: bitsPerBlock)
    }
}
