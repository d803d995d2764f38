// SPDX-License-Identifier: Apache-2.0

import FileIO
import Synchronization

/// What a run has found, read and stored so far.
///
/// Any stage adds, anybody reads.
public final class IngestCounters: Sendable {
    private struct State {
        var counts = IngestCounts()
        var skipped: [SkippedInput] = []
        var notes: [String] = []
        var mistaken: [String] = []
    }

    /// Reports kept in full; beyond, only the number counts.
    private static let reportLimit = 10_000

    private let state = Mutex(State())
    private let onSkip: @Sendable (SkippedInput) -> Void

    /// Counters at zero; `onSkip` hears of each skipped input at once.
    public init(onSkip: @escaping @Sendable (SkippedInput) -> Void = { _ in }) {
        self.onSkip = onSkip
    }

    /// The counts so far.
    public var counts: IngestCounts { state.withLock { $0.counts } }

    /// The inputs skipped so far, the first 10,000 of them.
    public var skipped: [SkippedInput] { state.withLock { $0.skipped } }

    /// Remarks on inputs that have no content, such as sockets.
    public var notes: [String] { state.withLock { $0.notes } }

    func found(_ tally: ScanTally) {
        state.withLock {
            $0.counts.files += tally.files
            $0.counts.directories += tally.directories
            $0.counts.symbolicLinks += tally.symbolicLinks
            $0.counts.bytesFound += tally.bytes
            $0.counts.unchangedFiles += tally.unchangedFiles
            $0.counts.unchangedBytes += tally.unchangedBytes
            $0.counts.ignored += tally.ignored
        }
    }

    func read(bytes: Int) {
        state.withLock {
            $0.counts.filesRead += 1
            $0.counts.bytes += bytes
        }
    }

    func verified(isRight: Bool, path: String) {
        state.withLock {
            $0.counts.verifiedFiles += 1
            if !isRight { $0.mistaken.append(path) }
        }
    }

    /// Files of which the stat cache says what they are not.
    var mistaken: [String] { state.withLock { $0.mistaken } }

    func note(special path: String, kind: FileStatus.Kind) {
        state.withLock {
            $0.counts.ignored += 1
            if $0.notes.count < Self.reportLimit {
                $0.notes.append("\(path): \(kind.noun), which has no content; left out")
            }
        }
    }

    func skip(_ input: SkippedInput) {
        state.withLock {
            $0.counts.skipped += 1
            if $0.skipped.count < Self.reportLimit { $0.skipped.append(input) }
        }
        onSkip(input)
    }

    func hashed(blocks: Int, bytes: Int) {
        state.withLock {
            $0.counts.blocks += blocks
            $0.counts.blockBytes += bytes
        }
    }

    func claimed(blocks: Int, bytes: Int) {
        state.withLock {
            $0.counts.newBlocks += blocks
            $0.counts.newBytes += bytes
        }
    }

    func stored(contentBytes: Int, storedBytes: Int) {
        state.withLock {
            $0.counts.contentBytes += contentBytes
            $0.counts.storedBytes += storedBytes
        }
    }

    func sealed(blocks: Int) {
        state.withLock {
            $0.counts.sealedPacks += 1
            $0.counts.sealedBlocks += blocks
        }
    }
}

/// What a scan has found since it last said so.
struct ScanTally {
    var files = 0
    var directories = 0
    var symbolicLinks = 0
    var bytes = 0
    var unchangedFiles = 0
    var unchangedBytes = 0
    var ignored = 0
}

/// The numbers of a run.
public struct IngestCounts: Hashable, Sendable {
    /// Files found, hard links and skipped ones included.
    public var files = 0
    /// Directories kept.
    public var directories = 0
    /// Symbolic links kept.
    public var symbolicLinks = 0
    /// Bytes of the files found, as `stat` told; grows ahead of ``bytes``.
    public var bytesFound = 0
    /// Bytes read.
    public var bytes = 0
    /// Files opened and read; one that is read again because it changed counts again.
    public var filesRead = 0
    /// Files that were not read, because the stat cache knows them as they are.
    public var unchangedFiles = 0
    /// Bytes of those, as `stat` told.
    public var unchangedBytes = 0
    /// Files that the stat cache knows and that were read all the same, to verify it.
    public var verifiedFiles = 0
    /// Blocks made, each occurrence counted; those inlined in a CID are not among them.
    public var blocks = 0
    /// Bytes of those blocks.
    public var blockBytes = 0
    /// Blocks that were not in the store.
    public var newBlocks = 0
    /// Bytes of the new blocks.
    public var newBytes = 0
    /// CAR section bytes that went into packs, before compression.
    public var contentBytes = 0
    /// Bytes that they took after compression.
    public var storedBytes = 0
    /// Packs that are durable.
    public var sealedPacks = 0
    /// Blocks in those.
    public var sealedBlocks = 0
    /// Inputs skipped because of an error.
    public var skipped = 0
    /// Entries left out on purpose: hidden, excluded, special, on another file system.
    public var ignored = 0

    /// All zero.
    public init() {}
}
