// SPDX-License-Identifier: Apache-2.0

/// A few thousand bytes of neighbouring blocks, sorted by multihash.
///
/// All keys have one length and share a prefix, which is stored once:
///
/// | bytes | meaning |
/// | --- | --- |
/// | 1 | key length `k`, 1 to 255 |
/// | 1 | prefix length `p`, below or equal to `k` |
/// | `p` | prefix |
/// | `n` × (`k - p` + 7) | rest of the key, place (big-endian) |
enum Chunk {
    /// The longest chunk: with its row it fills a leaf page of 4,096 bytes, of which SQLite leaves
    /// 4,061 to a row before it overflows.
    static let maximumByteCount = 4_032

    static let headerByteCount = 2

    /// The shape of a chunk, checked.
    struct Layout {
        var keyByteCount: Int
        var prefixByteCount: Int
        var count: Int

        var suffixByteCount: Int { keyByteCount - prefixByteCount }
        var stride: Int { suffixByteCount + Place.byteCount }
        var firstRecord: Int { Chunk.headerByteCount + prefixByteCount }

        /// Reads the shape; nil if the bytes are no chunk.
        init?(_ body: Span<UInt8>) {
            guard body.count >= Chunk.headerByteCount else { return nil }
            keyByteCount = Int(body[0])
            prefixByteCount = Int(body[1])
            count = 0
            guard prefixByteCount <= keyByteCount, body.count >= firstRecord else { return nil }
            let recordByteCount = body.count - firstRecord
            guard recordByteCount % stride == 0 else { return nil }
            count = recordByteCount / stride
        }
    }

    /// Finds a key; nil if the chunk does not have it.
    ///
    /// - Complexity: O(log n), no allocation.
    static func find(
        _ key: Span<UInt8>, in body: Span<UInt8>
    ) throws(DamagedContent) -> Place? {
        guard let layout = Layout(body) else { throw DamagedContent() }
        guard key.count == layout.keyByteCount else { return nil }
        let headerEnd = layout.firstRecord
        let prefix = body.extracting(headerByteCount..<headerEnd)
        guard KeyOrder.commonPrefix(key, prefix) == layout.prefixByteCount else { return nil }
        let suffix = key.extracting(layout.prefixByteCount..<key.count)
        var low = 0
        var high = layout.count
        while low < high {
            let middle = (low + high) / 2
            let start = headerEnd + middle * layout.stride
            let order = KeyOrder.compare(
                body.extracting(start..<start + layout.suffixByteCount), suffix)
            if order == 0 { return place(in: body, at: start + layout.suffixByteCount) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// Whether a key lies between the first and the last one of a chunk, or is one of them: then it is
    /// in no other chunk of the run.
    static func covers(_ key: Span<UInt8>, in body: Span<UInt8>) throws(DamagedContent) -> Bool {
        guard let layout = Layout(body), layout.count > 0 else { throw DamagedContent() }
        let prefix = body.extracting(headerByteCount..<layout.firstRecord)
        guard KeyOrder.commonPrefix(key, prefix) == layout.prefixByteCount else { return false }
        let suffix = key.extracting(layout.prefixByteCount..<key.count)
        func order(_ record: Int) -> Int {
            let start = layout.firstRecord + record * layout.stride
            return KeyOrder.compare(
                body.extracting(start..<start + layout.suffixByteCount), suffix)
        }
        return order(0) <= 0 && order(layout.count - 1) >= 0
    }

    /// The place that starts at that byte, which the caller has checked to lie in a record.
    static func place(in body: Span<UInt8>, at offset: Int) -> Place {
        var value: Int64 = 0
        for index in offset..<offset + Place.byteCount { value = value << 8 | Int64(body[index]) }
        return Place(rawValue: value)
    }
}

/// A stored value has no valid form: the file is damaged.
struct DamagedContent: Error {}
