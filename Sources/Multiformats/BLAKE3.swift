// SPDX-License-Identifier: Apache-2.0

/// BLAKE3 in hash mode, with output of any length up to 256 bytes.
///
/// The message is cut into chunks of 1024 bytes, the leaves of a binary tree. Complete subtrees
/// wait on a stack until their right neighbour is complete, so memory grows with the logarithm
/// of the length. Sixteen chunks at a time are hashed as one subtree, four in parallel.
/// Spec: <https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf>.
package struct BLAKE3: Sendable {
    /// The longest output that ``finalize(byteCount:appendingTo:)`` gives, in bytes.
    package static let maximumOutputByteCount = 256

    private static let chunkByteCount = 1024
    private static let blockByteCount = 64

    /// Chaining values of complete subtrees, largest and leftmost first.
    private var stack: [SIMD8<UInt32>] = []

    /// Complete chunks that the stack covers.
    private var chunkCount: UInt64 = 0

    /// The newest chunk.
    ///
    /// It stays here, even when full, until a byte follows, because the root of the tree is
    /// hashed with a flag and the last chunk may be the root.
    private var pending: [UInt8] = []

    /// Makes a state that has seen no bytes.
    package init() {}

    /// Hashes the next bytes, which are read during the call only.
    @unsafe package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        var offset = 0
        if !pending.isEmpty {
            offset = min(Self.chunkByteCount - pending.count, bytes.count)
            unsafe pending.append(contentsOf: bytes[..<offset])
            guard offset < bytes.count else { return }
            // Taken out, so that the buffer has one owner and is reused.
            var chunk: [UInt8] = []
            swap(&chunk, &pending)
            unsafe chunk.withUnsafeBytes { buffer in
                // A whole chunk: it was filled above, as bytes remain.
                if let start = buffer.baseAddress { unsafe pushSubtree(at: start, chunkCount: 1) }
            }
            chunk.removeAll(keepingCapacity: true)
            pending = chunk
        }
        while bytes.count - offset > Self.chunkByteCount {
            let count = subtreeChunkCount(remaining: bytes.count - offset)
            // `count` chunks lie at `offset`, and at least one byte after them.
            unsafe pushSubtree(at: base + offset, chunkCount: count)
            offset += count * Self.chunkByteCount
        }
        if pending.capacity == 0 { pending.reserveCapacity(Self.chunkByteCount) }
        unsafe pending.append(contentsOf: bytes[offset...])
    }

    /// Appends the first `byteCount` bytes of output; the state must not be used afterwards.
    ///
    /// `byteCount` must be at most ``maximumOutputByteCount``.
    package mutating func finalize(byteCount: Int, appendingTo output: inout [UInt8]) {
        precondition(byteCount <= Self.maximumOutputByteCount, "output of \(byteCount) bytes")
        var root = lastChunkNode()
        while let left = stack.popLast() {
            root = BLAKE3Node(parentOf: left, root.chainingValue)
        }
        root.appendRootOutput(byteCount: byteCount, to: &output)
    }

    /// The largest subtree that starts at the present chunk and is not the end of the message.
    private func subtreeChunkCount(remaining: Int) -> Int {
        for count in [16, 4]
        where remaining > count * Self.chunkByteCount && chunkCount % UInt64(count) == 0 {
            return count
        }
        return 1
    }

    /// Hashes a subtree of 1, 4 or 16 chunks and merges every subtree this completes.
    @unsafe private mutating func pushSubtree(at start: UnsafeRawPointer, chunkCount count: Int) {
        var value = unsafe BLAKE3Lanes.chainingValue(
            ofSubtreeAt: start, firstChunk: chunkCount, chunkCount: count)
        chunkCount += UInt64(count)
        // One subtree lies on the stack for each set bit of the count of subtrees this size.
        var subtreeCount = chunkCount / UInt64(count)
        while subtreeCount % 2 == 0, let left = stack.popLast() {
            value = BLAKE3Node(parentOf: left, value).chainingValue
            subtreeCount /= 2
        }
        stack.append(value)
    }

    /// The last block of the last chunk, which may be empty; the blocks before it are hashed.
    private mutating func lastChunkNode() -> BLAKE3Node {
        let blockCount = max(0, pending.count - 1) / Self.blockByteCount
        let start = blockCount * Self.blockByteCount
        let byteCount = pending.count - start
        let padding = repeatElement(UInt8(0), count: Self.blockByteCount - byteCount)
        pending.append(contentsOf: padding)
        return unsafe pending.withUnsafeBytes { chunk in
            // `blockCount` blocks before `start`, and a whole one from there on.
            unsafe BLAKE3Node(
                lastBlockAt: start, of: chunk, byteCount: byteCount, chunkIndex: chunkCount)
        }
    }
}
