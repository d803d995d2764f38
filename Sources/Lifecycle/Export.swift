// SPDX-License-Identifier: Apache-2.0

import CAR
import FileIO
public import IPLD
public import Multiformats
import UnixFS

/// How much of a DAG is exported.
///
/// Names as in the trustless gateway specification.
public enum ExportScope: String, CaseIterable, Sendable {
    /// The root and all below it.
    case all
    /// What is needed to read the entity at the root: a whole file, or a directory's own
    /// blocks without its entries' content.
    case entity
    /// The root's block alone.
    case block
}

/// Writes a DAG as a CAR archive: what `cairn export` does.
///
/// Blocks come depth first, parents before children, so that a reader can verify the archive as
/// it arrives. A block that is linked again is left out as far as memory allows: beyond
/// ``seenLimit`` blocks it may come twice, which the format allows.
public struct Export<Source: BlockSource>: Sendable {
    /// Blocks that are remembered as written.
    ///
    /// Bounds memory to some 100 MiB.
    private static var seenLimit: Int { 500_000 }

    private let source: Source
    private let scope: ExportScope

    /// An export of blocks from `source`.
    public init(source: Source, scope: ExportScope = .all) {
        self.source = source
        self.scope = scope
    }

    /// Calls `body` with each block of the DAG below `root`, in the order of the archive.
    ///
    /// - Throws: what the source or `body` throws; an error of `IPLDCodec` if a block's links
    ///   cannot be told.
    public func forEachBlock(
        of root: CID, _ body: (Block) async throws -> Void
    ) async throws {
        var seen: Set<ArraySlice<UInt8>> = []
        var stack = [root]
        while let cid = stack.popLast() {
            try Task.checkCancellation()
            if seen.contains(cid.multihashBytes) { continue }
            if seen.count < Self.seenLimit { seen.insert(cid.multihashBytes) }
            let block = try await source.block(cid)
            // A block that its CID holds needs no section; its links still count.
            if cid.inlineBlock == nil { try await body(block) }
            stack.append(contentsOf: try children(of: block, isRoot: cid == root).reversed())
        }
    }

    private func children(of block: Block, isRoot: Bool) throws -> [CID] {
        switch scope {
        case .block: return []
        case .all: return block.cid.codec == .raw ? [] : try IPLDCodec.links(of: block)
        case .entity:
            guard block.cid.codec == .dagPB, let node = try? UnixFSNode(block) else {
                return []  // what is no UnixFS is an entity of one block
            }
            switch node {
            case .file(let file): return file.children.map(\.cid)
            case .hamtShard(let shard):
                return shard.children.compactMap {
                    if case .shard(let cid) = $0 { cid } else { nil }
                }
            case .directory, .rawLeaf, .symlink: return []
            }
        }
    }
}

/// An archive that is being written to a file or to standard output.
public final class ArchiveWriter: Sendable {
    /// The versions of the format.
    public enum Version: Int, Sendable {
        case v1 = 1
        case v2 = 2
    }

    private let output: ArchiveOutput

    /// Begins an archive of `roots`.
    ///
    /// - Parameter path: the new file, or nil for standard output, which takes version 1 only.
    /// - Throws: `IOError`.
    public init(path: String?, version: Version, roots: [CID]) async throws {
        output = try await BlockingPool.shared.run {
            try ArchiveOutput(path: path, version: version, roots: roots)
        }
    }

    /// Appends a block; to be called by one task at a time.
    public func append(_ block: Block) async throws {
        try await BlockingPool.shared.run { [output] in try output.append(block) }
    }

    /// Writes what is left, and the index of version 2; the file is then durable.
    ///
    /// - Returns: blocks and bytes written.
    public func finish() async throws -> (blocks: Int, bytes: Int64) {
        try await BlockingPool.shared.run { [output] in try output.finish() }
    }

    /// Removes a file that was not finished.
    public func abandon() async {
        await BlockingPool.shared.run { [output] in output.abandon() }
    }
}
