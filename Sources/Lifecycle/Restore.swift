// SPDX-License-Identifier: Apache-2.0

public import FileIO
public import IPLD
public import Multiformats
import Pipeline
import Synchronization
import UnixFS

/// Writes a UnixFS DAG to the file system: what `cairn get` does.
///
/// Everything is made relative to open directories and nothing existing is followed or
/// overwritten, so that no DAG, however hostile, can write outside its destination.
public final class Restore<Source: BlockSource>: Sendable {
    private let reader: UnixFSReader<Source>
    /// Files written at the same time.
    private let width: Int
    /// Directories written beside the one that is walked; without a permit they come in turn.
    private let directoryPermits: WeightedSemaphore
    private let state = Mutex(RestoreCounts())

    /// A restore that reads from `source`.
    public init(source: Source, width: Int = max(2, Machine.coreCount * 2)) {
        reader = UnixFSReader(source: source)
        self.width = width
        directoryPermits = WeightedSemaphore(capacity: width)
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
        let entry = PendingEntry(cid: root, name: name, directory: parent)
        // Nearly every step blocks; on the pool's threads they follow one another without a hop.
        try await withTaskExecutorPreference(BlockingPool.shared) {
            try await write(entry, isRoot: true)
        }
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

    private func write(_ entry: PendingEntry, isRoot: Bool = false) async throws {
        let node = try await reader.node(entry.cid)
        if node.isDirectory {
            try await writeDirectory(entry, node.metadata, mayExist: isRoot)
        } else {
            try await writeLeaf(entry, node)
        }
    }

    /// Writes a file or a symbolic link.
    private func writeLeaf(_ entry: PendingEntry, _ node: UnixFSNode) async throws {
        switch node {
        case .symlink(let target, let metadata):
            try await BlockingPool.shared.run {
                try entry.directory.createSymbolicLink(entry.name, to: target)
                if let time = metadata.mtime {
                    try entry.directory.setModified(FileStatus.Time(time), of: entry.name)
                }
            }
            state.withLock { $0.symbolicLinks += 1 }
        case .rawLeaf(let bytes): try await writeFile(entry, bytes, node.metadata)
        case .file(let file) where file.children.isEmpty:
            try await writeFile(entry, file.data, node.metadata)
        default: try await writeLargeFile(entry, node.metadata)
        }
    }

    private func writeDirectory(
        _ entry: PendingEntry, _ metadata: UnixFSMetadata, mayExist: Bool
    ) async throws {
        let directory = try await BlockingPool.shared.run {
            try Self.makeDirectory(entry, mayExist: mayExist)
        }
        let subdirectories = try await writeEntries(of: entry.cid, in: directory)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for child in subdirectories {
                if directoryPermits.tryAcquire(1) {
                    group.addTask {
                        defer { self.directoryPermits.release(1) }
                        try await self.write(child)
                    }
                } else {
                    try await write(child)
                }
            }
            while try await group.next() != nil {}
        }
        state.withLock { $0.directories += 1 }
        if metadata.isEmpty { return }
        try await BlockingPool.shared.run {
            if let mode = metadata.mode {
                try entry.directory.setPermissions(mode, of: entry.name)
            }
            if let time = metadata.mtime {
                try entry.directory.setModified(FileStatus.Time(time), of: entry.name)
            }
        }
    }

    /// Writes the files and symbolic links of a directory, several at a time, and returns its
    /// subdirectories.
    private func writeEntries(
        of cid: CID, in directory: Directory
    ) async throws -> [PendingEntry] {
        let entries = BoundedChannel<PendingEntry>(capacity: 4 * width)
        return try await withThrowingTaskGroup(of: [PendingEntry].self) { group in
            for _ in 0..<width {
                group.addTask {
                    var subdirectories: [PendingEntry] = []
                    while let entry = try await entries.receive() {
                        let node = try await self.reader.node(entry.cid)
                        if node.isDirectory {
                            subdirectories.append(entry)
                        } else {
                            try await self.writeLeaf(entry, node)
                        }
                    }
                    return subdirectories
                }
            }
            group.addTask {
                try await self.reader.list(cid) { child in
                    let entry = PendingEntry(
                        cid: child.cid, name: child.name, directory: directory)
                    try await entries.send(entry, weight: 1)
                }
                entries.finish()
                return []
            }
            return try await group.reduce(into: []) { $0.append(contentsOf: $1) }
        }
    }

    private static func makeDirectory(
        _ entry: PendingEntry, mayExist: Bool
    ) throws -> Directory {
        do {
            // Writable by the owner until its entries are in; the stored mode comes last.
            try entry.directory.createDirectory(entry.name, permissions: 0o755)
        } catch  where error.code == .exists {
            guard mayExist, let existing = try? entry.directory.openDirectory(entry.name) else {
                throw RestoreError(path: entry.path)  // whatever it is, it is no empty directory
            }
            guard try existing.isEmpty() else { throw RestoreError(path: entry.path) }
            return existing
        }
        return try entry.directory.openDirectory(entry.name)
    }

    /// Writes a file that one block holds, in one go.
    private func writeFile(
        _ entry: PendingEntry, _ bytes: [UInt8], _ metadata: UnixFSMetadata
    ) async throws {
        try await BlockingPool.shared.run {
            let file = try OutputFile(entry)
            try file.append(bytes[...])
            try file.finish(metadata)
        }
        state.withLock {
            $0.files += 1
            $0.bytes += bytes.count
        }
    }

    private func writeLargeFile(
        _ entry: PendingEntry, _ metadata: UnixFSMetadata
    ) async throws {
        let file = try await BlockingPool.shared.run { try OutputFile(entry) }
        try await reader.file(entry.cid).forEachChunk { chunk in
            try await BlockingPool.shared.run { try file.append(chunk) }
            state.withLock { $0.bytes += chunk.count }
        }
        try await BlockingPool.shared.run { try file.finish(metadata) }
        state.withLock { $0.files += 1 }
    }
}

/// An entry to be written, and where.
private struct PendingEntry: Sendable {
    let cid: CID
    let name: [UInt8]
    let directory: Directory

    var path: String { directory.entryPath(name) }
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

    init(_ entry: PendingEntry) throws {
        do { file = try entry.directory.createFile(entry.name) } catch {
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
