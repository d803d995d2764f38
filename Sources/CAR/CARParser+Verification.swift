// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension CARParser {
    /// Checks that `bytes` hash to `cid`; the section starts at `offset`.
    ///
    /// - Throws: `CARError.mismatch`, `.unverifiable`.
    func verify(_ bytes: Span<UInt8>, of cid: CID, offset: Int) throws(CARError) {
        guard let function = HashFunction(code: cid.multihash.code) else {
            throw .unverifiable(offset: offset, cid)
        }
        let multihash: Multihash
        do { multihash = try function.multihash(of: bytes) } catch {
            // Only identity digests have a longest input, which is longer than any CID holds.
            throw .mismatch(offset: offset, cid)
        }
        guard multihash == cid.multihash else { throw .mismatch(offset: offset, cid) }
    }
}
