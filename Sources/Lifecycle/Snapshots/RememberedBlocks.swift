// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats
import Synchronization

/// Blocks that were asked for lately, kept in memory: for look-ups that meet the same directories
/// again and again.
final class RememberedBlocks<Source: BlockSource>: BlockSource {
    /// Bytes that are kept at most.
    private static var byteLimit: Int { 16 << 20 }

    private let source: Source
    private let state = Mutex((blocks: [CID: Block](), byteCount: 0))

    init(_ source: Source) { self.source = source }

    func block(_ cid: CID) async throws -> Block {
        if let block = state.withLock({ $0.blocks[cid] }) { return block }
        let block = try await source.block(cid)
        state.withLock { state in
            if state.byteCount + block.bytes.count > Self.byteLimit {
                // All at once: what is still asked for comes back soon.
                state = ([:], 0)
            }
            guard block.bytes.count <= Self.byteLimit else { return }
            if state.blocks.updateValue(block, forKey: cid) == nil {
                state.byteCount += block.bytes.count
            }
        }
        return block
    }
}
