// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// A section of a CAR: a block and where it was found.
///
/// Spec: <https://ipld.io/specs/transport/car/carv1/#data>.
public struct CARSection: Hashable, Sendable {
    /// The CID and the bytes.
    public let block: Block
    /// Where the section's length starts, counted from the start of the CARv1 data: what a CARv2
    /// index holds.
    public let offset: Int
    /// Where the block's bytes start, counted likewise.
    public let blockOffset: Int

    /// Where the section ends, counted likewise.
    public var endOffset: Int { blockOffset + block.bytes.count }

    /// Pairs a block with its place.
    public init(block: Block, offset: Int, blockOffset: Int) {
        self.block = block
        self.offset = offset
        self.blockOffset = blockOffset
    }
}

extension CARSection {
    /// Byte count of a section, its length included.
    ///
    /// - Complexity: O(1).
    public static func byteCount(cid: CID, blockByteCount: Int) -> Int {
        let content = cid.bytes.count + blockByteCount
        return Varint.byteCount(of: UInt64(content)) + content
    }

    /// What a section has in front of the block's bytes: its length and the CID.
    ///
    /// - Complexity: O(CID length); one allocation.
    public static func prefix(cid: CID, blockByteCount: Int) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(cid.bytes.count + Varint.maximumByteCount)
        appendPrefix(cid: cid, blockByteCount: blockByteCount, to: &output)
        return output
    }

    /// Appends what ``prefix(cid:blockByteCount:)`` gives to `output`.
    ///
    /// - Complexity: O(CID length).
    public static func appendPrefix(cid: CID, blockByteCount: Int, to output: inout [UInt8]) {
        Varint.append(UInt64(cid.bytes.count + blockByteCount), to: &output)
        output.append(contentsOf: cid.bytes)
    }

    /// Appends a section to `output`.
    ///
    /// `bytes` are not checked against `cid`.
    ///
    /// - Complexity: O(`bytes.count`).
    public static func append(
        cid: CID, bytes: some Collection<UInt8>, to output: inout [UInt8]
    ) {
        appendPrefix(cid: cid, blockByteCount: bytes.count, to: &output)
        output.append(contentsOf: bytes)
    }
}
