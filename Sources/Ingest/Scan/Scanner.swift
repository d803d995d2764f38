// SPDX-License-Identifier: Apache-2.0

import FileIO
import Pipeline
import UnixFS

/// Walks the sources depth first and emits what it finds in numbered batches.
///
/// Iterative, with one open directory per level; never follows a symbolic link unless asked to.
/// Runs on a thread that may block.
final class Scanner {
    /// How deep directories may be nested; each level costs two descriptors.
    static let depthLimit = 4096

    /// Events in a batch at most.
    private static let batchEventCount = 512

    private let options: IngestOptions
    private let counters: IngestCounters
    private let output: BoundedChannel<ScanBatch>
    private let meter: StageMeter
    private var batch = ScanBatch(number: 0)
    private var levels: [DirectoryLevel] = []
    private var selection: Selection
    private var seenInodes: Set<Inode> = []

    init(
        options: IngestOptions, counters: IngestCounters, output: BoundedChannel<ScanBatch>,
        meter: StageMeter
    ) {
        self.options = options
        self.counters = counters
        self.output = output
        self.meter = meter
        self.selection = options.selection
    }

    /// Scans all sources in order, inside a directory if they are to be wrapped.
    ///
    /// - Throws: ``IngestError`` if a source itself cannot be read, `CancellationError`.
    func run(_ sources: [IngestSource]) async throws {
        if options.wrap {
            let metadata = options.dag.metadata(.directory, permissions: nil, modified: nil)
            counters.found(.directory)
            try await emit(.enterDirectory(name: [], metadata))
        }
        for source in sources { try await scan(source) }
        if options.wrap { try await emit(.leaveDirectory) }
        try await flush()
    }

    private func scan(_ source: IngestSource) async throws {
        switch source {
        case .standardInput(let name):
            counters.found(.regular)
            let metadata = options.dag.metadata(.file, permissions: nil, modified: nil)
            try await emit(
                .file(
                    FileEntry(
                        origin: .standardInput, name: Array(name.utf8), metadata: metadata,
                        inode: nil)))
        case .path(let path):
            let located: LocatedSource
            do {
                located = try LocatedSource(path, following: options.followsSymbolicLinks)
            } catch {
                throw IngestError(.source, "cannot read \(path): \(error.reason)", cause: error)
            }
            selection = options.selection
            try await visit(
                located.entryName, as: located.name, in: located.directory, located.status,
                isSource: true)
            while !levels.isEmpty { try await step() }
        }
    }

    /// Takes the next entry of the innermost directory, or leaves it.
    private func step() async throws {
        let level = levels[levels.count - 1]
        let entry: DirectoryStream.Entry?
        do { entry = try level.next() } catch {
            // What was listed so far stays; the rest of the directory cannot be had.
            counters.skip(SkippedInput(path: level.directory.path, error: error))
            return try await leave(level)
        }
        guard let entry else { return try await leave(level) }
        // Where the listing does not tell whether an entry is a directory, `stat` comes first.
        var status: FileStatus?
        if !entry.kind.isSettled(following: options.followsSymbolicLinks) {
            status = stat(entry, in: level.directory)
            if status == nil { return }
        }
        let decision = selection.decision(
            name: entry.name, isDirectory: (status?.kind ?? entry.kind) == .directory)
        if case .skip = decision { return counters.ignore() }
        guard let status = status ?? stat(entry, in: level.directory) else { return }
        // A directory that is only searched counts when something in it is kept.
        if decision == .keep { try await enterLevels() }
        try await visit(
            entry.name, as: entry.name, in: level.directory, status, isSource: false,
            isSearched: decision == .search)
    }

    /// The entry's status; nil, and reported, if it cannot be had.
    private func stat(
        _ entry: DirectoryStream.Entry, in directory: Directory
    ) -> FileStatus? {
        let follows = options.followsSymbolicLinks && entry.kind != .directory
        do { return try directory.status(of: entry.name, following: follows) } catch {
            counters.skip(SkippedInput(path: directory.entryPath(entry.name), error: error))
            return nil
        }
    }

    private func visit(
        _ entryName: [UInt8], as name: [UInt8], in directory: Directory, _ status: FileStatus,
        isSource: Bool, isSearched: Bool = false
    ) async throws {
        switch status.kind {
        case .directory:
            try await descend(
                entryName, as: name, in: directory, status, isSource: isSource,
                isSearched: isSearched)
        case .regular:
            try await visitFile(entryName, as: name, in: directory, status)
        case .symbolicLink:
            try await visitSymbolicLink(entryName, as: name, in: directory, status)
        default:
            if isSource {
                throw IngestError(
                    .source,
                    "\(directory.entryPath(entryName)) is a \(status.kind.noun), which has no content to ingest; pipe it in and use - instead"
                )
            }
            counters.note(special: directory.entryPath(entryName), kind: status.kind)
        }
    }

    private func visitSymbolicLink(
        _ entryName: [UInt8], as name: [UInt8], in directory: Directory, _ status: FileStatus
    ) async throws {
        let target: [UInt8]
        do { target = try directory.symbolicLinkTarget(entryName) } catch {
            return counters.skip(
                SkippedInput(path: directory.entryPath(entryName), error: error))
        }
        let metadata = options.dag.metadata(
            .symlink, permissions: status.permissions,
            modified: UnixFSTimestamp(status.modified))
        counters.found(.symbolicLink)
        try await emit(.symbolicLink(name: name, target: target, metadata))
    }

