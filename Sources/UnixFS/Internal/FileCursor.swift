// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

/// Where a read stands: which links of the file are still to be opened, in file order.
///
/// Does no I/O. Links outside the range are dropped as soon as they are seen.
struct FileCursor {
    /// The deepest block below a file's root.
    ///
    /// A binary tree of 2^48 one-byte leaves is 48 deep.
    static let maximumDepth = 64

    /// Links known but not opened yet, at most; a guess.
    ///
    /// A real file has no more than depth × maxLinks, but a chain of blocks full of links would
    /// add up to far more memory than the blocks take.
    static let maximumOpenLinks = 1 << 18

    /// A link that lies at least partly within the range.
    struct OpenLink {
        /// Numbers links, so that blocks can arrive in any order.
        let id: Int
        let cid: CID
        /// Where its bytes begin in the file.
        let offset: UInt64
        let byteCount: UInt64
        let depth: Int
        var isRequested = false
    }

    private let range: Range<UInt64>
    /// The next link is the last element, so that opening it is a push and a pop.
    private var links: [OpenLink] = []
    private var nextID = 0

    init(offset: UInt64, byteCount: UInt64?) {
        let (end, overflow) = offset.addingReportingOverflow(byteCount ?? .max)
        range = offset..<(overflow ? .max : end)
    }

    /// The link whose bytes come next; nil at the end.
    var next: OpenLink? { links.last }

    /// Marks and returns links to fetch now.
    ///
    /// They are among the next `window`, and at most `budget`, except that the next one of all is
    /// always included: links that come before those asked for earlier must not wait for them.
    mutating func requests(within window: Int, budget: Int) -> [OpenLink] {
        var requests: [OpenLink] = []
        for index in links.indices.suffix(window).reversed() where !links[index].isRequested {
            guard requests.count < budget || index == links.count - 1 else { break }
            links[index].isRequested = true
            requests.append(links[index])
        }
        return requests
    }

    /// Opens the root or the block of ``next`` and returns its own bytes within the range.
    mutating func open(_ block: Block) throws(UnixFSReadError) -> ArraySlice<UInt8> {
        let link = links.popLast()
        let node: UnixFSNode
        do { node = try UnixFSNode(block) } catch { throw .malformed(block.cid, error) }
        let offset = link?.offset ?? 0
        switch node {
        case .rawLeaf(let bytes):
            try check(link, actual: UInt64(bytes.count))
            return clip(bytes, at: offset)
        case .file(let file):
            try check(link, actual: file.fileByteCount)
            try push(file, cid: block.cid, offset: offset, depth: (link?.depth ?? 0) + 1)
            return clip(file.data, at: offset)
        case .directory, .hamtShard, .symlink:
            throw .notAFile(block.cid)
        }
    }

    private func check(_ link: OpenLink?, actual: UInt64) throws(UnixFSReadError) {
        guard let link, link.byteCount != actual else { return }
        throw .wrongByteCount(link.cid, expected: link.byteCount, actual: actual)
    }

    private mutating func push(
        _ file: FileNode, cid: CID, offset: UInt64, depth: Int
    ) throws(UnixFSReadError) {
        // `FileNode` has checked that its sizes add up to no more than Int64.max, and `check` that
        // they stay within what the blocks above said, so no sum here overflows.
        var childOffset = offset + UInt64(file.data.count)
        var children: [OpenLink] = []
        for child in file.children {
            let end = childOffset + child.fileByteCount
            defer { childOffset = end }
            guard childOffset < range.upperBound, end > range.lowerBound,
                child.fileByteCount > 0
            else { continue }
            children.append(
                OpenLink(
                    id: nextID, cid: child.cid, offset: childOffset,
                    byteCount: child.fileByteCount, depth: depth))
            nextID += 1
        }
        guard let first = children.first else { return }
        guard depth <= FileCursor.maximumDepth else { throw .tooDeep(first.cid) }
        guard links.count + children.count <= FileCursor.maximumOpenLinks else {
            throw .tooManyLinks(cid)
        }
        links.append(contentsOf: children.reversed())
    }

    /// The part of `bytes` that lies in the range, if they begin at `offset` in the file.
    private func clip(_ bytes: [UInt8], at offset: UInt64) -> ArraySlice<UInt8> {
        let end = offset + UInt64(bytes.count)
        let lower = max(range.lowerBound, offset)
        let upper = min(range.upperBound, end)
        guard lower < upper else { return [] }
        return bytes[Int(lower - offset)..<Int(upper - offset)]
    }
}
