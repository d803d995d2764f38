// SPDX-License-Identifier: Apache-2.0

import Bitswap
import BlockStore
import IPLD
import Multiformats

/// The blocks of a store, and what peers send of those that are not in it, which is kept there.
struct NetworkBlocks: BlockSource {
    private let store: FetchedBlocks
    private let session: BitswapSession

    /// Asks `store` first, then peers by `session`.
    init(store: FetchedBlocks, session: BitswapSession) {
        self.store = store
        self.session = session
    }

    /// The block, wherever it is.
    func block(_ cid: CID) async throws -> Block {
        do { return try await store.block(cid) } catch let error as BlockStoreError
            where error.code == .notFound
        {
            let block = try await session.block(cid)
            try await store.put([block])
            return block
        }
    }
}
