// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Multiformats
import UnixFS

/// Goes through the files and directories under a root, without the inner blocks of files.
///
/// A directory comes after all that is in it. So a directory that is announced already, other than
/// the root, needs no second walk, and a walk that was cut off goes on where it was by beginning
/// anew. Memory is that of the directories on the way down.
struct EntityWalk {
    private struct Frame {
        let multihash: [UInt8]
        /// A part of a directory is none itself.
        let isEntity: Bool
        var rest: ArraySlice<HAMTShard.Child>
    }

    private let source: any AnnounceSource
    private let root: CID
    private var stack: [Frame] = []
    private var hasBegun = false

    init(root: CID, source: any AnnounceSource) {
        self.root = root
        self.source = source
    }

    /// About `count` multihashes, fewer at the end; empty once all have been given.
    ///
    /// - Parameter isKnown: whether a directory has been walked before.
    mutating func next(
        _ count: Int, isKnown: (_ multihash: [UInt8]) async throws -> Bool
    ) async throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        if !hasBegun {
            hasBegun = true
            try await enter(.entry(DirectoryEntry(name: [], cid: root, tsize: 0)), &found) { _ in
                false
            }
        }
        while found.count < count, var frame = stack.popLast() {
            guard let child = frame.rest.popFirst() else {
                if frame.isEntity { found.append(frame.multihash) }
                continue
            }
            stack.append(frame)
            try await enter(child, &found, isKnown)
        }
        return found
    }

    private mutating func enter(
        _ child: HAMTShard.Child, _ found: inout [[UInt8]],
        _ isKnown: (_ multihash: [UInt8]) async throws -> Bool
    ) async throws {
        let cid = child.cid
        let multihash = Array(cid.multihashBytes)
        guard cid.inlineBlock == nil, Multihash.isAnnounceable(multihash) else { return }
        guard cid.codec == .dagPB else { return found.append(multihash) }
        if try await isKnown(multihash) { return }
        let block: Block
        do { block = try await source.block(cid) } catch let error as BlockStoreError
            where error.code == .notFound
        { return }
        // What is no UnixFS has no entries that could be told.
        let children: [HAMTShard.Child]? =
            switch try? UnixFSNode(block) {
            case .directory(let directory): directory.entries.map { .entry($0) }
            case .hamtShard(let shard): shard.children
            default: nil
            }
        let isEntity = if case .entry = child { true } else { false }
        guard let children else { return found.append(multihash) }
        stack.append(Frame(multihash: multihash, isEntity: isEntity, rest: children[...]))
    }
}
