// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// Writes a CARv2 front to back, as bytes for the caller to store.
///
/// The order is: ``start(roots:)``; for each block ``section(_:blockByteCount:)`` and the block's
/// own bytes; ``finish()``, whose index goes behind the data and whose header then replaces the
/// placeholder at ``headerOffset``. Until that last write, which should follow a sync of all
/// else, the file is refused by every reader.
public struct CARv2Encoder: Sendable {
    /// Where in the file the header goes, in bytes.
    public static let headerOffset = CARv2Header.pragma.count

    /// What is written after the last block.
    public struct Ending: Hashable, Sendable {
        /// The index, to be written behind the data.
        public let index: [UInt8]
        /// The 40 bytes for ``CARv2Encoder/headerOffset``, to be written last.
        public let header: [UInt8]
    }

    /// Byte count of the CARv1 so far, its header and all blocks included.
    public private(set) var dataByteCount: UInt64 = 0
    private var index: CARIndexBuilder

    /// Starts an empty file.
    public init(
        indexForm: CARIndex.Form = .multihashIndexSorted, isFullyIndexed: Bool = false
    ) {
        index = CARIndexBuilder(form: indexForm, isFullyIndexed: isFullyIndexed)
    }

    /// The first bytes: the pragma, a placeholder for the header, and the header of the CARv1.
    public mutating func start(roots: [CID]) -> [UInt8] {
        precondition(dataByteCount == 0, "started twice")
        let header = CARHeader.encode(roots: roots)
        dataByteCount = UInt64(header.count)
        return CARv2Header.pragma + CARv2Header.placeholder + header
    }

    /// What goes in front of the bytes of the next block.
    ///
    /// - Complexity: O(CID length) amortized.
    public mutating func section(_ cid: CID, blockByteCount: Int) -> [UInt8] {
        precondition(dataByteCount > 0, "section before start(roots:)")
        index.add(cid, offset: dataByteCount)
        dataByteCount += UInt64(CARSection.byteCount(cid: cid, blockByteCount: blockByteCount))
        return CARSection.prefix(cid: cid, blockByteCount: blockByteCount)
    }

    /// The index and the final header.
    ///
    /// - Complexity: O(n log n) for n blocks.
    public consuming func finish() -> Ending {
        let dataOffset = UInt64(CARv2Header.minimumDataOffset)
        let header = CARv2Header(
            dataByteCount: dataByteCount, indexOffset: dataOffset + dataByteCount,
            isFullyIndexed: index.isFullyIndexed)
        return Ending(index: index.encode(), header: header.encode())
    }
}
