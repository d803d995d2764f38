// SPDX-License-Identifier: Apache-2.0

/// Finds where a file is cut into chunks.
///
/// Holds no state between calls: every chunk is found from its own bytes alone, so chunks that
/// start at the same bytes end at the same byte, in any file.
public struct Chunker: Sendable {
    /// What was asked for.
    public let spec: ChunkerSpec

    /// Cuts as `spec` says.
    public init(_ spec: ChunkerSpec) {
        self.spec = spec
    }

    /// The length in bytes of the chunk that starts with the first of `bytes`.
    ///
    /// Give at least ``ChunkerSpec/maximumChunkByteCount`` bytes, or all that are left with
    /// `isFinal` set. Bytes beyond the maximum are not looked at.
    ///
    /// - Returns: 1 to `bytes.count`; nil if more input is needed, or if there is none left.
    /// - Complexity: O(maximum chunk length); does not allocate.
    public func nextChunkByteCount(in bytes: Span<UInt8>, isFinal: Bool) -> Int? {
        guard isFinal || bytes.count >= spec.maximumChunkByteCount else { return nil }
        guard !bytes.isEmpty else { return nil }
        switch spec.algorithm {
        case .size(let byteCount): return min(byteCount, bytes.count)
        case .rabin(let bounds): return Rabin.chunkByteCount(in: bytes, bounds)
        case .buzhash: return Buzhash.chunkByteCount(in: bytes)
        case .fastCDC(let bounds): return FastCDC.chunkByteCount(in: bytes, bounds)
        }
    }
}
