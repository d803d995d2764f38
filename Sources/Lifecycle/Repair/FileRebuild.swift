// SPDX-License-Identifier: Apache-2.0

import FileIO
import IPLD
import Multiformats
import UnixFS

/// Makes blocks anew from files and directories, one after the other, with the options of a
/// snapshot.
///
/// What it makes is what was asked for only if the CID says so. Calls block.
struct FileRebuild {
    private let dag: DAGOptions
    private let cidBuilder: CIDBuilder
    private let chunker: Chunker
    private let format: LeafFormat

    /// - Throws: `CIDBuilderError`.
    init(_ dag: DAGOptions) throws {
        self.dag = dag
        cidBuilder = try CIDBuilder(
            version: dag.cidVersion, function: dag.hash, inlineLimit: dag.inlineLimit)
        chunker = Chunker(dag.chunker)
        format = LeafFormat(rawLeaves: dag.rawLeaves, layout: dag.layout)
    }

    /// The leaf that holds `byteCount` bytes from `offset` of the file `name`; nil if the file is
    /// too short or gone.
    ///
    /// A part of a file that is no leaf gives a block of another CID, which its caller refuses.
    func leaf(
        _ name: [UInt8], in directory: Directory, at offset: Int64, byteCount: Int, isWhole: Bool
    ) throws -> Block? {
        guard byteCount <= ChunkerSpec.chunkByteCountLimit else { return nil }
        do throws(any Error) {
            let file = try directory.openFile(name)
            let status = try file.status()
            guard status.kind == .regular, offset >= 0,
                offset <= status.byteCount - Int64(byteCount)
            else { return nil }
            return try leaf(
                try file.readExactly(byteCount, at: offset),
                isWhole ? metadata(.file, status) : .none)
        } catch {
            return try Self.absent(error)
        }
    }

    /// Calls `body` with each block of the entry `name` and all below it, children first; returns
    /// its link, or nil if it is gone.
    ///
    /// - Parameter keepsHidden: whether entries whose names begin with a dot are taken, which a
    ///   snapshot does not tell.
    /// - Throws: what `body` throws, `IOError`.
    func entry(
        _ name: [UInt8], in directory: Directory, keepsHidden: Bool,
        _ body: (Block) throws -> Void
    ) throws -> RootLink? {
        do throws(any Error) {
            let status = try directory.status(of: name)
            switch status.kind {
            case .regular: return try file(name, in: directory, body)
            case .directory:
                let opened = try directory.openDirectory(name)
                return try self.directory(opened, status, keepsHidden: keepsHidden, body)
            case .symbolicLink:
                let (block, tsize) = try Symlink.block(
                    target: try directory.symbolicLinkTarget(name),
                    mtime: metadata(.symlink, status).mtime, cidBuilder: cidBuilder)
                try body(block)
                return RootLink(cid: block.cid, tsize: tsize)
            default: return nil
            }
        } catch {
            return try Self.absent(error)
        }
    }

    private func file(
        _ name: [UInt8], in directory: Directory, _ body: (Block) throws -> Void
    ) throws -> RootLink {
        let file = try directory.openFile(name)
        let status = try file.status()
        let metadata = metadata(.file, status)
        var builder = try FileDAGBuilder(
            layout: dag.layout, maxLinks: dag.maxLinks, cidBuilder: cidBuilder,
            metadata: metadata)
        var window: [UInt8] = []
        var position: Int64 = 0
        while position < status.byteCount
            || (builder.leafCount == 0 && dag.layout == .balanced)
        {
            let wanted = min(
                Int64(dag.chunker.maximumChunkByteCount), status.byteCount - position)
            window = try file.readExactly(Int(wanted), at: position)
            let isFinal = position + wanted == status.byteCount
            let count = chunker.nextChunkByteCount(in: window.span, isFinal: isFinal) ?? 0
            let isWhole = dag.layout == .balanced && Int64(count) == status.byteCount
            let leaf = try leaf(Array(window.prefix(count)), isWhole ? metadata : .none)
            try body(leaf)
            try builder.append(
                FileLink(
                    cid: leaf.cid, tsize: UInt64(leaf.bytes.count), fileByteCount: UInt64(count)),
                emit: body)
            position += Int64(count)
        }
        let link = try builder.finish(emit: body)
        return RootLink(cid: link.cid, tsize: link.tsize)
    }

    private func leaf(_ chunk: [UInt8], _ metadata: UnixFSMetadata) throws -> Block {
        let framing = format.framing(chunkByteCount: chunk.count, metadata: metadata)
        let bytes =
            framing.prefix.isEmpty && framing.suffix.isEmpty
            ? chunk : framing.prefix + chunk + framing.suffix
        return Block(
            cid: try cidBuilder.cid(codec: format.codec, hashing: bytes.span), bytes: bytes)
    }

    private func directory(
        _ opened: Directory, _ status: FileStatus, keepsHidden: Bool,
        _ body: (Block) throws -> Void
    ) throws -> RootLink {
        var stream = try DirectoryStream(opened)
        var entries: [DirectoryEntry] = []
        while let entry = try stream.next() {
            if !keepsHidden, entry.name.first == UInt8(ascii: ".") { continue }
            guard
                let link = try self.entry(
                    entry.name, in: opened, keepsHidden: keepsHidden, body)
            else { continue }
            if !dag.includeEmptyDirectories, try isEmptyDirectory(entry.name, opened, keepsHidden) {
                continue
            }
            entries.append(DirectoryEntry(name: entry.name, cid: link.cid, tsize: link.tsize))
        }
        return try DirectoryBuilder(rules: dag.directoryRules, cidBuilder: cidBuilder).build(
            entries, metadata: metadata(.directory, status), emit: body)
    }

    private func isEmptyDirectory(
        _ name: [UInt8], _ parent: Directory, _ keepsHidden: Bool
    ) throws -> Bool {
        guard try parent.status(of: name).kind == .directory else { return false }
        var stream = try DirectoryStream(try parent.openDirectory(name))
        while let entry = try stream.next() {
            if keepsHidden || entry.name.first != UInt8(ascii: ".") { return false }
        }
        return true
    }

    private func metadata(_ kind: UnixFSMetadata.Kind, _ status: FileStatus) -> UnixFSMetadata {
        dag.metadata(
            kind, permissions: status.permissions,
            modified: UnixFSTimestamp(
                seconds: status.modified.seconds, nanoseconds: status.modified.nanoseconds))
    }

    /// What a file that is gone, changed or closed to us means: nothing can be made of it.
    private static func absent<Value>(_ error: any Error) throws -> Value? {
        guard let failed = error as? IOError else { throw error }
        switch failed.code {
        case .notFound, .notADirectory, .permissionDenied, .endOfFile, .isADirectory, .symbolicLink:
            return nil
        default: throw failed
        }
    }
}
