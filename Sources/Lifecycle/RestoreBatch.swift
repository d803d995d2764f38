// SPDX-License-Identifier: Apache-2.0

import FileIO
import Multiformats
import Synchronization
import UnixFS

/// An entry to be written, and where.
struct RestoreEntry: Sendable {
    let cid: CID
    let name: [UInt8]
    let directory: RestoredDirectory

    /// An entry that `directory` waits for from now on.
    init(cid: CID, name: [UInt8], directory: RestoredDirectory) {
        self.cid = cid
        self.name = name
        self.directory = directory
        directory.retain()
    }

    var path: String { directory.opened.entryPath(name) }
}

/// Files and symbolic links that one writer takes at a time.
struct RestoreBatch: Sendable {
    /// Guesses: enough to share look-ups and frames, little enough to share the work.
    private static let entryLimit = 256
    private static let byteLimit = 4 << 20
    /// Each open directory is a descriptor.
    private static let directoryLimit = 32

    /// Files that are one raw block, not read yet.
    private(set) var rawLeaves: [RestoreEntry] = []
    /// Others, whose root was read.
    private(set) var nodes: [(RestoreEntry, UnixFSNode)] = []
    private var byteCount = 0
    private var directoryCount = 0
    private var lastDirectory: RestoredDirectory?
    private var hasLargeFile = false

    var isEmpty: Bool { rawLeaves.isEmpty && nodes.isEmpty }

    /// Whether it should be sent off; a file of many blocks keeps a writer busy by itself.
    var isFull: Bool {
        hasLargeFile || byteCount >= Self.byteLimit || directoryCount >= Self.directoryLimit
            || rawLeaves.count + nodes.count >= Self.entryLimit
    }

    /// Adds a file that is one raw block, of `byteCount` bytes if the link to it is right.
    mutating func append(rawLeaf entry: RestoreEntry, byteCount: Int) {
        rawLeaves.append(entry)
        count(entry, min(byteCount, Self.byteLimit))
    }

    /// Adds a file or symbolic link whose root is `node`.
    mutating func append(_ entry: RestoreEntry, _ node: UnixFSNode) {
        nodes.append((entry, node))
        switch node {
        case .file(let file):
            hasLargeFile = hasLargeFile || !file.children.isEmpty
            count(entry, file.data.count)
        case .rawLeaf(let bytes): count(entry, bytes.count)
        default: count(entry, 0)
        }
    }

    private mutating func count(_ entry: RestoreEntry, _ bytes: Int) {
        byteCount += bytes
        if entry.directory !== lastDirectory { directoryCount += 1 }
        lastDirectory = entry.directory
    }
}

/// A directory that is being written.
///
/// Its mode and time are set when the last of its entries is done: writing them would change the
/// time, and need the permission.
final class RestoredDirectory: Sendable {
    /// The directory itself.
    let opened: Directory
    /// What it is an entry of, and what to set when it is done; nil for one that was there before.
    private let entry: RestoreEntry?
    private let metadata: UnixFSMetadata
    /// Entries not done yet, and one for whoever lists them.
    private let pending = Atomic<Int>(1)

    /// A directory that is there and stays as it is.
    init(_ opened: Directory) {
        self.opened = opened
        entry = nil
        metadata = .none
    }

    /// Makes the directory `entry`; it `mayExist` if it is empty.
    ///
    /// - Throws: ``RestoreError`` if something is in the way, `IOError`.
    init(_ entry: RestoreEntry, metadata: UnixFSMetadata, mayExist: Bool) throws {
        opened = try Self.make(entry, mayExist: mayExist)
        self.entry = entry
        self.metadata = metadata
    }

    private static func make(_ entry: RestoreEntry, mayExist: Bool) throws -> Directory {
        let parent = entry.directory.opened
        do {
            // Writable by the owner until its entries are in; the stored mode comes last.
            try parent.createDirectory(entry.name, permissions: 0o755)
        } catch  where error.code == .exists {
            guard mayExist, let existing = try? parent.openDirectory(entry.name) else {
                throw RestoreError(path: entry.path)  // whatever it is, it is no empty directory
            }
            guard try existing.isEmpty() else { throw RestoreError(path: entry.path) }
            return existing
        }
        return try parent.openDirectory(entry.name)
    }

    /// Waits for one entry more.
    func retain() { pending.wrappingAdd(1, ordering: .relaxed) }

    /// One entry less; with the last one, the directory is done, and an entry less in its parent.
    func release() throws {
        var current = self
        while current.pending.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
            guard let entry = current.entry else { return }
            let parent = entry.directory
            if let mode = current.metadata.mode {
                try parent.opened.setPermissions(mode, of: entry.name)
            }
            if let time = current.metadata.mtime {
                try parent.opened.setModified(FileStatus.Time(time), of: entry.name)
            }
            current = parent
        }
    }
}
