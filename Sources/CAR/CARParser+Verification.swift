// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension CARParser {
    /// Checks that `bytes` hash to `cid`; the section starts at `offset`.
    ///
    /// - Throws: `CARError.mismatch`, `.unverifiable`.
    func verify(_ bytes: Span<UInt8>, of cid: CID, offset: Int) throws(CARError) {
        do { try cid.verify(bytes) } catch {
            switch error {
            case .mismatch: throw .mismatch(offset: offset, cid)
            case .cannotVerify: throw .unverifiable(offset: offset, cid)
            }
        }
    }
}
