// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

/// The open right edge of a trickle DAG.
struct TrickleSpine {
    /// How many subtrees of each depth hang below a block.
    private static let repeats = 4

    let maxLinks: Int
    let cidBuilder: CIDBuilder

    /// An inner block that still takes links.
    private struct OpenBlock {
        /// Subtrees here are shallower than this; nil for the root, which has no bound.
        let maxDepth: Int?
        var links: [FileLink] = []
        /// The depth of the next subtree.
        var depth = 1
        /// How many subtrees of ``depth`` there are.
        var repeated = 0

        func isFull(maxLinks: Int) -> Bool {
            guard let maxDepth else { return false }
            return links.count >= maxLinks && depth >= maxDepth
        }
    }

    /// From the root down to the block that takes the next leaf.
    private var path = [OpenBlock(maxDepth: nil)]

    init(maxLinks: Int, cidBuilder: CIDBuilder) {
        self.maxLinks = maxLinks
        self.cidBuilder = cidBuilder
    }

    mutating func append(_ leaf: FileLink, emit: (Block) throws -> Void) throws {
        while path[path.count - 1].links.count >= maxLinks {
            path.append(OpenBlock(maxDepth: path[path.count - 1].depth))
        }
        path[path.count - 1].links.append(leaf)
        while path[path.count - 1].isFull(maxLinks: maxLinks) { try sealLast(emit: emit) }
    }

    mutating func finish(
        metadata: UnixFSMetadata, emit: (Block) throws -> Void
    ) throws -> FileLink {
        while path.count > 1 { try sealLast(emit: emit) }
        return try FileLink.inner(
            over: path[0].links, metadata: metadata, cidBuilder: cidBuilder, emit: emit)
    }

    /// Seals the deepest open block, which is not the root, and links it from its parent.
    private mutating func sealLast(emit: (Block) throws -> Void) throws {
        let last = path.removeLast()
        let link = try FileLink.inner(
            over: last.links, metadata: .none, cidBuilder: cidBuilder, emit: emit)
        let parent = path.count - 1
        path[parent].links.append(link)
        path[parent].repeated += 1
        if path[parent].repeated == Self.repeats {
            path[parent].repeated = 0
            path[parent].depth += 1
        }
    }
}
