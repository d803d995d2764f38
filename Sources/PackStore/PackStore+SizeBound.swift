// SPDX-License-Identifier: Apache-2.0

public import IPLD
import Multiformats

extension PackStore {
    /// The most bytes that `blocks` take in `packCount` packs, whatever is in them.
    ///
    /// What a block takes beside its bytes are its CID, in its section and in the index, an entry of
    /// 20 bytes there, and, at worst, a frame of its own; noise grows by three bytes in 128 KiB. A
    /// pack of one block takes 316 bytes more than the block, entry and CIDs included.
    public static func storedByteCountBound(of blocks: [Block], packCount: Int) -> Int64 {
        blocks.reduce(Int64(packCount) * 512) { total, block in
            let byteCount = block.bytes.count
            return total + Int64(byteCount + (byteCount >> 10) + 2 * block.cid.bytes.count + 96)
        }
    }
}