    private func visitFile(
        _ entryName: [UInt8], as name: [UInt8], in directory: Directory, _ status: FileStatus
    ) async throws {
        let inode = status.linkCount > 1 ? Inode(status) : nil
        counters.found(.regular)
        if let inode, !remember(inode) {
            return try await emit(
                .hardLink(name: name, inode, path: directory.entryPath(entryName)))
        }
        counters.found(bytes: Int(status.byteCount))
        let metadata = options.dag.metadata(
            .file, permissions: status.permissions, modified: UnixFSTimestamp(status.modified))
        batch.byteCount += Int(status.byteCount)
        try await emit(
            .file(
                FileEntry(
                    origin: .entry(
                        of: directory, name: entryName, following: options.followsSymbolicLinks,
                        status),
                    name: name, metadata: metadata, inode: inode)))
    }

    /// Whether `inode` is new.
    ///
    /// Past a bound none is remembered: its file is read again, which costs time and no space.
    private func remember(_ inode: Inode) -> Bool {
        if seenInodes.contains(inode) { return false }
        if seenInodes.count < HardLinks.limit { seenInodes.insert(inode) }
        return true
    }

    private func descend(
        _ entryName: [UInt8], as name: [UInt8], in directory: Directory, _ status: FileStatus,
        isSource: Bool, isSearched: Bool
    ) async throws {
        let path = directory.entryPath(entryName)
        if options.followsSymbolicLinks,
            levels.contains(where: { Inode($0.status) == Inode(status) })
        {
            return counters.skip(SkippedInput(path: path, reason: .symbolicLinkLoop))
        }
        if levels.count == Self.depthLimit {
            return counters.skip(SkippedInput(path: path, reason: .tooDeep))
        }
        if options.staysOnFileSystem, let first = levels.first,
            first.status.device != status.device
        {
            counters.ignore()
            return try await emitEmptyDirectory(name, status)
        }
        let level: DirectoryLevel
        do {
            let opened = try directory.openDirectory(
                entryName, following: isSource || options.followsSymbolicLinks)
            level = try DirectoryLevel(opened, name: name, status: status)
        } catch {
            if isSource {
                throw IngestError(.source, "cannot read \(path): \(error.reason)", cause: error)
            }
            return counters.skip(SkippedInput(path: path, error: error))
        }
        do { try selection.enter(level.directory, name: isSource ? nil : name) } catch let error
            as IOError
        {
            // Without its ignore file, the directory might give away what it names.
            return counters.skip(SkippedInput(path: path, error: error))
        }
        levels.append(level)
        // The root is kept even when empty; so is every directory unless asked otherwise.
        if isSource || (options.dag.includeEmptyDirectories && !isSearched) {
            try await enterLevels()
        }
    }

    private func emitEmptyDirectory(_ name: [UInt8], _ status: FileStatus) async throws {
        guard options.dag.includeEmptyDirectories else { return }
        try await emit(.enterDirectory(name: name, metadata(of: status)))
        try await emit(.leaveDirectory)
    }

    /// Emits the open directories that were not emitted yet, outermost first.
    private func enterLevels() async throws {
        if levels.last?.isEntered != false { return }
        for level in levels where !level.isEntered {
            level.isEntered = true
            counters.found(.directory)
            try await emit(.enterDirectory(name: level.name, metadata(of: level.status)))
        }
    }

    private func leave(_ level: DirectoryLevel) async throws {
        levels.removeLast()
        selection.leave()
        if level.isEntered { try await emit(.leaveDirectory) }
    }

    private func metadata(of directory: FileStatus) -> UnixFSMetadata {
        options.dag.metadata(
            .directory, permissions: directory.permissions,
            modified: UnixFSTimestamp(directory.modified))
    }

    private func emit(_ event: ScanEvent) async throws {
        batch.events.append(event)
        if batch.events.count >= Self.batchEventCount
            || batch.byteCount >= options.batchByteCount
        {
            try await flush()
        }
    }

    private func flush() async throws {
        try Task.checkCancellation()
        guard !batch.events.isEmpty else { return }
        meter.count(items: batch.events.count, bytes: batch.byteCount)
        let full = batch
        batch = ScanBatch(number: full.number + 1)
        try await meter.send(full, weight: full.events.count, to: output)
    }
}

extension FileStatus.Kind {
    /// Whether the listing alone says whether the entry counts as a directory.
    fileprivate func isSettled(following: Bool) -> Bool {
        switch self {
        case .unknown: false
        case .symbolicLink: !following
        default: true
        }
    }

    /// The kind in words.
    var noun: String {
        switch self {
        case .regular: "file"
        case .directory: "directory"
        case .symbolicLink: "symbolic link"
        case .fifo: "FIFO"
        case .socket: "socket"
        case .characterDevice, .blockDevice: "device"
        case .unknown: "special file"
        }
    }
}

extension UnixFSTimestamp {
    init(_ time: FileStatus.Time) {
        self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
    }
}
