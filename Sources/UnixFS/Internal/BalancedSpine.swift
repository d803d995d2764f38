// SPDX-License-Identifier: Apache-2.0

import IPLD
import Multiformats

/// The open right edge of a balanced DAG.
///
/// A full level is sealed only when another link arrives for it: until then it may still be the
/// root, which is the one block that carries metadata.
struct BalancedSpine {
    let maxLinks: Int
    let cidBuilder: CIDBuilder

    /// Links that have no parent yet: those at index n head subtrees of height n.
    private var levels: [[FileLink]] = [[]]

    init(maxLinks: Int, cidBuilder: CIDBuilder) {
        self.maxLinks = maxLinks
        self.cidBuilder = cidBuilder
    }

    mutating func append(_ leaf: FileLink, emit: (Block) throws -> Void) throws {
        try append(leaf, level: 0, emit: emit)
    }

    /// The root over all leaves appended, of which there must be one at least.
    mutating func finish(
        metadata: UnixFSMetadata, emit: (Block) throws -> Void
    ) throws -> FileLink {
        var level = 0
        // Sealing a level can open one above it, so the count is read anew each time.
        while level < levels.count - 1 {
            try seal(level, emit: emit)
            level += 1
        }
        let top = levels[level]
        if level == 0, top.count == 1 { return top[0] }
        return try FileLink.inner(
            over: top, metadata: metadata, cidBuilder: cidBuilder, emit: emit)
    }

    private mutating func append(
        _ link: FileLink, level: Int, emit: (Block) throws -> Void
    ) throws {
        if level == levels.count { levels.append([]) }
        if levels[level].count == maxLinks { try seal(level, emit: emit) }
        levels[level].append(link)
    }

    /// Moves the links of `level` below a block of their own, one level higher.
    private mutating func seal(_ level: Int, emit: (Block) throws -> Void) throws {
        let parent = try FileLink.inner(
            over: levels[level], metadata: .none, cidBuilder: cidBuilder, emit: emit)
        levels[level].removeAll(keepingCapacity: true)
        try append(parent, level: level + 1, emit: emit)
    }
}
