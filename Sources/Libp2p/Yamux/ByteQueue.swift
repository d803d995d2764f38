// SPDX-License-Identifier: Apache-2.0

/// Bytes that arrive in pieces of any size and leave in pieces of any size.
///
/// Small pieces are gathered, so that the memory is at most about twice the bytes held and one
/// chunk; no byte is moved more than twice.
struct ByteQueue: Sendable {
    /// How far a chunk is filled; a piece that is larger has a chunk of its own.
    private static let chunkByteCount = 64 << 10

    private var chunks: [[UInt8]] = []
    /// The first chunk that is not used up.
    private var firstIndex = 0
    /// How much of it is used up.
    private var firstOffset = 0
    /// How many bytes are held.
    private(set) var byteCount = 0

    var isEmpty: Bool { byteCount == 0 }

    /// Adds bytes at the end.
    ///
    /// - Complexity: O(bytes), amortised.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        byteCount += bytes.count
        if let last = chunks.indices.last, last >= firstIndex,
            chunks[last].count + bytes.count <= Self.chunkByteCount
        {
            chunks[last].append(contentsOf: bytes)
        } else {
            chunks.append(Array(bytes))
        }
    }

    /// Takes bytes from the front: at least one if there are any, at most `limit`.
    ///
    /// - Complexity: O(1) for a chunk that is taken whole, else O(bytes taken).
    mutating func pop(atMost limit: Int) -> [UInt8] {
        guard byteCount > 0, limit > 0 else { return [] }
        let available = chunks[firstIndex].count - firstOffset
        let taken: [UInt8]
        if available <= limit {
            if firstOffset == 0 {
                taken = chunks[firstIndex]
            } else {
                taken = Array(chunks[firstIndex][firstOffset...])
            }
            chunks[firstIndex] = []
            firstIndex += 1
            firstOffset = 0
            compact()
        } else {
            taken = Array(chunks[firstIndex][firstOffset..<firstOffset + limit])
            firstOffset += limit
        }
        byteCount -= taken.count
        return taken
    }

    /// Drops everything.
    mutating func removeAll() { self = ByteQueue() }

    /// Drops the used chunks when they are at least half of all, so that it costs O(1) amortised.
    private mutating func compact() {
        if firstIndex == chunks.count {
            chunks.removeAll(keepingCapacity: true)
            firstIndex = 0
        } else if firstIndex >= 32, firstIndex * 2 >= chunks.count {
            chunks.removeSubrange(..<firstIndex)
            firstIndex = 0
        }
    }
}
