// SPDX-License-Identifier: Apache-2.0

/// Gathers sorted blocks of one key length until a chunk is full.
///
/// Its buffers are kept from chunk to chunk, so that a block costs no allocation.
struct ChunkBuilder {
    private(set) var count = 0
    /// The filter hashes of the blocks.
    private(set) var hashes: [UInt64] = []
    private var keyByteCount = 0
    private var prefixByteCount = 0
    /// Whole keys, one after the other; the prefix is cut when the chunk is full.
    private var keys: [UInt8] = []
    private var places: [Place] = []

    /// The first key; empty if there is none.
    var first: [UInt8] { Array(keys.prefix(keyByteCount)) }

    /// The last key; empty if there is none.
    var last: [UInt8] { Array(keys.suffix(keyByteCount)) }

    /// Whether another block of that key still fits.
    func fits(_ key: [UInt8]) -> Bool { prefix(with: key) != nil }

    /// Adds a block whose key lies beyond ``last``, if it fits.
    mutating func append(_ key: [UInt8], _ place: Place) -> Bool {
        guard let prefix = prefix(with: key) else { return false }
        keyByteCount = key.count
        prefixByteCount = prefix
        keys.append(contentsOf: key)
        places.append(place)
        hashes.append(BlockFilter.hash(key.span))
        count += 1
        return true
    }

    /// The length of the prefix once that key is added; nil if it does not fit.
    private func prefix(with key: [UInt8]) -> Int? {
        guard count > 0 else { return key.count }
        guard key.count == keyByteCount else { return nil }
        // Keys are sorted: what the first and the last share is shared by all.
        let first = keys.span.extracting(0..<prefixByteCount)
        let prefix = KeyOrder.commonPrefix(first, key.span)
        let stride = keyByteCount - prefix + Place.byteCount
        let byteCount = Chunk.headerByteCount + prefix + (count + 1) * stride
        return byteCount <= Chunk.maximumByteCount ? prefix : nil
    }

    /// The chunk's bytes; afterwards the builder is empty.
    mutating func take() -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(Chunk.maximumByteCount)
        body.append(UInt8(keyByteCount))
        body.append(UInt8(prefixByteCount))
        body.append(contentsOf: keys[..<prefixByteCount])
        for index in 0..<count {
            let start = index * keyByteCount
            body.append(contentsOf: keys[start + prefixByteCount..<start + keyByteCount])
            let value = places[index].rawValue
            for byte in (0..<Place.byteCount).reversed() {
                body.append(UInt8(truncatingIfNeeded: value >> Int64(byte * 8)))
            }
        }
        count = 0
        keyByteCount = 0
        keys.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        return body
    }
}
