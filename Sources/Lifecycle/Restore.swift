// SPDX-License-Identifier: Apache-2.0

public import FileIO
public import IPLD
public import Multiformats
import Pipeline
import Synchronization
import UnixFS

/// Writes a UnixFS DAG to the file system: what `cairn get` does.
///
/// One task walks the directories and makes them; several write files, many small ones at a time,
/// so that their blocks are looked up and read together.
///
/// Everything is made relative to open directories and nothing existing is followed or
/// overwritten, so that no DAG, however hostile, can write outside its destination.
public final class Restore<Source: BlockSource>: Sendable {
    /// Batches of files that wait for a writer; each holds some open directories.
    private static var queuedBatchCount: Int { 4 }

    private let reader: UnixFSReader<Source>
    /// Batches written at the same time.
    private let width: Int
    private let state = Mutex(RestoreCounts())

    /// A restore that reads from `source`.
    public init(source: Source, width: Int = max(2, Machine.coreCount)) {
        reader = UnixFSReader(source: source)
        self.width = width
    }

    /// What was written so far.
    public var counts: RestoreCounts { state.withLock { $0 } }

    /// Writes the DAG of `root` to `destination`, which must not exist; a directory may be
    /// written into one that exists and is empty.
    ///
    /// - Throws: ``RestoreError``, `UnixFSReadError`, or what the source throws. What was written
    ///   until then stays.
    public func run(_ root: CID, to destination: String) async throws {
        let (parent, name) = try Self.split(destination)
        let batches = BoundedChannel<RestoreBatch>(capacity: Self.queuedBatchCount)
        let pipeline = Pipeline()
        pipeline.addStage("walk", width: 1, on: BlockingPool.shared) { [self] _ in
            let walk = RestoreWalk(reader: reader, output: batches) {
                self.state.withLock { $0.directories += 1 }
            }
            try await walk.run(root, as: name, in: parent)
        } afterwards: {
            batches.finish()
        }
        pipeline.addStage("write", width: width, on: BlockingPool.shared) { [self] _ in
            while let batch = try await batches.receive() { try await write(batch) }
        }
        try await pipeline.run()
    }

    private static func split(_ path: String) throws -> (Directory, [UInt8]) {
        var bytes = Array(path.utf8)
        while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else {
            return (try Directory("."), bytes)
        }
        let parent = slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
        let name = Array(bytes[(slash + 1)...])
        return (try Directory(parent), name.isEmpty ? [UInt8(ascii: ".")] : name)
    }

    private func write(_ batch: RestoreBatch) async throws {
        let leaves = batch.rawLeaves
        try await reader.source.forEachBlock(leaves.map(\.cid)) { [self] index, block in
            try write(leaves[index], .rawLeaf(block.bytes))
        }
        for (entry, node) in batch.nodes {
            if case .file(let file) = node, !file.children.isEmpty {
                try await writeLargeFile(entry, file)
            } else {
                try write(entry, node)
            }
        }
    }

    /// Writes a symbolic link, or a file that one block holds.
    private func write(_ entry: RestoreEntry, _ node: UnixFSNode) throws {
        switch node {
        case .symlink(let target, let metadata):
            try entry.directory.opened.createSymbolicLink(entry.name, to: target)
            if let time = metadata.mtime {
                try entry.directory.opened.setModified(FileStatus.Time(time), of: entry.name)
            }
            state.withLock { $0.symbolicLinks += 1 }
        case .rawLeaf(let bytes): try writeFile(entry, bytes, .none)
        case .file(let file): try writeFile(entry, file.data, file.metadata)
        case .directory, .hamtShard: preconditionFailure("a directory came as a leaf")
        }
        try entry.directory.release()
    }

    private func writeFile(
        _ entry: RestoreEntry, _ bytes: [UInt8], _ metadata: UnixFSMetadata
    ) throws {
        let file = try OutputFile(entry)
        try file.append(bytes[...])
        try file.finish(metadata)
        state.withLock {
            $0.files += 1
            $0.bytes += bytes.count
        }
    }

    private func writeLargeFile(_ entry: RestoreEntry, _ node: FileNode) async throws {
        let file = try OutputFile(entry)
        try await reader.file(entry.cid).forEachChunk { chunk in
            try file.append(chunk)
            state.withLock { $0.bytes += chunk.count }
        }
        try file.finish(node.metadata)
        state.withLock { $0.files += 1 }
        try entry.directory.release()
    }
}

/// What a restore wrote.
public struct RestoreCounts: Hashable, Sendable {
    /// Files.
    public var files = 0
    /// Directories.
    public var directories = 0
    /// Symbolic links.
    public var symbolicLinks = 0
    /// Bytes of files.
    public var bytes = 0
}

/// A destination that is taken.
public struct RestoreError: Error, CustomStringConvertible, Sendable {
    /// What stands in the way.
    public let path: String

    /// The path and the remedy.
    public var description: String {
        "\(path) exists already; nothing is overwritten: remove it or choose another destination with -o"
    }
}

/// A new file that is being written, by one task at a time.
private final class OutputFile: Sendable {
    private let file: File

    init(_ entry: RestoreEntry) throws {
        do { file = try entry.directory.opened.createFile(entry.name) } catch {
            throw error.code == .exists ? RestoreError(path: entry.path) : error
        }
    }

    func append(_ bytes: ArraySlice<UInt8>) throws {
        try bytes.withUnsafeBytes { try file.writeAll($0) }
    }

    func finish(_ metadata: UnixFSMetadata) throws {
        if let mode = metadata.mode { try file.setPermissions(mode) }
        if let time = metadata.mtime { try file.setModified(FileStatus.Time(time)) }
    }
}

extension FileStatus.Time {
    init(_ time: UnixFSTimestamp) {
        self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}
