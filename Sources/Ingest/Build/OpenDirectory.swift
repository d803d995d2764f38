// SPDX-License-Identifier: Apache-2.0

import FileIO
import IPLD
import Multiformats
import UnixFS

/// A directory whose entries are still coming in.
///
/// Entries are kept in memory up to a limit, then in sorted runs on disk: a directory of ten
/// million entries takes no more memory than one of a hundred thousand.
final class OpenDirectory {
    let name: [UInt8]
    /// What the stat cache will have of it; nil if nothing.
    var row: RowBuilder?
    private let metadata: UnixFSMetadata
    private let rules: DirectoryRules
    private let cidBuilder: CIDBuilder
    private let spillDirectory: String
    private let memoryByteLimit: Int
    private var estimate: DirectoryEstimate
    private var run = EntryRun()
    private var spill: SpillFile?

    init(
        name: [UInt8], metadata: UnixFSMetadata, rules: DirectoryRules, cidBuilder: CIDBuilder,
        spillDirectory: String, memoryByteLimit: Int
    ) {
        self.name = name
        self.metadata = metadata
        self.rules = rules
        self.cidBuilder = cidBuilder
        self.spillDirectory = spillDirectory
        self.memoryByteLimit = memoryByteLimit
        estimate = DirectoryEstimate(rules: rules, metadata: metadata)
    }

    /// Adds an entry.
    ///
    /// - Throws: ``IngestError`` if the directory is too large for memory and may not be sharded,
    ///   or if the temporary file cannot be written.
    func append(_ entry: DirectoryEntry) throws(IngestError) {
        estimate.add(name: entry.name, cid: entry.cid, tsize: entry.tsize)
        run.append(entry)
        guard run.byteCount > memoryByteLimit else { return }
        guard estimate.isSharded else {
            // One block holds all links, and blocks have a limit.
            guard run.byteCount > Block.byteLimit else { return }
            throw IngestError(
                .directoryTooLarge,
                "a directory of \(estimate.entryCount) entries does not fit one block of \(Block.byteLimit >> 20) MiB; let it be sharded with --hamt-threshold 262144"
            )
        }
        do throws(IOError) {
            if spill == nil { spill = try SpillFile(in: spillDirectory) }
            try spill?.append(run)
            run.removeAll()
        } catch {
            throw IngestError(
                .temporaryFile,
                "cannot keep a large directory's entries in \(spillDirectory): \(error.reason); set TMPDIR to a directory with room",
                cause: error)
        }
    }

    /// Builds the directory's blocks, children first, and returns the link to it.
    ///
    /// `flush` is called between entries so that the caller can pass blocks on as they come.
    func close(
        emit: (Block) -> Void, flush: () async throws -> Void
    ) async throws -> RootLink {
        guard estimate.isSharded else {
            let (block, tsize) = try BasicDirectory.block(
                entries: run.entries, metadata: metadata, cidBuilder: cidBuilder)
            emit(block)
            return RootLink(cid: block.cid, tsize: tsize)
        }
        var builder = try HAMTBuilder(
            fanout: rules.fanout, metadata: metadata, cidBuilder: cidBuilder)
        if let spill {
            try spill.append(run)
            try await spill.merge { entry in
                try builder.append(entry, emit: emit)
                try await flush()
            }
        } else {
            for encoded in run.sortedByKey() {
                let entry = EntryRun.decode(run.bytes, at: encoded.startIndex).entry
                try builder.append(entry, emit: emit)
                try await flush()
            }
        }
        return try builder.finish(emit: emit)
    }
}
