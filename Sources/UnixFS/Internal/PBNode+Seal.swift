// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

extension PBNode {
    /// The block of this node, and the Tsize of a link to it.
    func seal(
        with cidBuilder: CIDBuilder
    ) throws(UnixFSBuildError) -> (block: Block, tsize: UInt64) {
        let bytes = encode()
        let cid: CID
        do { cid = try cidBuilder.cid(codec: .dagPB, hashing: bytes.span) } catch {
            throw .hashing(error)
        }
        // Sizes of entries made elsewhere are claims; no sum of them may trap or leave the range
        // that DAG-PB readers accept.
        let tsize = links.reduce(UInt64(bytes.count)) { sum, link in
            let (next, overflow) = sum.addingReportingOverflow(link.tsize ?? 0)
            return overflow ? UInt64(Int64.max) : min(next, UInt64(Int64.max))
        }
        return (Block(cid: cid, bytes: bytes), tsize)
    }
}

extension FileLink {
    /// Seals an inner block over `children` and hands it to `emit`.
    static func inner(
        over children: [FileLink], metadata: UnixFSMetadata, cidBuilder: CIDBuilder,
        emit: (Block) throws -> Void
    ) throws -> FileLink {
        let fileByteCount = children.reduce(UInt64(0)) { $0 + $1.fileByteCount }
        let message = UnixFSData(
            kind: .file, filesize: fileByteCount, blocksizes: children.map(\.fileByteCount),
            metadata: metadata)
        let links = children.map { PBLink(hash: $0.cid, tsize: $0.tsize) }
        let sealed = try PBNode(links: links, data: message.encode()).seal(with: cidBuilder)
        try emit(sealed.block)
        return FileLink(
            cid: sealed.block.cid, tsize: sealed.tsize, fileByteCount: fileByteCount)
    }
}
