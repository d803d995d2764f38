// SPDX-License-Identifier: Apache-2.0

import FileIO
import Pipeline
import UnixFS

/// Walks the sources depth first and emits what it finds in numbered batches.
///
/// Iterative, with one open directory per level; never follows a symbolic link unless asked to.
/// Runs on a thread that may block.
///
/// What the stat cache knows as it is costs a look at the entry and nothing else: a directory is
/// emitted when the first thing in it differs, with what came before as links, and one in which
/// nothing differs is a link itself.
final class Scanner {
    /// How deep directories may be nested; each level costs two descriptors.
    static let depthLimit = 4096

    /// Events in a batch at most.
    private static let batchEventCount = 512
    /// Bytes of cached links in a batch at most; 64 batches may wait to be built.
    private static let batchLinkByteCount = 128 * 1024
    /// Entries that are counted before everybody hears of them.
    private static let tallyCount = 1024

    let options: IngestOptions
    let counters: IngestCounters
    private let output: BoundedChannel<ScanBatch>
    private let meter: StageMeter
    private let caches: CacheSession?
    private var batch = ScanBatch(number: 0)
    var levels: [DirectoryLevel] = []
    var selection: Selection
    var tally = ScanTally()
    var seenInodes: Set<Inode> = []
    /// The cache of the source that is being scanned.
    var source: SourceCache?
    /// Its place among the sources.
    var sourceIndex = 0
    /// Whether the source has been found to be as its cache says.
    var isSourceUnchanged = false
    /// The file of the batch at hand that is read although it is as remembered; -1 if none is.
    var sampledIndex = -1
    /// The status that is being looked for; kept here so that comparing allocates nothing.
    var code = StatusCode()

    init(
        options: IngestOptions, counters: IngestCounters, caches: CacheSession?,
        output: BoundedChannel<ScanBatch>, meter: StageMeter
    ) {
        self.options = options
        self.counters = counters
        self.caches = caches
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
            tally.directories += 1
            try await emit(.enterDirectory(name: [], metadata, nil))
        }
        for (index, source) in sources.enumerated() {
            sourceIndex = index
            try await scan(source)
        }
        if options.wrap { try await emit(.leaveDirectory) }
        try await flush()
        report()
    }

    private func scan(_ source: IngestSource) async throws {
        switch source {
        case .standardInput(let name):
            tally.files += 1
            let metadata = options.dag.metadata(.file, permissions: nil, modified: nil)
            try await emit(
                .file(
                    FileEntry(
                        origin: .standardInput, name: Array(name.utf8), metadata: metadata,
                        inode: nil, note: nil)))
        case .path(let path):
            self.source = caches?.sources[sourceIndex]
            defer { self.source = nil }
            try await scan(path)
        }
    }

    private func scan(_ path: String) async throws {
        let began = options.clock()
        let located: LocatedSource
        let trust: TimestampTrust
        do {
            located = try LocatedSource(path, following: options.followsSymbolicLinks)
            trust = try located.directory.timestampTrust()
        } catch {
            throw IngestError(.source, "cannot read \(path): \(error.reason)", cause: error)
        }
        selection = options.selection
        isSourceUnchanged = false
        if source != nil { try await emit(.cache(.beginSource(sourceIndex, located.status))) }
        let entry = FoundEntry(
            entryName: located.entryName, name: located.name, directory: located.directory,
            status: located.status, isSource: true, isSearched: false,
            isAtRest: isAtRest(located.status, listed: began, trust: trust))
        let remembered = try await rememberedSource(entry.name)
        if try await !visitUnchanged(entry, remembered) {
            try await visit(entry, remembered, trust: trust)
        }
        while !levels.isEmpty { try await step() }
        if source != nil {
            try await emit(.cache(.endSource(isUnchanged: isSourceUnchanged)))
        }
    }

    /// Takes what comes next in the innermost directory, or leaves it.
    private func step() async throws {
        let level = levels[levels.count - 1]
        switch advance(level) {
        case .links: try await flushLinks(of: level)
        case .entry(let index, let status, let decision):
            try await visit(index, status, decision, in: level)
        case .end:
            try Task.checkCancellation()
            if let failure = level.failure {
                // What was listed so far stays; the rest of the directory cannot be had.
                counters.skip(SkippedInput(path: level.directory.path, error: failure))
                try await leave(level)
            } else if level.isExhausted {
                try await leave(level)
            } else {
                try await endBatch(level)
                level.nextBatch()
                try await recall(level)
            }
        }
    }

    /// Emits the open directories that were not emitted yet, outermost first, each with what was
    /// found in it to be as remembered.
    func enterLevels() async throws {
        if levels.last?.isEntered != false { return }
        for (depth, level) in levels.enumerated() where !level.isEntered {
            level.isEntered = true
            tally.directories += 1
            let tag = level.memory.number.map { RowTag(number: $0, status: level.status) }
            try await emit(.enterDirectory(name: level.name, metadata(of: level.status), tag))
            try await emitPassed(level, inner: depth + 1 < levels.count ? levels[depth + 1] : nil)
        }
    }

    func metadata(of directory: FileStatus) -> UnixFSMetadata {
        options.dag.metadata(
            .directory, permissions: directory.permissions,
            modified: UnixFSTimestamp(directory.modified))
    }

    func emit(_ event: ScanEvent) async throws {
        batch.events.append(event)
        if case .file(let entry) = event { batch.byteCount += entry.byteCount ?? 0 }
        if case .cache(let event) = event { batch.linkByteCount += event.byteCount }
        if batch.events.count >= Self.batchEventCount
            || batch.byteCount >= options.batchByteCount
            || batch.linkByteCount >= Self.batchLinkByteCount
        {
            try await flush()
        }
    }

    private func flush() async throws {
        try Task.checkCancellation()
        report()
        guard !batch.events.isEmpty else { return }
        meter.count(items: batch.events.count, bytes: batch.byteCount)
        let full = batch
        batch = ScanBatch(number: full.number + 1)
        try await meter.send(full, weight: full.weight, to: output)
    }

    /// Lets everybody know what was found, now and then.
    func reportSome() {
        if tally.files + tally.directories >= Self.tallyCount { report() }
    }

    private func report() {
        counters.found(tally)
        tally = ScanTally()
    }
}

/// An entry that is to be visited.
struct FoundEntry {
    /// The name to open in `directory`.
    let entryName: [UInt8]
    /// The name that it gets in the DAG.
    let name: [UInt8]
    let directory: Directory
    let status: FileStatus
    let isSource: Bool
    /// Whether it is a directory that was not asked for itself.
    let isSearched: Bool
    /// Whether it cannot change any more without a trace.
    let isAtRest: Bool

    /// The path for messages.
    var path: String { directory.entryPath(entryName) }
}

extension FileStatus.Kind {
    /// Whether the listing alone says whether the entry counts as a directory.
    func isSettled(following: Bool) -> Bool {
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
