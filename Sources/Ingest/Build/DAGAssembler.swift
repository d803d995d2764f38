// SPDX-License-Identifier: Apache-2.0

import BlockStore
import FileIO
import IPLD
public import Multiformats
import Pipeline
import UnixFS

/// The build stage: puts leaves together to files, and files to directories.
///
/// Takes batches in the order of the scan, whatever order the workers finished in; that is why
/// the root does not depend on widths.
final class DAGAssembler {
    /// Bytes of finished nodes that are passed on together.
    private static let nodeBatchByteCount = 256 * 1024

    private let options: IngestOptions
    private let claims: BlockClaims
    private let counters: IngestCounters
    private let output: BoundedChannel<BlockBatch>?
    private let meter: StageMeter
    private var directories: [OpenDirectory] = []
    private var file: OpenFile?
    private var hardLinks = HardLinks()
    private var nodes: [Block] = []
    private var nodeByteCount = 0
    /// What the sources became, in their order.
    private(set) var roots: [IngestRoot] = []

    private struct OpenFile {
        let name: [UInt8]
        let metadata: UnixFSMetadata
        let inode: Inode?
        var builder: FileDAGBuilder
    }

    init(
        options: IngestOptions, claims: BlockClaims, counters: IngestCounters,
        output: BoundedChannel<BlockBatch>?, meter: StageMeter
    ) {
        self.options = options
        self.claims = claims
        self.counters = counters
        self.output = output
        self.meter = meter
    }

    /// Takes the next batch in order.
    func accept(_ batch: HashedBatch) async throws {
        var leaves = batch.leaves[...]
        for step in batch.steps {
            switch step {
            case .chunks(let count):
                try append(leaves.prefix(count))
                leaves.removeFirst(count)
            case .leaveDirectory:
                try await closeDirectory()
            default: try take(step)
            }
            try await flushIfFull()
        }
        meter.count(items: batch.steps.count, bytes: 0)
    }

    /// Passes on what is left after the last batch.
    func finish() async throws {
        precondition(directories.isEmpty && file == nil, "the scan ended inside an entry")
        try await flush()
    }

    private func take(_ step: BuildStep) throws {
        switch step {
        case .enterDirectory(let name, let metadata):
            directories.append(
                OpenDirectory(
                    name: name, metadata: metadata, rules: options.dag.directoryRules,
                    cidBuilder: options.cidBuilder, spillDirectory: options.spillDirectory,
                    memoryByteLimit: options.directoryByteLimit))
        case .symbolicLink(let name, let target, let metadata):
            let (block, tsize) = try Symlink.block(
                target: target, mtime: metadata.mtime, cidBuilder: options.cidBuilder)
            emit(block)
            try link(name, RootLink(cid: block.cid, tsize: tsize))
        case .hardLink(let name, let inode, let path):
            guard let known = hardLinks[inode] else {
                counters.skip(SkippedInput(path: path, reason: .vanished))
                return
            }
            try link(name, RootLink(cid: known.cid, tsize: known.tsize))
        case .beginFile(let name, let metadata, let inode):
            file = OpenFile(
                name: name, metadata: metadata, inode: inode, builder: try fileBuilder(metadata))
        case .restartFile:
            guard let metadata = file?.metadata else { return }
            file?.builder = try fileBuilder(metadata)
        case .endFile: try closeFile()
        case .abandonFile: file = nil
        case .chunks, .leaveDirectory: preconditionFailure("\(step) is handled by accept")
        }
    }

    private func fileBuilder(_ metadata: UnixFSMetadata) throws -> FileDAGBuilder {
        try FileDAGBuilder(
            layout: options.dag.layout, maxLinks: options.dag.maxLinks,
            cidBuilder: options.cidBuilder, metadata: metadata)
    }

    private func append(_ leaves: ArraySlice<FileLink>) throws {
        for leaf in leaves { try file?.builder.append(leaf) { emit($0) } }
    }

    private func closeFile() throws {
        guard var closing = file else { return }
        file = nil
        let root = try closing.builder.finish { emit($0) }
        if let inode = closing.inode { hardLinks.remember(inode, root) }
        try link(closing.name, RootLink(cid: root.cid, tsize: root.tsize))
    }

    private func closeDirectory() async throws {
        let closing = directories.removeLast()
        let root = try await closing.close {
            emit($0)
        } flush: {
            try await flushIfFull()
        }
        try link(closing.name, root)
    }

    /// Puts an entry into the directory that is open, or makes it a root.
    private func link(_ name: [UInt8], _ root: RootLink) throws {
        guard let directory = directories.last else {
            return roots.append(IngestRoot(name: name, cid: root.cid, tsize: root.tsize))
        }
        try directory.append(DirectoryEntry(name: name, cid: root.cid, tsize: root.tsize))
    }

    private func emit(_ block: Block) {
        if block.cid.isInline { return }
        counters.hashed(blocks: 1, bytes: block.bytes.count)
        nodes.append(block)
        nodeByteCount += block.bytes.count
    }

    private func flushIfFull() async throws {
        if nodeByteCount >= Self.nodeBatchByteCount { try await flush() }
    }

    private func flush() async throws {
        guard !nodes.isEmpty else { return }
        let batch = nodes
        nodes = []
        nodeByteCount = 0
        let isNew = try await claims.claim(batch.map(\.cid))
        let new = zip(batch, isNew).filter(\.1).map(\.0)
        let byteCount = new.reduce(0) { $0 + $1.bytes.count }
        counters.claimed(blocks: new.count, bytes: byteCount)
        meter.count(items: 0, bytes: byteCount)
        guard let output, !new.isEmpty else { return }
        try await meter.send(.blocks(new, .nodes), weight: byteCount, to: output)
    }
}

/// What one source became.
public struct IngestRoot: Hashable, Sendable {
    /// The name that the source has in a wrapping directory.
    public let name: [UInt8]
    /// Its CID.
    public let cid: CID
    /// Byte count of all blocks below it, its own included, as DAG-PB links state it.
    public let tsize: UInt64
}
