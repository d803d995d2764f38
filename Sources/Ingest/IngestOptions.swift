// SPDX-License-Identifier: Apache-2.0

public import FileIO
public import Multiformats
public import PackStore
public import Pipeline
public import UnixFS

/// How to ingest.
public struct IngestOptions: Sendable {
    /// What becomes of the blocks.
    public enum Purpose: Hashable, Sendable {
        /// They are stored.
        case store
        /// Nothing is written; says what would be new.
        case dryRun
        /// Only the roots are wanted; no store is asked.
        case onlyHash
    }

    /// What the DAG looks like: all that decides on CIDs.
    public let dag: DAGOptions
    /// Makes CIDs as ``dag`` says.
    public let cidBuilder: CIDBuilder
    /// Which entries are left out.
    ///
    /// Default: hidden ones.
    public var selection: Selection
    /// Puts all sources into one directory.
    ///
    /// Default: each source is a root of its own.
    public var wrap = false
    /// Follows symbolic links instead of keeping them.
    ///
    /// Default: false.
    public var followsSymbolicLinks = false
    /// Does not enter directories on other file systems than their source's.
    ///
    /// Default: false.
    public var staysOnFileSystem = false
    /// What becomes of the blocks.
    ///
    /// Default: they are stored.
    public var purpose = Purpose.store
    /// How frames are compressed.
    public var compression = Compression.default
    /// Workers per stage.
    public var widths = StageWidths()
    /// How much memory the buffers take.
    public var memory = MemoryPlan()
    /// Bytes of entries that a directory keeps in memory; more go to ``spillDirectory``.
    ///
    /// Default 8 MiB: a guess, small beside the budget and large beside the size at which
    /// directories are sharded.
    public var directoryByteLimit = 8 << 20
    /// Whether files that are unchanged since the last run are left unread.
    ///
    /// Default: true. What the run finds is remembered in either case.
    public var usesStatCache = true
    /// The share of the unchanged files that is read all the same and compared, 0 to 1.
    ///
    /// Default 0. A difference ends the run with an error.
    public var verifiedShare = 0.0
    /// How listings are cut into batches; tests make them small.
    package var listing = ListingRule()
    /// The time of day, by which files count as at rest; tests turn it.
    package var clock: @Sendable () -> FileStatus.Time = { WallClock.now }
    /// Holds the reading of files back; nil for as fast as it goes.
    ///
    /// Default: nil.
    public var readLimiter: RateLimiter?
    /// Where entries of directories larger than memory go.
    public var spillDirectory = "/tmp"
    /// Words that are kept with the snapshot.
    public var tags: [String] = []

    /// Options with defaults for all but the DAG.
    ///
    /// - Throws: `CIDBuilderError` if the DAG options contradict each other.
    public init(dag: DAGOptions, selection: Selection) throws(CIDBuilderError) {
        self.dag = dag
        self.selection = selection
        cidBuilder = try CIDBuilder(
            version: dag.cidVersion, function: dag.hash, inlineLimit: dag.inlineLimit)
    }

    /// Bytes of files that are read, hashed and passed on together.
    var batchByteCount: Int { 1 << 20 }
}

/// How many workers each stage has; the root does not depend on it.
public struct StageWidths: Hashable, Sendable {
    /// Workers that read and cut files.
    ///
    /// Default 2: while one waits for a disk the other reads.
    public var read = 2
    /// Workers that hash chunks.
    ///
    /// Default: one per core.
    public var hash: Int
    /// Workers that compress blocks.
    ///
    /// Default: one per core.
    public var compress: Int

    /// The defaults for a machine of `cores` cores.
    public init(cores: Int = Machine.coreCount) {
        hash = max(1, cores)
        compress = max(1, cores)
    }

    /// The most workers of a stage that can be asked for.
    public static let limit = 1024
    /// The names of the stages whose width can be set.
    public static let names = ["read", "hash", "compress"]

    /// Sets the width of the stage `name`; false if there is none of that name.
    public mutating func set(_ name: String, to width: Int) -> Bool {
        switch name {
        case "read": read = width
        case "hash": hash = width
        case "compress": compress = width
        default: return false
        }
        return true
    }
}

/// How the memory budget is shared out.
///
/// What is not buffers is the catalog's cache, the indexes of open packs, and the program itself.
public struct MemoryPlan: Hashable, Sendable {
    /// The smallest budget that works, in bytes.
    public static let minimum = 64 << 20

    /// The whole budget in bytes.
    ///
    /// Default 256 MiB.
    public let byteCount: Int

    /// Shares out `byteCount`, or ``minimum`` if that is more.
    public init(byteCount: Int = 256 << 20) { self.byteCount = max(byteCount, Self.minimum) }

    /// Buffers that files are read into.
    var slabs: Int { byteCount / 8 }
    /// Nodes and references to slabs that wait for compression.
    var blocks: Int { byteCount / 16 }
    /// Compressed frames that wait for the disk.
    var frames: Int { byteCount / 16 }
    /// Steps and links that wait for the build stage, in items.
    var links: Int { byteCount / 4096 }
}
