// SPDX-License-Identifier: Apache-2.0

/// One run of an ingest: what was read, what came out, what it cost.
public struct SnapshotRecord: Hashable, Sendable {
    /// The snapshot's name, a UUIDv7 in text form.
    public var id: String
    /// When the run started, in milliseconds since 1970 (UTC).
    public var startedAtMilliseconds: Int64
    /// When the run finished, in milliseconds since 1970 (UTC).
    public var finishedAtMilliseconds: Int64
    /// What was read, as the user named it.
    public var sources: [String]
    /// What came out, in the order of the sources.
    public var roots: [Root]
    /// The snapshot that this one was compared with.
    public var parentID: String?
    /// The settings of the run, in their own order.
    public var options: [Option]
    /// What the run met and wrote.
    public var counts: Counts
    /// The machine that ran it.
    public var host: String
    /// The user's labels, in their own order.
    public var tags: [String]
    /// The CID, in binary form, of the dag-cbor block that holds this record in a pack.
    public var recordCID: [UInt8]

    /// A record with each property given.
    public init(
        id: String, startedAtMilliseconds: Int64, finishedAtMilliseconds: Int64,
        sources: [String], roots: [Root], parentID: String? = nil, options: [Option] = [],
        counts: Counts = Counts(), host: String, tags: [String] = [], recordCID: [UInt8]
    ) {
        self.id = id
        self.startedAtMilliseconds = startedAtMilliseconds
        self.finishedAtMilliseconds = finishedAtMilliseconds
        self.sources = sources
        self.roots = roots
        self.parentID = parentID
        self.options = options
        self.counts = counts
        self.host = host
        self.tags = tags
        self.recordCID = recordCID
    }
}

extension SnapshotRecord {
    /// A named DAG.
    public struct Root: Hashable, Sendable {
        /// The name that the user knows it by.
        public var name: String
        /// Its CID in binary form.
        public var cid: [UInt8]

        /// Pairs a name with a CID.
        public init(name: String, cid: [UInt8]) {
            self.name = name
            self.cid = cid
        }
    }

    /// One setting of the run.
    public struct Option: Hashable, Sendable {
        /// The setting's name.
        public var key: String
        /// Its value as text.
        public var value: String

        /// Pairs a name with a value.
        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// What a run met and wrote.
    public struct Counts: Hashable, Sendable {
        /// Regular files.
        public var files: Int64 = 0
        /// Directories.
        public var directories: Int64 = 0
        /// Symbolic links.
        public var symlinks: Int64 = 0
        /// Bytes of the files.
        public var bytes: Int64 = 0
        /// Blocks that the roots reach.
        public var blocks: Int64 = 0
        /// Blocks that were not stored before.
        public var newBlocks: Int64 = 0
        /// Bytes of the new blocks.
        public var newBytes: Int64 = 0
        /// Bytes of the packs that the run wrote.
        public var storedBytes: Int64 = 0
        /// Inputs that could not be read or changed while they were read.
        public var skipped: Int64 = 0

        /// All zero.
        public init() {}
    }
}
