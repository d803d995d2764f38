// SPDX-License-Identifier: Apache-2.0

public import IPLD
import Multiformats
public import UnixFS

/// Imports an input in memory, the plain way: no stage, no cache, one file after the other.
public struct TreeImporter {
    let options: DAGCase.Options
    let cidBuilder: CIDBuilder
    let chunker: Chunker
    let rules: DirectoryRules
    let layout: FileLayout
    /// Takes each block, children first, repeated ones each time.
    let emit: (Block) throws -> Void

    enum Mistake: Error {
        case unknown(String)
    }

    /// An importer that hands its blocks to `emit`.
    ///
    /// - Throws: an error that tells which option makes no sense.
    public init(_ options: DAGCase.Options, emit: @escaping (Block) throws -> Void) throws {
        guard let function = HashFunction(name: options.hash) else {
            throw Mistake.unknown(options.hash)
        }
        guard let layout = FileLayout(rawValue: options.layout) else {
            throw Mistake.unknown(options.layout)
        }
        guard let estimator = DirectoryRules.Estimator(rawValue: options.estimator) else {
            throw Mistake.unknown(options.estimator)
        }
        self.options = options
        self.layout = layout
        self.emit = emit
        cidBuilder = try CIDBuilder(
            version: options.cidVersion == 0 ? .v0 : .v1, function: function,
            inlineLimit: options.inlineLimit)
        chunker = Chunker(try ChunkerSpec(parsing: options.chunker))
        rules = try DirectoryRules(
            hamtThreshold: options.hamtThreshold, estimator: estimator, fanout: options.fanout,
            maxDirectoryLinks: options.maxDirectoryLinks)
    }

    /// Imports the root, wrapped if the options say so.
    public func importRoot(_ tree: InputTree) throws -> RootLink {
        let root = try link(tree.prepared(options))
        guard let name = options.wrapName else { return root }
        return try DirectoryBuilder(rules: rules, cidBuilder: cidBuilder).build(
            [DirectoryEntry(name: Array(name.utf8), cid: root.cid, tsize: root.tsize)],
            emit: emit)
    }

    private func link(_ tree: InputTree) throws -> RootLink {
        switch tree.kind {
        case .file(let content):
            let file = try importFile(content.bytes(), metadata: metadata(tree, .file))
            return RootLink(cid: file.cid, tsize: file.tsize)
        case .symlink(let target):
            let symlink = try Symlink.block(
                target: Array(target.utf8), mtime: metadata(tree, .symlink).mtime,
                cidBuilder: cidBuilder)
            try emit(symlink.block)
            return RootLink(cid: symlink.block.cid, tsize: symlink.tsize)
        case .directory(let entries):
            let links = try entries.map { name, tree in
                let root = try link(tree)
                return DirectoryEntry(name: Array(name.utf8), cid: root.cid, tsize: root.tsize)
            }
            return try DirectoryBuilder(rules: rules, cidBuilder: cidBuilder).build(
                links, metadata: metadata(tree, .directory), emit: emit)
        }
    }

    private func metadata(
        _ tree: InputTree, _ kind: UnixFSMetadata.Kind
    ) -> UnixFSMetadata {
        let mode = options.mode ?? (options.keepsMode ? tree.mode : nil)
        let mtime = options.mtime ?? (options.keepsMtime ? tree.mtime : nil)
        return .preserved(
            mode: mode,
            mtime: mtime.map {
                UnixFSTimestamp(seconds: $0.seconds, nanoseconds: $0.nanoseconds)
            }, of: kind)
    }

    /// Imports one file.
    public func importFile(_ bytes: [UInt8], metadata: UnixFSMetadata = .none) throws -> FileLink {
        let format = LeafFormat(rawLeaves: options.rawLeaves, layout: layout)
        var builder = try FileDAGBuilder(
            layout: layout, maxLinks: options.maxLinks, cidBuilder: cidBuilder,
            metadata: metadata)
        var rest = bytes[...]
        while !rest.isEmpty || (builder.leafCount == 0 && layout == .balanced) {
            let byteCount =
                chunker.nextChunkByteCount(in: rest.span, isFinal: true) ?? rest.count
            let chunk = rest.prefix(byteCount)
            rest = rest.dropFirst(byteCount)
            let isWholeFile = layout == .balanced && chunk.count == bytes.count
            let framing = format.framing(
                chunkByteCount: chunk.count, metadata: isWholeFile ? metadata : .none)
            let cid = try cidBuilder.cid(
                codec: format.codec, hashing: framing.prefix.span, chunk.span,
                framing.suffix.span)
            let block = Block(cid: cid, bytes: framing.prefix + chunk + framing.suffix)
            try emit(block)
            try builder.append(
                FileLink(
                    cid: cid, tsize: UInt64(block.bytes.count),
                    fileByteCount: UInt64(chunk.count)),
                emit: emit)
        }
        return try builder.finish(emit: emit)
    }
}
