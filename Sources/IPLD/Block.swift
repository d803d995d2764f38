// SPDX-License-Identifier: Apache-2.0

public import Multiformats

/// A block: a CID and the bytes it names.
///
/// Making one does not check that the bytes hash to the CID.
public struct Block: Hashable, Sendable {
    /// The largest block that is stored or read, in bytes.
    ///
    /// Peers exchange at most 2 MiB; larger ones come from huge unsharded directories and from
    /// foreign archives.
    public static let byteLimit = 32 << 20

    /// What names the bytes.
    public let cid: CID
    /// The bytes, encoded as the CID's codec says.
    public let bytes: [UInt8]

    /// Pairs a CID with its bytes, unchecked.
    public init(cid: CID, bytes: [UInt8]) {
        self.cid = cid
        self.bytes = bytes
    }
}

extension CID {
    /// The block that an identity CID holds itself; nil for every other CID.
    ///
    /// - Complexity: O(1) for other CIDs.
    public var inlineBlock: Block? {
        guard multihashBytes.first == 0x00 else { return nil }
        return Block(cid: self, bytes: Array(multihash.digest))
    }
}

/// Where blocks come from: a store, a network session, a dictionary in a test.
///
/// Implementations hand out only blocks whose bytes hash to the CID.
public protocol BlockSource: Sendable {
    /// The block that `cid` names.
    ///
    /// - Throws: an error that names the CID when the block is missing or bad.
    func block(_ cid: CID) async throws -> Block

    /// Hands the block of each of `cids` to `body`, in the order that is cheapest for the source,
    /// one at a time.
    ///
    /// `body` gets the CID's index in `cids`; it may run on a thread of the source's, and may
    /// block.
    /// - Throws: what `body` throws, or an error that names the first CID whose block is missing
    ///   or bad; others may have been handed out by then.
    func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws
}

extension BlockSource {
    /// Asks for one block after the other.
    public func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        for (index, cid) in cids.enumerated() { try body(index, try await block(cid)) }
    }
}
