// SPDX-License-Identifier: Apache-2.0

public import BlockStore
public import Multiformats

extension PackStore {
    /// The CIDs under which a pack states blocks, by its index; the blocks are not read.
    ///
    /// - Throws: ``PackError``, also if there is no such block.
    /// - Complexity: three small reads for each block.
    public func cids(
        ofBlocks ordinals: [Int], of pack: PackID, tier: PackTier
    ) async throws -> [CID] {
        try await run { [self] in
            let reader = try PackReader(pack, in: objectStore(tier))
            return try ordinals.map { try reader.entry($0).cid }
        }
    }
}
