// SPDX-License-Identifier: Apache-2.0

import BlockStore
import IPLD
import Logging
import Multiformats
import UnixFS

/// Goes through the files and directories under a root, without the inner blocks of files.
///
/// A directory comes after all that is in it. So a directory that is announced already with all its
/// entries, other than the root, needs no second walk, and a walk that was cut off goes on where it
/// was by beginning anew. One without some of its entries was announced another way, and is walked.
/// Memory is that of the directories on the way down, and of a bounded number that are done.
struct EntityWalk {
    /// How many directories are remembered as done: about 2 MiB.
    private static let walkedLimit = 16_384

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
    /// Directories that this walk need not look at again.
    private var walked: Set<[UInt8]> = []
    private let logger: Logger

    init(root: CID, source: any AnnounceSource, logger: Logger) {
        self.root = root
        self.source = source
        self.logger = logger
    }

    /// About `count` multihashes, fewer at the end; empty once all have been given.
    ///
    /// - Parameter isKnown: whether a multihash is announced already, by this walk or another way.
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
                if frame.isEntity {
                    found.append(frame.multihash)
                    noteWalked(frame.multihash)
                }
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
        guard cid.inlineBlock == nil, Multihash.isAnnounceable(multihash),
            !walked.contains(multihash)
        else { return }
        guard cid.codec == .dagPB else { return found.append(multihash) }
        let isEntity = if case .entry = child { true } else { false }
        var isAnnounced = false
        if isEntity { isAnnounced = try await isKnown(multihash) }
        guard let node = try await read(cid) else { return }
        guard let children = Self.children(of: node) else {
            if !isAnnounced { found.append(multihash) }
            return
        }
        if isAnnounced, try await isWalked(children, isKnown) { return noteWalked(multihash) }
        stack.append(Frame(multihash: multihash, isEntity: isEntity, rest: children[...]))
    }

    /// Whether all entries of an announced directory are announced too.
    ///
    /// If not, it was named by somebody, or is a root whose snapshot waits.
    private func isWalked(
        _ children: [HAMTShard.Child], _ isKnown: (_ multihash: [UInt8]) async throws -> Bool
    ) async throws -> Bool {
        var rest = children
        // From the end: a walk that was cut off has not been there.
        while let child = rest.popLast() {
            let cid = child.cid
            let multihash = Array(cid.multihashBytes)
            guard cid.inlineBlock == nil, Multihash.isAnnounceable(multihash) else { continue }
            if case .entry = child {
                guard try await isKnown(multihash) else { return false }
            } else if let part = try await read(cid) {
                rest += Self.children(of: part) ?? []
            }
        }
        return true
    }

    private mutating func noteWalked(_ multihash: [UInt8]) {
        if walked.count == Self.walkedLimit { walked.removeAll(keepingCapacity: true) }
        walked.insert(multihash)
    }

    /// A node; nil if it is not there or damaged, and passed over.
    private func read(_ cid: CID) async throws -> Block? {
        do { return try await source.block(cid) } catch let error as BlockStoreError
            where error.code != .failed
        {
            if error.code != .notFound {
                logger.warning(
                    "a node cannot be announced",
                    metadata: ["cid": "\(cid)", "error": "\(error)"])
            }
            return nil
        }
    }

    /// What is in a directory or a part of one; nil for any other node.
    private static func children(of node: Block) -> [HAMTShard.Child]? {
        // What is no UnixFS has no entries that could be told.
        switch try? UnixFSNode(node) {
        case .directory(let directory): directory.entries.map { .entry($0) }
        case .hamtShard(let shard): shard.children
        default: nil
        }
    }
}
