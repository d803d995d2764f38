// SPDX-License-Identifier: Apache-2.0

import Multiformats

extension PBNode {
    /// Decodes a DAG-PB block; links keep the order found.
    ///
    /// Refused are unknown fields, wrong wire types, repeated fields, link fields out of order,
    /// links without a CID, links on both sides of the data, and sizes over 2^63-1. Data in
    /// front of the links is accepted and written behind them by ``encode()``, as old data
    /// requires; such a block does not re-encode to itself. The same goes for varints that are
    /// longer than needed.
    ///
    /// - Throws: ``DAGPBError`` with the byte offset.
    /// - Complexity: O(block length); two allocations per link.
    public init(decoding bytes: Span<UInt8>) throws(DAGPBError) {
        self.init()
        var cursor = PBFieldCursor()
        while let field = try cursor.next(in: bytes) {
            switch field {
            case .data(let range): data = bytes.copied(range)
            case .link(let link):
                links.append(
                    PBLink(
                        hash: try link.cid(in: bytes),
                        name: link.name.map { bytes.copied($0) },
                        tsize: link.tsize))
            }
        }
    }
}
