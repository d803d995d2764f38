// SPDX-License-Identifier: Apache-2.0

public import IPLD
public import Multiformats

/// Blocks that belong together, fetched from peers.
///
/// Peers that had one of them are asked for the others first. Every block is checked against its
/// CID. Ends with its last reference, or by ``end()``.
public final class BitswapSession: BlockSource {
    /// Blocks that ``forEachBlock(_:_:)`` asks for at the same time.
    ///
    /// With blocks of 1 MiB, what a gigabit link carries in half a second.
    static let width = 64

    private let client: BlockClient
    private let id: Int

    init(client: BlockClient, id: Int) {
        self.client = client
        self.id = id
    }

    deinit { client.endSession(id) }

    /// Ends the session; whoever waits in it gets a `CancellationError`.
    public func end() { client.endSession(id) }

    /// Waits for the block that `cid` names, which any number of tasks may do at once.
    ///
    /// - Throws: `BlockStoreError` with `notFound` once nobody is left to ask, or after
    ///   ``BitswapOptions/Client/giveUpAfter`` without any block of the session; with `failed` if
    ///   the service has ended; `CancellationError`.
    public func block(_ cid: CID) async throws -> Block {
        if let inlined = cid.inlineBlock { return inlined }
        // Peers do not send empty blocks: whoever knows the CID has it.
        if let digest = Self.emptyDigest(cid), cid.multihash.digest.elementsEqual(digest) {
            return Block(cid: cid, bytes: [])
        }
        return try await client.block(cid, in: id)
    }

    /// Hands out blocks in the order in which they come, asking for some at a time.
    public func forEachBlock(
        _ cids: [CID], _ body: @escaping @Sendable (_ index: Int, Block) throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: (Int, Block).self) { group in
            for (index, cid) in cids.enumerated() {
                if index >= Self.width, let (done, block) = try await group.next() {
                    try body(done, block)
                }
                group.addTask { (index, try await self.block(cid)) }
            }
            while let (index, block) = try await group.next() { try body(index, block) }
        }
    }

    /// The digest of no bytes by the CID's function, if that is a common one.
    private static func emptyDigest(_ cid: CID) -> [UInt8]? {
        guard let function = HashFunction(code: cid.prefix.hashCode), function != .identity else {
            return nil
        }
        return emptyDigests[function]
    }

    private static let emptyDigests: [HashFunction: [UInt8]] = {
        var digests: [HashFunction: [UInt8]] = [:]
        let none: [UInt8] = []
        for function in HashFunction.allCases where function != .identity {
            // Only identity digests can fail.
            digests[function] = try? function.digest(of: none.span)
        }
        return digests
    }()
}
