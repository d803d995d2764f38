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
    private let caching: CachingBuild?
    private var nodes: [Block] = []
    private var nodeByteCount = 0
    /// What the sources became, in their order.
    private(set) var roots: [IngestRoot] = []

    private struct OpenFile {
        let name: [UInt8]
        let metadata: UnixFSMetadata
        let inode: Inode?
        /// Nil if the file is not remembered, or changed while it was read.
        var note: FileNote?
        var builder: FileDAGBuilder
    }

    init(
        options: IngestOptions, claims: BlockClaims, counters: IngestCounters,
        caching: CachingBuild?, output: BoundedChannel<BlockBatch>?, meter: StageMeter
    ) {
        self.options = options
        self.claims = claims
        self.counters = counters
        self.caching = caching
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
            case .cache(let event): try await take(event)
            default: try take(step)
            }
            try await flushIfFull()
        }
        meter.count(items: batch.steps.count, bytes: 0)
    }

    /// Passes on what is left after the last batch.
    func finish() async throws {
        precondition(directories.isEmpty && file == nil, "the scan ended inside an entry")
        try await caching?.checkReused(claims)
        try await flush()
    }

    private func take(_ step: BuildStep) throws {
        switch step {
        case .enterDirectory(let name, let metadata, let tag):
            let directory = OpenDirectory(
                name: name, metadata: metadata, rules: options.dag.directoryRules,
                cidBuilder: options.cidBuilder, spillDirectory: options.spillDirectory,
                memoryByteLimit: options.directoryByteLimit)
            directory.row = tag.flatMap { caching?.row($0) }
            directories.append(directory)
        case .symbolicLink(let name, let target, let metadata, let status):
            let (block, tsize) = try Symlink.block(
                target: target, mtime: metadata.mtime, cidBuilder: options.cidBuilder)
            emit(block)
            let root = RootLink(cid: block.cid, tsize: tsize)
            try link(name, root)
            remember(.symbolicLink, name, status, root)
        case .hardLink(let name, let inode, let path, let status):
            guard let known = hardLinks[inode] else {
                counters.skip(SkippedInput(path: path, reason: .vanished))
                return
            }
            let root = RootLink(cid: known.cid, tsize: known.tsize)
            try link(name, root)
            remember(.file, name, status, root)
        case .beginFile(let name, let metadata, let inode, let note):
            file = OpenFile(
                name: name, metadata: metadata, inode: inode, note: note,
                builder: try fileBuilder(metadata))
        case .restartFile:
            guard let metadata = file?.metadata else { return }
            file?.builder = try fileBuilder(metadata)
            file?.note = nil
        case .endFile: try closeFile()
        case .abandonFile: file = nil
        case .chunks, .leaveDirectory, .cache: preconditionFailure("\(step) is handled by accept")
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
        let found = RootLink(cid: root.cid, tsize: root.tsize)
        try link(closing.name, found)
        if let expected = closing.note?.expected {
            counters.verified(
                isRight: CacheEntry.link(expected) == found, path: closing.note?.path ?? "")
        }
        // A file with more bytes than its status says is none that `stat` can tell about.
        let status = closing.note?.status.flatMap {
            UInt64($0.byteCount) == root.fileByteCount ? $0 : nil
        }
        remember(.file, closing.name, status, found)
    }

    private func closeDirectory() async throws {
        let closing = directories.removeLast()
        let root = try await closing.close {
            emit($0)
        } flush: {
            try await flushIfFull()
        }
        try link(closing.name, root)
        try closing.row?.finish(root)
        caching?.remember(directory: closing.row?.number, closing.name, root, in: directories)
    }

    /// Keeps what a file or symbolic link became, if it has a status to be known by.
    private func remember(
        _ kind: CacheEntry.Kind, _ name: [UInt8], _ status: FileStatus?, _ root: RootLink
    ) {
        caching?.remember(kind, name, status, root, in: directories)
    }

    private func take(_ event: CacheEvent) async throws {
        guard let caching else { return }
        switch event {
        case .beginSource(let index, let status):
            caching.beginSource(index, status, depth: directories.count)
        case .endSource(let isUnchanged): try caching.endSource(isUnchanged: isUnchanged)
        case .endSegment(let boundary): try directories.last?.row?.endSegment(boundary)
        case .links(let bytes):
            try caching.forEachLink(in: bytes, copyingTo: directories) { name, root in
                try link(name, root)
            }
            try await caching.checkReusedIfMany(claims)
        }
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
